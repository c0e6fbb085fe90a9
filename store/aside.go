package store

import "errors"

// aside does one thing after the other on a goroutine of its own, while its owner goes on:
// SQLite on one processor, the states on another. After an error nothing more is done.
type aside struct {
	work chan func() error
	done chan struct{}
	err  error
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
	}()
	return a
}

func (a *aside) do(f func() error) { a.work <- f }

// wait waits until all is done, and returns the first error. It is called once, and
// always: nothing else ends the goroutine.
func (a *aside) wait() error {
	close(a.work)
	<-a.done
	return a.err
}

// both does one thing beside another, which touch nothing in common.
func both(one, other func() error) error {
	done := make(chan error, 1)
	go func() { done <- one() }()
	err := other()
	return errors.Join(<-done, err)
}
