package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// order is a command on its way, or a run that somebody asked for.
type order struct {
	incident.Command
	past   *store.IncidentRecord // that it is about, if that may be over
	ran    *Ran                  // instead of a command
	answer chan answer
}

// answer is how an order ended.
type answer struct {
	incident.Command
	err error
}

// waiter waits for commands to be in force.
type waiter struct {
	answer chan answer
	all    *incident.Command // what is answered; nil: the command
}

// Order takes a command, and returns it with its id once it is durable and in force.
// What was acknowledged before stays as it is. Of a command that is about incidents those are told who
// follow them, with what it does in one commit.
func (r *Recorder) Order(ctx context.Context, c incident.Command) (incident.Command, error) {
	o := order{Command: c, answer: make(chan answer, 1)}
	if c.Kind == incident.FalseAlarm {
		past, err := r.o.Past(ctx, c.Incident)
		if o.past, err = mustBe(c.Incident, past, err); err != nil {
			return c, err
		}
	}
	select {
	case r.orders <- o:
	case <-r.stopped:
		return c, errors.New("the service is stopping")
	case <-ctx.Done():
		return c, ctx.Err()
	}
	return r.answered(ctx, &o)
}

// answered waits for the answer to an order that was taken.
func (r *Recorder) answered(ctx context.Context, o *order) (incident.Command, error) {
	select {
	case a := <-o.answer:
		return a.Command, a.err
	case <-r.stopped:
		return o.Command, errors.New("the service has stopped")
	case <-ctx.Done():
		return o.Command, fmt.Errorf("the command could not be stored yet: %w", ctx.Err())
	}
}

// mustBe refuses to speak of an incident that there is not.
func mustBe(id incident.ID, past *store.IncidentRecord, err error) (*store.IncidentRecord, error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for incident %s: %w", id, err)
	case past == nil:
		return nil, fmt.Errorf("%w: %s; sonde incidents lists those of the last 30 days", incident.ErrNoIncident, id)
	}
	return past, nil
}

// obey checks an order, and has it stored. It is in force once that is done.
func (l *loop) obey(o order) {
	if o.ran != nil {
		l.ran(o)
		return
	}
	c := o.Command
	c.At = time.Now().UTC().Truncate(time.Millisecond)
	d, err := l.decide(c, o.past, l.commands)
	if err != nil || len(d.commands) == 0 {
		o.answer <- answer{d.said, err}
		return
	}
	l.open.Commands = append(l.open.Commands, d.commands...)
	l.post(d.messages)
	w := waiter{answer: o.answer}
	if c.Storm != 0 {
		w.all = &d.said
	}
	l.answers[d.commands[len(d.commands)-1].Key] = w
	l.schedule(urgentWait)
}

// Complete checks a command against those in force and what there is, and fills in what
// follows from that: which probes it is about, and from when until when it holds.
func Complete(c *incident.Command, inForce []incident.Command, named func(func(id probe.ID, name, group string)), whose func(incident.ID) (probe.ID, bool)) error {
	about, open := whose(c.Incident)
	switch c.Kind {
	case incident.Acknowledge:
		c.Until = c.At // nothing is in force
		if !open {
			return fmt.Errorf("%w: %s; sonde incidents --open lists those that are", incident.ErrNotOpen, c.Incident)
		}
	case incident.FalseAlarm:
		c.Until = c.At
		if open && !c.Undo {
			return fmt.Errorf("%w: %s; acknowledge it now, and say that it was a false alarm once it is over", incident.ErrNotOver, c.Incident)
		}
	case incident.End:
		c.Until = c.At
		i := slices.IndexFunc(inForce, func(x incident.Command) bool { return x.ID == c.Of })
		if i < 0 {
			return fmt.Errorf("%w: %d; list shows them", incident.ErrNoCommand, c.Of)
		}
		if inForce[i].File {
			return fmt.Errorf("%w that a command could end: %d stands in the configuration; take it out there", incident.ErrNoCommand, c.Of)
		}
	case incident.Silence, incident.Maintain:
		if c.Incident != 0 || c.UntilRecovered {
			return silenceAt(c, about, open, named)
		}
		if c.Scope.All = len(c.Scope.Names) == 0 && c.Kind == incident.Silence; c.Scope.All {
			return nil
		}
		ids, unknown := incident.Resolve(c.Scope.Names, named)
		if unknown != "" || len(ids) == 0 {
			return fmt.Errorf("%w: %q; sonde status lists the probes, and a group is written group:NAME", incident.ErrNoProbe, unknown)
		}
		c.Scope.Probes = ids
	default:
		return errors.New("that is no command")
	}
	return nil
}

// silenceAt completes a silence that is asked for at an incident: it is about the probe, or
// about what several share.
func silenceAt(c *incident.Command, about probe.ID, open bool, named func(func(id probe.ID, name, group string))) error {
	if !open {
		return fmt.Errorf("%w: %s; sonde incidents --open lists those that are", incident.ErrNotOpen, c.Incident)
	}
	c.Scope.Probes, c.Scope.Names = []probe.ID{about}, nil
	named(func(id probe.ID, name, _ string) {
		if id == about {
			c.Scope.Names = []string{name}
		}
	})
	return nil
}

// obeyed has the commands that have become durable be in force.
func (l *loop) obeyed(commands []incident.Command) {
	if len(commands) == 0 {
		return
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	l.releaseDue(now)
	for _, c := range commands {
		l.placed(c.ID, now)
		delete(l.ending, c.Of)
		l.enforce(c)
		l.inForce(c)
	}
	l.endRecovered()
	l.calendar = incident.NewCalendar(l.commands)
	l.release(0, now)
}

// inForce answers whoever waits for a command.
func (l *loop) inForce(c incident.Command) {
	w, asked := l.answers[c.Key]
	if !asked {
		return
	}
	delete(l.answers, c.Key)
	if w.all != nil {
		w.all.ID, c = c.ID, *w.all
	}
	w.answer <- answer{Command: c}
}

// placed notes where in the commit order a command comes in force; 0: all that are in force
// since the start.
func (l *loop) placed(id incident.CommandID, now time.Time) {
	l.open.Enforced = append(l.open.Enforced, store.Enforced{Command: id, Behind: l.memory.Seq, Place: len(l.open.Entries), Since: now})
	l.schedule(urgentWait)
}

func (l *loop) enforce(c incident.Command) {
	l.desk.Order(c)
	if c.Kind != incident.End {
		l.commands = append(l.commands, c)
		return
	}
	for i := range l.commands {
		if x := &l.commands[i]; x.ID == c.Of && (x.Until.IsZero() || x.Until.After(c.At)) {
			x.Until = c.At
		}
	}
	l.commands = slices.DeleteFunc(l.commands, func(x incident.Command) bool { return x.ID == c.Of && c.Entirely })
}
