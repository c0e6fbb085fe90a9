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

// order is a command on its way.
type order struct {
	incident.Command
	past   *store.IncidentRecord // that it is about, if that may be over
	answer chan answer
}

// answer is how an order ended.
type answer struct {
	incident.Command
	err error
}

// Order takes a command, and returns it with its id once it is durable and in force.
// What was acknowledged before stays as it is. A command that is about an incident is told to
// those who follow it, with what it does in one commit.
func (r *Recorder) Order(ctx context.Context, c incident.Command) (incident.Command, error) {
	o := order{c, nil, make(chan answer, 1)}
	if c.Kind == incident.FalseAlarm {
		past, err := r.o.Past(ctx, c.Incident)
		if err != nil {
			return c, fmt.Errorf("look for incident %s: %w", c.Incident, err)
		}
		if past == nil {
			return c, fmt.Errorf("%w: %s; sonde incidents lists those of the last 30 days", incident.ErrNoIncident, c.Incident)
		}
		o.past = past
	}
	select {
	case r.orders <- o:
	case <-r.stopped:
		return c, errors.New("the service is stopping")
	case <-ctx.Done():
		return c, ctx.Err()
	}
	select {
	case a := <-o.answer:
		return a.Command, a.err
	case <-r.stopped:
		return c, errors.New("the service has stopped")
	case <-ctx.Done():
		return c, fmt.Errorf("the command could not be stored yet: %w", ctx.Err())
	}
}

// obey checks an order, and has it stored. It is in force once that is done.
func (l *loop) obey(o order) {
	c := o.Command
	c.At = time.Now().UTC().Truncate(time.Millisecond)
	if known, done := l.obeyedBefore(&o); done {
		o.answer <- answer{Command: known}
		return
	}
	if err := Complete(&c, l.commands, l.named(), l.desk.Whose); err != nil {
		o.answer <- answer{c, err}
		return
	}
	if _, p, found := l.problem(c.Incident, nil); found && c.Kind == incident.Acknowledge {
		c.Opening = p.Openings
	}
	l.open.Commands = append(l.open.Commands, c)
	l.tellAnswer(&c, o.past)
	l.answers[c.Key] = o.answer
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

// named tells the name and the group of every probe.
func (l *loop) named() func(func(id probe.ID, name, group string)) {
	return func(each func(id probe.ID, name, group string)) {
		for i := range l.o.Probes {
			p := &l.o.Probes[i]
			each(p.ID, p.Name(), p.Subject.Group)
		}
	}
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
		if asked := l.answers[c.Key]; asked != nil {
			asked <- answer{Command: c}
			delete(l.answers, c.Key)
		}
	}
	l.endRecovered()
	l.calendar = incident.NewCalendar(l.commands)
	l.release(0, now)
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
