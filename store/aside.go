package store

import (
	"errors"
	"sync/atomic"
)

// aside does one thing after the other on a goroutine of its own, while its owner goes on:
// SQLite on one processor, the states on another. What has to do with nothing else waits for
// whichever of both is free first. After an error no other thing is done in its turn.
type aside struct {
	work  chan func() error
	done  chan struct{}
	err   error
	spare []func() error // of the owner, until it waits
	taken atomic.Int32   // of spare
}

// asideWaiting is how much may wait to be done before its owner has to.
const asideWaiting = 512

func newAside() *aside {
	a := &aside{work: make(chan func() error, asideWaiting), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for f := range a.work {
			if a.err == nil {
				a.err = f()
			}
		}
		a.err = errors.Join(a.err, a.rest())
	}()
	return a
}

// do has f done behind what was to be done before.
func (a *aside) do(f func() error) { a.work <- f }

// anywhere has f done, beside anything else.
func (a *aside) anywhere(f func() error) { a.spare = append(a.spare, f) }

// rest does what has to do with nothing else, as far as nobody has begun with it.
func (a *aside) rest() (err error) {
	for i := a.taken.Add(1); int(i) <= len(a.spare); i = a.taken.Add(1) {
		err = errors.Join(err, a.spare[i-1]())
	}
	return err
}

// wait waits until all is done, and returns the errors. It is called once, and
// always: nothing else ends the goroutine.
func (a *aside) wait() error {
	close(a.work)
	err := a.rest()
	<-a.done
	return errors.Join(a.err, err)
}

// both does one thing beside another, which touch nothing in common.
func both(one, other func() error) error {
	done := make(chan error, 1)
	go func() { done <- one() }()
	err := other()
	return errors.Join(<-done, err)
}
