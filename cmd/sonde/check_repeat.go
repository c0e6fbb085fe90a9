package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"sonde/probe"
	"sonde/report"
	"sonde/text"
)

// Bounds of repeated checks.
const (
	maxRepeats  = 10_000
	shortestGap = 100 * time.Millisecond
)

// repetition is how often to check, and how far apart the runs begin.
type repetition struct {
	times int // 0: until interrupted
	every time.Duration
}

// repetitionOf reads the flags. It is false where one run is asked for.
func repetitionOf(c *cobra.Command) (repetition, bool, error) {
	if !c.Flags().Changed("repeat") {
		if c.Flags().Changed("every") {
			return repetition{}, false, errors.New("--every says how far apart repeated runs are; give --repeat N too")
		}
		return repetition{}, false, nil
	}
	times, _ := c.Flags().GetInt("repeat")
	every, _ := c.Flags().GetDuration("every")
	switch {
	case times < 0 || times > maxRepeats:
		return repetition{}, false, fmt.Errorf("--repeat %d is not from 0 to %d; 0 repeats until it is interrupted", times, maxRepeats)
	case times == 0 && asJSON(c):
		return repetition{}, false, errors.New("--repeat 0 has no end and --json is one document; say how often")
	case every < shortestGap:
		return repetition{}, false, fmt.Errorf("--every %s is shorter than %s; a target is probed here, not loaded", every, shortestGap)
	}
	return repetition{times, every}, true, nil
}

// repeat makes several runs, shows each as it ends, and sums them up. An interruption
// ends it early, and is no error: what was seen until then is summed up.
func (k *checker) repeat(c *cobra.Command, r repetition) error {
	ctx, out := c.Context(), c.OutOrStdout()
	all := &report.Repeat{URL: text.URL(k.target.URL), Checks: []*report.Check{}}
	live := &live{out: out, on: !asJSON(c) && isTerminal(out), palette: palette(out)}
	if !asJSON(c) {
		_, _ = fmt.Fprintln(out, all.URL)
	}
	began := time.Now()
	for n := 1; r.times == 0 || n <= r.times; n++ {
		live.show(fmt.Sprintf("asking for the %s time …", text.Ordinal(n)))
		answer, verdict := k.ask(ctx)
		if verdict.Reason == probe.Canceled {
			break
		}
		all.Summary.Add(answer.Verdict, report.VerdictExitCode(verdict))
		if asJSON(c) {
			all.Checks = append(all.Checks, answer)
		} else {
			live.clear()
			_, _ = fmt.Fprintln(out, answer.Line(n, live.palette))
		}
		if n == r.times || !live.wait(ctx, began.Add(time.Duration(n)*r.every), &all.Summary) {
			break
		}
	}
	live.clear()
	all.Summary.End(time.Since(began))
	var err error
	if asJSON(c) {
		err = writeJSON(out, all)
	} else {
		err = all.Summary.WriteText(out, live.palette)
	}
	if err != nil {
		return err
	}
	return exitWith(all.Summary.ExitCode())
}

// live is the line below the runs that says what is going on, on a terminal.
type live struct {
	out     io.Writer
	on      bool
	palette report.Palette
}

func (l *live) show(line string) {
	if l.on {
		_, _ = fmt.Fprint(l.out, "\r\x1b[K"+line)
	}
}

func (l *live) clear() { l.show("") }

// wait waits until the next run is due and shows how long that is. It is false when it
// was interrupted.
func (l *live) wait(ctx context.Context, until time.Time, so *report.Repeated) bool {
	for {
		left := time.Until(until)
		if left <= 0 {
			return ctx.Err() == nil
		}
		l.show(fmt.Sprintf("%s so far, %d not good; next in %.1f s", report.Count(so.Runs, "run"), so.Runs-so.Outcomes[probe.Good], left.Seconds()))
		select {
		case <-ctx.Done():
			return false
		case <-time.After(min(left, shortestGap)):
		}
	}
}
