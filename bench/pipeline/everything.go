package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"sonde/bench/results"
)

// row is a number to reach (DESIGN.md section 8) and what was measured.
type row struct {
	what, aim, got string
	verdict        string
}

// known is the verdict on something that was measured, or was not.
func known(measured, reached bool) string {
	switch {
	case !measured:
		return "not measured"
	case reached:
		return "reached"
	}
	return "**missed**"
}

func reached(yes bool) string { return known(true, yes) }

// everything measures all that the pipeline is to reach, and puts the table into a file if
// one is named.
func everything(ctx context.Context, l *lab, p plan, out string) error {
	if openFiles() < filesNeeded {
		return fmt.Errorf("each process may have %d files open, and needs %d; raise the limit (ulimit -n)", openFiles(), filesNeeded)
	}
	machine, began := results.Machine(), time.Now()
	var rows []row
	for _, measure := range []func(context.Context, *lab, plan) ([]row, error){plainRows, tlsRows, startRows, saturationRows, shutdownRows} {
		more, err := measure(ctx, l, p)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
		fmt.Println()
	}
	fmt.Printf("all of it took %.0f s\n\n", time.Since(began).Seconds())
	part := results.Part{Name: "The pipeline", Command: "go run ./bench/pipeline -all -out bench/RESULTS.md", Machine: machine, Body: markdown(rows)}
	fmt.Print(part)
	if out == "" {
		return nil
	}
	return results.Put(out, part)
}

func markdown(rows []row) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "Target, service and bare loop share the machine. Each may have %d files open; %d are needed. 10,000 probes begin with %s.\n\n| what | aim | measured | |\n|---|---|---|---|\n", openFiles(), filesNeeded, about(30))
	for _, r := range rows {
		_, _ = fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.what, r.aim, r.got, r.verdict)
	}
	return b.String()
}

// middle is the comparison with the median ratio.
func middle(all []comparison) comparison {
	slices.SortFunc(all, func(a, b comparison) int { return int(1e6 * (a.ratio() - b.ratio())) })
	return all[len(all)/2]
}

// plainRows measures 10,000 probes with a month behind them: the start, what compaction
// takes, and then the course of things.
func plainRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval, p.length, p.tls, p.days = 10_000, 10*time.Second, 15*time.Second, false, 30
	all, err := compare(ctx, l, p)
	if err != nil {
		return nil, err
	}
	c := middle(all)
	s := c.sonde
	rows := []row{
		{"CPU beside the bare loop, 10,000 probes at 10 s, plain", "<= 1.2x", fmt.Sprintf("%.2fx (%.3f and %.3f CPU-s per 1,000)", c.ratio(), s.perThousand(), c.bare.perThousand()), reached(c.ratio() <= 1.2)},
		{"slots kept", "100%", fmt.Sprintf("%.2f%%, %.0f missed since the start", 100*s.sight.kept(), s.told.missedSlots()), reached(s.sight.kept() >= 0.9999 && s.told.missedSlots() == 0)},
	}
	rows = append(rows, truthRows(c)...)
	rows = append(rows, memoryRow(s), startRow(s),
		row{"every probe once", "<= interval + 1 s", fmt.Sprintf("%.1f s", s.every.Seconds()), reached(s.every <= p.interval+time.Second)},
		row{"written to files per result", "<= 100 bytes", fmt.Sprintf("%.0f bytes in %.0f s (%.0f reached the disk); of an hour: see The store", s.perResult(s.written), s.length.Seconds(), s.perResult(s.flushed)), "see The store"})
	commit, told := s.told.commits.quantile(0.99)
	return append(rows, row{"commit p99, compaction included", "<= 50 ms", s.told.commits.both() + " (p50 / p99)", known(told, commit <= 50*time.Millisecond)}), nil
}

// truthRows compare instants and lengths with those of the target.
func truthRows(c comparison) []row {
	s, late99 := c.sonde, quantile(c.sonde.sight.gaps, 0.99)
	over50, over99 := quantile(s.over, 0.5), quantile(s.over, 0.99)
	return []row{
		{"lateness p99 at the target", "<= 10 ms", fmt.Sprintf("%.1f ms (p50 %.1f; bare %.1f)", milliseconds(late99), milliseconds(quantile(s.sight.gaps, 0.5)), milliseconds(quantile(c.bare.sight.gaps, 0.99))), reached(late99 <= 10*time.Millisecond)},
		{"latency over the target's clock, p50; p99", "<= 1.0; 3 ms", fmt.Sprintf("%.2f; %.2f ms (bare %s)", milliseconds(over50), milliseconds(over99), c.bare.overs()), known(len(s.over) > 0, over50 <= time.Millisecond && over99 <= 3*time.Millisecond)},
	}
}

