package main

import (
	"context"
	"time"

	"sonde/store"
)

// writer writes what a crowd sees, in the way of package record: it steps the states,
// gathers a batch, and commits it. Its time is that of the crowd.
type writer struct {
	store  *store.Store
	memory *store.Memory
	crowd  *crowd

	batchSize  int
	checkpoint time.Duration // between checkpoints
	compact    time.Duration // between compactions
	upkeep     time.Duration // between what the service does now and then besides
	keep       store.Retention

	at           time.Time // of the latest commit
	checkpointed time.Time
	kept         time.Time
	cost         cost
}

// cost is what writing took.
type cost struct {
	results    int64
	took       time.Duration // stepping and committing; upkeep not included
	cpu        time.Duration
	commits    []time.Duration
	compacted  int64
	compacting time.Duration
	longest    time.Duration // that compaction kept the writer
	damaged    int
	forgetting time.Duration
	sizes      []size
	written    wrote
}

// wrote is how many bytes went to write calls for what.
type wrote struct{ commits, checkpoints, compaction, forgetting int64 }

// note adds to a part what was written since before, and returns how much that is by now.
func note(part *int64, before int64) (int64, error) {
	now, err := written()
	*part += now - before
	return now, err
}

// size is how large the database was after so many results had become chunks.
type size struct{ compacted, bytes int64 }

// perResult is how many bytes the database grew by for each result, from the first
// compaction to the last; false if there were not two.
func (c *cost) perResult() (float64, bool) {
	if len(c.sizes) < 2 {
		return 0, false
	}
	first, last := c.sizes[0], c.sizes[len(c.sizes)-1]
	if last.compacted == first.compacted {
		return 0, false
	}
	return float64(last.bytes-first.bytes) / float64(last.compacted-first.compacted), true
}

// run goes on until an instant, with upkeep as time passes.
func (w *writer) run(ctx context.Context, until time.Time) error {
	for {
		next := w.at.Truncate(w.compact).Add(w.compact)
		if err := w.fill(ctx, earlier(next, until)); err != nil {
			return err
		}
		if !next.Before(until) {
			return nil
		}
		// Only what comes behind the boundary shows that the stretch before is over.
		if err := w.commit(ctx, earlier(next.Add(time.Minute), until)); err != nil {
			return err
		}
		if err := w.tendTo(ctx); err != nil {
			return err
		}
		w.at = next
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// fill commits all that is seen before an instant.
func (w *writer) fill(ctx context.Context, until time.Time) error {
	for {
		before := w.cost.results
		if err := w.commit(ctx, until); err != nil {
			return err
		}
		if w.cost.results == before {
			return nil
		}
	}
}

// commit commits one batch of what is seen before an instant, if there is anything.
func (w *writer) commit(ctx context.Context, until time.Time) error {
	began, used := time.Now(), cpu()
	b := w.gather(until)
	if len(b.Entries) == 0 {
		return nil
	}
	w.memory.Seq++
	b.Seq, b.At = w.memory.Seq, w.at
	if w.at.Sub(w.checkpointed) >= w.checkpoint {
		b.Checkpoint, w.checkpointed = w.memory.Checkpoint(), w.at
	}
	part := &w.cost.written.commits
	if b.Checkpoint != nil {
		part = &w.cost.written.checkpoints
	}
	bytes, err := written()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := w.store.Commit(ctx, b); err != nil {
		return err
	}
	w.cost.commits = append(w.cost.commits, time.Since(start))
	if _, err := note(part, bytes); err != nil {
		return err
	}
	w.cost.results += int64(len(b.Entries))
	w.cost.took += time.Since(began)
	w.cost.cpu += cpu() - used
	return nil
}

// gather steps the states through what is seen next.
func (w *writer) gather(until time.Time) *store.Batch {
	b := &store.Batch{}
	for len(b.Entries) < w.batchSize {
		e, ok := w.crowd.next(until)
		if !ok {
			break
		}
		policy, state := w.crowd.members[e.Probe].Policy, w.memory.State(e.Probe)
		if state.Stale(&e.Input) {
			continue
		}
		e.Input.Verdict = e.Input.Verdict.Settle(policy.Count4xx, state.Worked)
		before := state.Due
		effects := w.memory.Step(policy, &e)
		b.Entries = append(b.Entries, e)
		w.at = e.Input.At
		if !state.Due.IsZero() && !state.Due.Equal(before) {
			w.crowd.recheck(e.Probe, state.Due)
		}
		if len(effects.Transitions)+len(effects.Ledger)+len(effects.Grids) > 0 {
			b.Effects = append(b.Effects, store.Effect{Probe: e.Probe, Effects: effects})
		}
	}
	return b
}

// tendTo does what the service does now and then.
func (w *writer) tendTo(ctx context.Context) error {
	bytes, err := written()
	if err != nil {
		return err
	}
	if err := w.compaction(ctx); err != nil {
		return err
	}
	if bytes, err = note(&w.cost.written.compaction, bytes); err != nil {
		return err
	}
	if w.at.Sub(w.kept) < w.upkeep {
		return nil
	}
	w.kept = w.at
	progress("%s: %d results so far", w.at.Format(time.DateOnly+" 15:04"), w.cost.results)
	start := time.Now()
	if err := w.store.Forget(ctx, w.at, w.keep); err != nil {
		return err
	}
	if err := w.store.Tidy(ctx, w.at); err != nil {
		return err
	}
	w.cost.forgetting += time.Since(start)
	if _, err := note(&w.cost.written.forgetting, bytes); err != nil {
		return err
	}
	used, err := inUse(w.store.Path())
	w.cost.sizes = append(w.cost.sizes, size{w.cost.compacted, used})
	return err
}

func (w *writer) compaction(ctx context.Context) error {
	start := time.Now()
	done, err := w.store.Compact(ctx, w.at)
	w.cost.compacting += time.Since(start)
	w.cost.compacted += done.Results
	w.cost.longest = max(w.cost.longest, done.Longest)
	w.cost.damaged += len(done.Damaged)
	return err
}
