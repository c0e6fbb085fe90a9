package record

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sonde/incident"
	"sonde/store"
)

// Leave stores a command while no recorder runs, with all that it does but what waits for the next one: that
// has it in force, and those who follow the incidents that it is about are told by then.
func Leave(ctx context.Context, s *store.Store, c incident.Command, now time.Time) (incident.Command, error) {
	o, inForce, err := atRest(ctx, s, now)
	if err != nil {
		return c, err
	}
	var past *store.IncidentRecord
	if c.Kind == incident.FalseAlarm {
		if past, err = lookUp(ctx, s, c.Incident); err != nil {
			return c, err
		}
	}
	c.At = now.UTC().Truncate(time.Millisecond)
	f := newFront(o, newSharedBy(o.Probes))
	d, err := f.decide(c, past, inForce)
	if err != nil || len(d.commands) == 0 {
		return d.said, err
	}
	batch := &store.Batch{Seq: o.Memory.Seq, At: c.At, Commands: d.commands, Messages: d.messages, Tact: f.tact.Changes()}
	if err := s.Commit(ctx, batch); err != nil {
		return c, err
	}
	done := batch.Commands[len(batch.Commands)-1]
	if c.Storm != 0 {
		d.said.ID, done = done.ID, d.said
	}
	return done, nil
}

// atRest is what a recorder would go on from, and the commands that hold for anything at all.
func atRest(ctx context.Context, s *store.Store, now time.Time) (*Options, []incident.Command, error) {
	o := &Options{}
	var err error
	if o.Location, err = s.Location(ctx); err != nil {
		return nil, nil, fmt.Errorf("read location: %w", err)
	}
	if o.Probes, o.Memory, err = s.Load(ctx); err != nil {
		return nil, nil, fmt.Errorf("load states: %w", err)
	}
	o.Probes = slices.DeleteFunc(o.Probes, func(p store.Probe) bool { return !p.RetiredAt.IsZero() })
	inForce, err := s.Commands(ctx, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	return o, inForce, o.Recall(ctx, s, now)
}

// Recall reads what people have asked for and is in force at an instant, and what was told to them or
// kept back from them.
func (o *Options) Recall(ctx context.Context, s *store.Store, now time.Time) (err error) {
	if o.Commands, err = s.Commands(ctx, now); err != nil {
		return err
	}
	held, acks, err := s.Held(ctx)
	if err != nil {
		return err
	}
	o.Held, o.Commands = held, append(o.Commands, acks...)
	if o.Heard, err = s.Told(ctx); err != nil {
		return err
	}
	o.Paces, o.Kept, err = s.Tact(ctx)
	return err
}

func lookUp(ctx context.Context, s *store.Store, id incident.ID) (*store.IncidentRecord, error) {
	reader, err := store.OpenReader(ctx, s.Path())
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	past, err := reader.Incident(ctx, id)
	return mustBe(id, past, err)
}