func memoryRow(s cost) row {
	got := fmt.Sprintf("%.0f MB; peak of the start %.0f, while compacting %.0f (left over: %s); %.0f after a scrape of /metrics",
		megabytes(s.rss), megabytes(s.past.starting), megabytes(s.past.peak), s.past.left, megabytes(s.scraped))
	return row{"memory of 10,000 probes", "<= 80 MB", got, reached(max(s.rss, s.past.starting, s.past.peak) <= 80<<20)}
}

func startRow(s cost) row {
	got := fmt.Sprintf("%.0f ms (after a kill %.0f, with another configuration %.0f)", milliseconds(s.first), milliseconds(s.past.killed), milliseconds(s.past.changed))
	return row{"first request of 10,000 probes with 30 days of history", "< 1 s", got, reached(max(s.first, s.past.killed) < time.Second)}
}

func tlsRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval, p.length, p.tls = 300, time.Second, 10*time.Second, true
	all, err := compare(ctx, l, p)
	if err != nil {
		return nil, err
	}
	c := middle(all)
	return []row{{"CPU beside the bare loop, 300/s, TLS with full handshakes", "<= 1.15x",
		fmt.Sprintf("%.2fx (%.3f and %.3f CPU-s per 1,000)", c.ratio(), c.sonde.perThousand(), c.bare.perThousand()), reached(c.ratio() <= 1.15)}}, nil
}

// startRows measures what a new user sees: the median of some starts.
func startRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval = 100, 10*time.Second
	t, err := l.startTarget(ctx, p)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	var all []time.Duration
	for range 3 {
		at, err := l.place(ctx, p, t)
		if err != nil {
			return nil, err
		}
		first, err := l.startOnce(ctx, t, at)
		if err != nil {
			return nil, err
		}
		all = append(all, first)
	}
	slices.Sort(all)
	first := quantile(all, 0.5)
	fmt.Printf("first request of 100 probes, new database: %v\n", all)
	return []row{{"first result, 100 probes, new database", "< 300 ms", fmt.Sprintf("request after %.0f ms, answered %.0f ms later", milliseconds(first), milliseconds(p.delay)), reached(first+p.delay < 300*time.Millisecond)}}, nil
}

func saturationRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.interval, p.length, p.tls = time.Second, 5*time.Second, false
	best, double, err := saturate(ctx, l, p)
	if err != nil {
		return nil, err
	}
	rows := []row{{"saturation, interval 1 s", ">= 2,200/s", fmt.Sprintf("%.0f/s with every slot kept", best.rate), reached(best.rate >= 2200)}}
	got := fmt.Sprintf("%.0f/s asked, %.0f%% kept, %.0f slots counted as overload, %.0f bad results, goroutines %.0f -> %.0f",
		double.asked, 100*double.kept, double.overload, double.bad, double.goroutines[0], double.goroutines[1])
	if double.unread != nil {
		got = fmt.Sprintf("%.0f/s asked, %.0f%% kept; /metrics could not be read", double.asked, 100*double.kept)
	}
	counted := double.overload > 0 || double.kept >= 0.999
	return append(rows, row{"twice that", "counted, bounded goroutines", got, known(double.unread == nil, counted && double.goroutines[1] <= bound())}), nil
}

// filesNeeded is how many files a process must be able to have open for what is measured:
// a thousand connections at the highest rate, twice as many where answers are late, and as
// many again that are being opened or closed.
const filesNeeded = 4096

// openFiles is how many files each process may have open.
func openFiles() uint64 {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Cur
}

// bound is how many goroutines a service can have whatever it is asked for: a run holds up
// to two file descriptors, and two goroutines while it is cut short.
func bound() float64 { return float64(min(openFiles(), 1<<20)) }

func shutdownRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	c, err := shutdown(ctx, l, p)
	return []row{{"shutdown with a 3 s probe in flight", "<= 0.3 CPU-s", fmt.Sprintf("%.2f CPU-s in %.1f s", c.cpu.Seconds(), c.took.Seconds()), reached(c.cpu <= 300*time.Millisecond)}}, err
}
