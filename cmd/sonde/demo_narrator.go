package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// narrator prints what changes: what the target does, the states of the probes, and the
// messages that arrive in Slack.
type narrator struct {
	out     io.Writer
	palette report.Palette
	began   time.Time
	service *service
	channel *fakeslack.Server
	target  *target

	acts   []act             // that were on at the last look
	states map[string]string // of the probes
	told   int               // messages
}

func (n *narrator) say(format string, args ...any) {
	_, _ = fmt.Fprintf(n.out, format+"\n", args...)
}

// line prints what happened now.
func (n *narrator) line(who, format string, args ...any) {
	at := time.Since(n.began).Seconds()
	n.say("%5.1f s  %-7s  %s", at, who, fmt.Sprintf(format, args...))
}

// look prints what is new.
func (n *narrator) look(ctx context.Context) error {
	n.lookAtTarget()
	now := n.service.clock.Now()
	snapshot, err := n.service.reader.Snapshot(ctx, now)
	if err != nil {
		return err
	}
	n.lookAtProbes(report.NewStatus(snapshot, now))
	n.lookAtSlack()
	return nil
}

func (n *narrator) lookAtTarget() {
	on := n.target.acts()
	for _, a := range n.acts {
		if !playing(on, a) {
			n.line("target", "%s is well again", strings.TrimPrefix(a.path, "/"))
		}
	}
	for _, a := range on {
		if !playing(n.acts, a) {
			n.line("target", "%s", a.says)
		}
	}
	n.acts = on
}

func playing(acts []act, one act) bool {
	for _, a := range acts {
		if a.from == one.from {
			return true
		}
	}
	return false
}

func (n *narrator) lookAtProbes(status *report.Status) {
	if n.states == nil {
		n.states = map[string]string{}
	}
	for i := range status.Probes {
		p := &status.Probes[i]
		if p.Last == nil {
			continue
		}
		now := n.palette.State(p.State) + ": " + p.Last.Reason.String()
		if p.Last.Status != nil {
			now += fmt.Sprintf(", %d", *p.Last.Status)
		}
		if n.states[p.Name] != now {
			n.line("probe", "%-7s is %s (retry %s, fault %s)", p.Name, now, strings.ReplaceAll(p.Last.Retry.String(), "_", " "), p.Last.Fault)
			n.states[p.Name] = now
		}
	}
}

func (n *narrator) lookAtSlack() {
	messages := n.channel.Messages()
	for _, m := range messages[n.told:] {
		how := "new thread"
		switch {
		case m.Broadcast:
			how = "reply, shown in the channel too"
		case m.ThreadTS != "":
			how = "reply in its thread"
		}
		n.line("slack", "%s  [%s]", m.Text, how)
	}
	n.told = len(messages)
}

// finish prints how things stand at the end.
func (n *narrator) finish() error {
	ctx := context.Background()
	if err := n.look(ctx); err != nil {
		return err
	}
	now := n.service.clock.Now()
	snapshot, err := n.service.reader.Snapshot(ctx, now)
	if err != nil {
		return err
	}
	status := report.NewStatus(snapshot, now)
	n.say("\nWhat that cost (an objective allows so much bad time, 401s are not the target's):")
	for i := range status.Probes {
		n.budgets(&status.Probes[i])
	}
	n.say("\nAnd this is what `sonde status` shows:\n")
	return status.WriteText(n.out, n.palette)
}

func (n *narrator) budgets(p *report.Probe) {
	for _, o := range p.Objectives {
		spent := time.Duration(o.SpentMS) * time.Millisecond
		total := time.Duration(o.BudgetMS) * time.Millisecond
		n.say("  %-7s  %-11s  %s of %s of the error budget is spent: %s", p.Name, o, report.Span(spent), report.Span(total), strings.ReplaceAll(o.Status, "_", " "))
	}
}
