package notify

import (
	"context"
	"fmt"
	"time"
)

// Sender delivers messages to one destination.
type Sender interface {
	// Send delivers a message. thread is the incident's conversation so far. The
	// Thread returned is the conversation from now on; zero if the destination
	// keeps none. An error is a *[Failure], or counts as one that is [Ambiguous].
	Send(ctx context.Context, m Message, thread Thread) (Thread, error)
}

// Trouble is what kind of failure a delivery met, and so what to do next.
type Trouble uint8

// The kinds of trouble.
const (
	Transient   Trouble = iota // nothing was delivered; try again soon
	Ambiguous                  // it may have been delivered; try again, marked as a possible repeat
	Throttled                  // the destination asks for a pause; nothing was delivered
	Unreachable                // the place or the credential is wrong: try again slowly, people must act
	Refused                    // this message will never be taken
)

func (t Trouble) String() string {
	return [...]string{"transient", "ambiguous", "throttled", "unreachable", "refused"}[t]
}

// Failure is a delivery that did not succeed.
type Failure struct {
	Trouble Trouble
	After   time.Duration // do not try before; 0: as the dispatcher thinks fit
	Err     error         // never holds a secret
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Trouble, f.Err) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// passing reports whether the trouble is one that goes away by itself.
func (f *Failure) passing() bool { return f.Trouble == Transient || f.Trouble == Ambiguous }
