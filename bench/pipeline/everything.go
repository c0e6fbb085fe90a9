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
	machine := results.Machine()
	var rows []row
	for _, measure := range []func(context.Context, *lab, plan) ([]row, error){plainRows, tlsRows, startRows, saturationRows, shutdownRows} {
		more, err := measure(ctx, l, p)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
		fmt.Println()
	}
	part := results.Part{Name: "The pipeline", Command: "go run ./bench/pipeline -all -out bench/RESULTS.md", Machine: machine, Body: markdown(rows)}
	fmt.Print(part)
	if out == "" {
		return nil
	}
	return results.Put(out, part)
}

func markdown(rows []row) string {
	var b strings.Builder
	b.WriteString("Target, service and bare loop share the machine.\n\n| what | aim | measured | |\n|---|---|---|---|\n")
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

func plainRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval, p.length, p.tls = 10_000, 10*time.Second, 20*time.Second, false
	all, err := compare(ctx, l, p)
	if err != nil {
		return nil, err
	}
	c := middle(all)
	s, late99 := c.sonde, quantile(c.sonde.sight.gaps, 0.99)
	over50, over99 := quantile(s.over, 0.5), quantile(s.over, 0.99)
	rows := []row{
		{"CPU beside the bare loop, 10,000 probes at 10 s, plain", "<= 1.2x", fmt.Sprintf("%.2fx (%.3f and %.3f CPU-s per 1,000)", c.ratio(), s.perThousand(), c.bare.perThousand()), reached(c.ratio() <= 1.2)},
		{"slots kept", "100%", fmt.Sprintf("%.2f%%, %.0f missed since the start", 100*s.sight.kept(), s.told.missedSlots()), reached(s.sight.kept() >= 0.9999 && s.told.missedSlots() == 0)},
		{"lateness p99 at the target", "<= 10 ms", fmt.Sprintf("%.1f ms (p50 %.1f; bare %.1f)", milliseconds(late99), milliseconds(quantile(s.sight.gaps, 0.5)), milliseconds(quantile(c.bare.sight.gaps, 0.99))), reached(late99 <= 10*time.Millisecond)},
		{"memory of 10,000 probes", "<= 80 MB", fmt.Sprintf("%.0f MB (peak %.0f; %.0f after a scrape of /metrics)", megabytes(s.rss), megabytes(s.peak), megabytes(s.scraped)), reached(s.peak <= 80<<20)},
		{"latency over the target's clock, p50; p99", "<= 1.0; 3 ms", fmt.Sprintf("%.2f; %.2f ms (bare %s)", milliseconds(over50), milliseconds(over99), c.bare.overs()), reached(over50 <= time.Millisecond && over99 <= 3*time.Millisecond)},
		{"written to disk per result", "<= 100 bytes", fmt.Sprintf("%.0f bytes (all write calls: %.0f)", s.perResult(s.flushed), s.perResult(s.written)), reached(s.perResult(s.flushed) <= 100)},
		{"every probe once", "<= interval + 1 s", fmt.Sprintf("%.1f s", s.every.Seconds()), reached(s.every <= p.interval+time.Second)},
	}
	commit, told := s.told.commits.quantile(0.99)
	return append(rows, row{"commit p99", "<= 50 ms", s.told.commits.both(), known(told, commit <= 50*time.Millisecond)}), nil
}

func tlsRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval, p.length, p.tls = 300, time.Second, 15*time.Second, true
	all, err := compare(ctx, l, p)
	if err != nil {
		return nil, err
	}
	c := middle(all)
	return []row{{"CPU beside the bare loop, 300/s, TLS with full handshakes", "<= 1.15x",
		fmt.Sprintf("%.2fx (%.3f and %.3f CPU-s per 1,000)", c.ratio(), c.sonde.perThousand(), c.bare.perThousand()), reached(c.ratio() <= 1.15)}}, nil
}

func startRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.probes, p.interval, p.length = 100, 10*time.Second, time.Second
	few, err := starts(ctx, l, p)
	if err != nil {
		return nil, err
	}
	p.probes = 10_000
	many, err := starts(ctx, l, p)
	if err != nil {
		return nil, err
	}
	rows := []row{{"first result, 100 probes", "< 300 ms", fmt.Sprintf("%.0f ms", milliseconds(few[0].first)), reached(few[0].first < 300*time.Millisecond)}}
	for _, o := range many {
		rows = append(rows, row{"first request of 10,000 probes, " + o.past, "< 1 s", fmt.Sprintf("%.0f ms (%.2f CPU-s)", milliseconds(o.first), o.cpu.Seconds()), reached(o.first < time.Second)})
	}
	month, err := startWithMonth(ctx, l, p)
	if err != nil {
		return nil, err
	}
	return append(rows,
		row{"first request of 10,000 probes, " + monthPast, "< 1 s", fmt.Sprintf("%.0f ms (%.2f CPU-s)", milliseconds(month.first), month.cpu.Seconds()), reached(month.first < time.Second)},
		row{"memory of that while it compacts, until 90 s after every probe was asked", "<= 80 MB", fmt.Sprintf("peak %.0f MB", megabytes(month.peak)), reached(month.peak <= 80<<20)}), nil
}

func saturationRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	p.interval, p.length, p.tls = time.Second, 6*time.Second, false
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

// bound is how many goroutines a service can have whatever it is asked for: a run holds up
// to two file descriptors, and two goroutines while it is cut short.
func bound() float64 {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return float64(min(limit.Cur, 1<<20))
}

func shutdownRows(ctx context.Context, l *lab, p plan) ([]row, error) {
	c, err := shutdown(ctx, l, p)
	return []row{{"shutdown with a 3 s probe in flight", "<= 0.3 CPU-s", fmt.Sprintf("%.2f CPU-s in %.1f s", c.cpu.Seconds(), c.took.Seconds()), reached(c.cpu <= 300*time.Millisecond)}}, err
}
