package record

import (
	"maps"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
	"sonde/store"
)

// loop is the goroutine that owns all states.
type loop struct {
	*Recorder
	front
	lost map[probe.ID]slo.Stretch // slots of results that found the ring full
	told map[probe.ID]bool        // since the start

	watched time.Time // since when nothing would have been missed
	ticked  time.Time // the latest tick

	commands []incident.Command          // in force
	ending   map[incident.CommandID]bool // of those, what is being ended because its incident has recovered
	answers  map[string]waiter           // those who wait for an answer, by the key of a command
	calendar *incident.Calendar          // of maintenance

	borrowers borrowers

	hand hand // what was taken from the queue at once

	open     *store.Batch // gathers
	sealed   *store.Batch // is being committed; nil if none is
	waiters  [2][]waiter  // those who wait for the end of open, and of sealed
	stuck    bool         // sealed could not be committed: messages are handed over
	stopping bool
	deadline time.Time   // by when open is to be committed; zero while it is empty
	due      *time.Timer // fires then, unless a commit is under way

	commits chan *store.Batch // to the committer; closed at the end
	results chan outcome
	failed  chan struct{} // a batch failed for the first time
}

// outcome is how the committer ended a batch.
type outcome struct {
	took   time.Duration
	gaveUp bool
}

func newLoop(r *Recorder) *loop {
	l := &loop{
		Recorder: r, front: newFront(&r.o, r.sharing),
		lost: map[probe.ID]slo.Stretch{}, told: map[probe.ID]bool{}, open: &store.Batch{},
		due: time.NewTimer(time.Hour), commits: make(chan *store.Batch), results: make(chan outcome),
		failed: make(chan struct{}, 1), commands: r.o.Commands, answers: map[string]waiter{}, ending: map[incident.CommandID]bool{}, calendar: incident.NewCalendar(r.o.Commands),
	}
	l.due.Stop()
	return l
}

func (l *loop) run() {
	defer close(l.stopped)
	committer := l.startCommitter()
	defer committer()
	l.wakeSuspects()
	l.endRecovered()
	l.beginTelling(time.Now().UTC().Truncate(time.Millisecond))
	stop := l.stop
	for !l.finished() {
		select {
		case e := <-l.queue:
			l.hand.entries = append(l.hand.entries, e)
			l.takeWaiting()
		case o := <-l.orders:
			l.obey(o)
		case end := <-l.results:
			if end.gaveUp {
				return
			}
			l.committed(end.took)
		case <-l.failed:
			l.strandAll()
			l.refuseLoans()
		case x := <-l.loans:
			l.lend(x)
		case <-l.due.C:
			l.seal()
		case <-l.keep:
			l.open.Checkpoint = &store.Checkpoint{} // packed when the batch is sealed
			l.schedule(resultsWait)
		case now := <-l.ticks:
			l.takeWaiting()
			l.idle(now)
		case answer := <-l.asked:
			close(answer)
		case <-stop:
			stop = nil
			l.takeWaiting()
			l.stopping = true
			l.makeUp()
			l.open.Checkpoint = &store.Checkpoint{}
			l.seal()
		}
	}
}

// finished reports whether all that was taken before the stop is durable.
func (l *loop) finished() bool {
	return l.stopping && l.sealed == nil && l.nothing()
}

// nothing reports whether there is nothing to commit.
func (l *loop) nothing() bool {
	b := l.open
	return len(b.Entries)+len(b.Messages)+len(b.Commands)+len(b.Enforced)+len(b.Held) == 0 && b.Tact.None() && b.Checkpoint == nil
}

// wakeSuspects asks again for the re-checks that were due when the service stopped.
func (l *loop) wakeSuspects() {
	for id := range l.probes {
		if s := l.memory.States[id]; s != nil && !s.Due.IsZero() {
			l.o.Recheck(id, s.Due)
		}
	}
}

// take steps one entry. What says nothing new, or is about a probe that is not
// configured any more, is dropped.
func (l *loop) take(e Entry) {
	p, known := l.probes[e.Probe]
	if !known {
		return
	}
	state := l.memory.State(e.Probe)
	if state.Stale(&e.Input) {
		l.stats.stale.Add(1)
		return
	}
	if l.waiting() >= ringSize || l.sparing() && dispensable(state, e.Input) {
		l.lose(e, p)
		return
	}
	if _, lost := l.lost[e.Probe]; lost && e.Input.Run == probe.Scheduled {
		l.makeUpFor(e.Probe) // slots are accounted for in their order
	}
	l.step(p, e)
}

// step moves a state on, and gathers what follows.
func (l *loop) step(p *store.Probe, e Entry) {
	state := l.memory.Own(e.Probe)
	e.Input.Verdict = e.Input.Verdict.Settle(p.Policy.Count4xx, state.Worked)
	e.Input.Maintenance = l.calendar.Covers(e.Probe, e.Input.Until())
	l.releaseDue(e.Input.Until())
	due, hold := state.Due, state.Hold
	effects := l.memory.Step(p.Policy, &e)
	l.gather(e)
	if state.Hold != hold {
		l.o.Hold(e.Probe, state.Hold) // before a re-check that it may forbid
	}
	if !state.Due.IsZero() && !state.Due.Equal(due) {
		l.o.Recheck(e.Probe, state.Due)
	}
	followed := l.follow(&e, &effects) // what is told once of several comes before what is a part of it
	l.hear(e.Probe, p.Subject, &effects, e.Attempts)
	if !effects.None() {
		l.open.Effects = append(l.open.Effects, store.Effect{Probe: e.Probe, Effects: effects})
	}
	for _, id := range append(followed, e.Probe) {
		l.release(id, e.Input.Until())
	}
}

