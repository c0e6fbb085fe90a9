package record

import (
	"context"
	"errors"
	"sync/atomic"

	"sonde/incident"
	"sonde/store"
)

// loan is somebody who wants to read the states as of what is durable.
type loan struct {
	given chan *store.Memory // nil: they are not lent
	over  atomic.Bool        // whoever asked does not read them any more
}

// Lend returns the states as of the latest batch that is durable, or soon will be. None of
// them is changed before done is called; that costs the recorder a copy of each state that
// goes on meanwhile, and nobody has to wait. While batches cannot be committed nothing is
// lent: what is durable then stands in the database alone.
func (r *Recorder) Lend(ctx context.Context) (m *store.Memory, done func(), err error) {
	x := &loan{given: make(chan *store.Memory, 1)}
	done = func() { x.over.Store(true) }
	select {
	case r.loans <- x:
	case <-r.stopped:
		return nil, nil, errors.New("the recorder has stopped")
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	select {
	case m = <-x.given:
	case <-r.stopped:
	case <-ctx.Done():
	}
	if m == nil {
		done()
		return nil, nil, errors.New("the states in memory are ahead of the database")
	}
	return m, done, nil
}

// Circles are who shares what of what is configured, see [store.Lender].
func (r *Recorder) Circles() *incident.Circles { return r.sharing.circles }

// borrowers are those who read the states, or want to.
type borrowers struct {
	asking   []*loan         // they wait for the next batch
	promised []*loan         // they get the states as of the one that is being committed
	states   []*store.Memory // for those, one each
	reading  []*loan
}

// lend gives the states to somebody, as soon as they are durable.
func (l *loop) lend(x *loan) {
	b := &l.borrowers
	switch {
	case l.stopping || l.stats.failing.Load() != 0:
		x.given <- nil
	case l.sealed == nil && l.nothing():
		l.regain()
		b.reading = append(b.reading, x)
		x.given <- l.memory.Lend()
	default:
		if b.asking = append(b.asking, x); !l.nothing() {
			l.schedule(0) // else the batch that is being committed is all there is
		}
	}
}

// promise keeps the states as of the batch that was sealed for those who ask for them.
func (l *loop) promise() {
	b := &l.borrowers
	l.regain()
	for range b.asking {
		b.states = append(b.states, l.memory.Lend())
	}
	b.promised, b.asking = b.asking, nil
}

// handOver gives the states to those to whom they were promised, now that they are durable.
func (l *loop) handOver() {
	b := &l.borrowers
	for i, x := range b.promised {
		x.given <- b.states[i]
	}
	b.reading = append(b.reading, b.promised...)
	b.promised, b.states = nil, nil
	asking := b.asking
	b.asking = nil
	for _, x := range asking {
		l.lend(x)
	}
}

// refuseLoans has those who wait read the database.
func (l *loop) refuseLoans() {
	b := &l.borrowers
	for _, x := range append(b.promised, b.asking...) {
		x.given <- nil
	}
	*b = borrowers{reading: b.reading}
}

// regain lets states be changed where they are, once nobody else reads them.
func (l *loop) regain() {
	b := &l.borrowers
	reading := b.reading[:0]
	for _, x := range b.reading {
		if !x.over.Load() {
			reading = append(reading, x)
		}
	}
	clear(b.reading[len(reading):])
	if b.reading = reading; len(reading)+len(b.promised) == 0 {
		l.memory.Regain()
	}
}