// gather adds an entry to the batch.
func (l *loop) gather(e Entry) {
	l.schedule(resultsWait)
	l.open.Entries = append(l.open.Entries, e)
	if len(l.open.Entries) == batchSize {
		l.schedule(0)
	}
	l.stats.waiting.Add(1)
}

// lose counts a result for which there is no room. Its slot is accounted for when
// there is room again.
func (l *loop) lose(e Entry, p *store.Probe) {
	l.stats.lost.Add(1)
	first, last := e.Input.At, e.Input.At
	switch {
	case e.Input.Run != probe.Scheduled:
		return
	case e.Input.Kind == incident.Skipped:
		last = e.Input.To
	}
	slots, ok := l.lost[e.Probe]
	if !ok {
		slots = slo.Stretch{First: first, Last: last, Step: p.Policy.Interval}
	}
	if first.Before(slots.First) {
		slots.First = first
	}
	if last.After(slots.Last) {
		slots.Last = last
	}
	l.lost[e.Probe] = slots
}

// makeUp accounts for the slots of results that were lost, now that there is room. What
// finds no room even so waits for the next commit, as do all results until then.
func (l *loop) makeUp() {
	if l.sparing() {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(l.lost)) {
		if l.waiting() >= ringSize {
			return
		}
		l.makeUpFor(id)
	}
}

func (l *loop) makeUpFor(id probe.ID) {
	lost := l.lost[id]
	delete(l.lost, id)
	l.step(l.probes[id], Entry{Probe: id, Input: incident.Input{
		Kind: incident.Skipped, At: lost.First, To: lost.Last, Verdict: probe.Miss(probe.ProberStorage),
	}})
}

// waiting is how many entries are not durable.
func (l *loop) waiting() int {
	n := len(l.open.Entries)
	if l.sealed != nil {
		n += len(l.sealed.Entries)
	}
	return n
}

// schedule sees to it that the open batch is committed within a time from now, or
// sooner if something in it has waited for longer. While a commit is under way it waits
// for the end of that.
func (l *loop) schedule(within time.Duration) {
	deadline := time.Now().Add(within)
	if !l.deadline.IsZero() && !deadline.Before(l.deadline) {
		return
	}
	l.deadline = deadline
	if l.sealed == nil {
		l.due.Reset(within)
	}
}

// seal hands the open batch to the committer, unless that is busy: then it grows on.
func (l *loop) seal() {
	switch {
	case l.sealed != nil:
		return
	case l.nothing():
		l.deadline = time.Time{} // else nothing that comes would be scheduled any more
		return
	}
	l.post(l.tact.Flush(time.Now()))
	b := l.open
	b.At = time.Now()
	b.Seq = l.memory.Seq
	if len(b.Entries) > 0 {
		b.Seq++
	}
	l.memory.Seq = b.Seq
	if b.Checkpoint != nil {
		b.Checkpoint = l.memory.Checkpoint()
	}
	l.sealed, l.open, l.deadline = b, &store.Batch{}, time.Time{}
	l.waiters = [2][]waiter{nil, l.waiters[0]}
	l.promise()
	l.due.Stop()
	l.commits <- b
}

// committed publishes the batch that has become durable, and goes on with the next.
func (l *loop) committed(took time.Duration) {
	b := l.sealed
	l.sealed = nil
	l.unstrand(b)
	l.stats.recorded.Add(int64(len(b.Entries)))
	l.stats.waiting.Add(-int64(len(b.Entries)))
	l.stats.commit.Store(int64(took))
	l.o.Published(b.Entries)
	told := map[string]bool{}
	for i := range b.Messages {
		if name := b.Messages[i].Destination; !told[name] {
			told[name] = true
			l.o.Told(name)
		}
	}
	for _, w := range l.waiters[1] {
		w.answer <- answer{Command: *w.all}
	}
	l.obeyed(b.Commands)
	l.handOver()
	l.makeUp()
	switch {
	case l.stopping:
		l.seal()
	case !l.deadline.IsZero():
		l.due.Reset(time.Until(l.deadline))
	}
}

// startCommitter starts the goroutine that commits, and returns what ends it.
func (l *loop) startCommitter() (end func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := range l.commits {
			l.results <- l.commit(b)
		}
	}()
	return func() {
		close(l.commits)
		<-done
	}
}

// commit tries until the batch is durable, or the recorder was told to give up.
func (l *loop) commit(b *store.Batch) outcome {
	start := time.Now()
	for wait := retryFirst; ; wait = min(2*wait, retryLast) {
		try := time.Now()
		if l.o.Delivery != nil {
			b.Delivered = l.o.Delivery.Delivered(b.Messages)
		}
		err := l.o.Log.Commit(l.life, b)
		if err == nil {
			l.stats.failing.Store(0)
			l.stats.commits.add(time.Since(try))
			return outcome{took: time.Since(start)}
		}
		l.full.Store(store.Full(err))
		if l.stats.failures.Add(1); wait == retryFirst {
			l.o.Logger.Error("commit failed, keeping results in memory", "err", err)
			l.stats.failing.CompareAndSwap(0, try.UnixMilli())
			l.failed <- struct{}{} // empty: the loop reads it before the batch ends, or at its end
		}
		if !l.pause(wait) {
			return outcome{gaveUp: true}
		}
	}
}

// pause waits before the next try. Once the recorder stops it waits briefly, and tries
// often: what is not durable by then is lost. It is false when that is given up.
func (l *loop) pause(wait time.Duration) bool {
	stop := l.stop
	select {
	case <-stop:
		wait, stop = min(wait, retryFirst), nil
	default:
	}
	select {
	case <-time.After(wait):
	case <-stop:
	case <-l.life.Done():
		return false
	}
	return true
}
