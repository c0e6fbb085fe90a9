package notify

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// State is where a message is on its way.
type State uint8

// The states. A message leaves Sending only by being settled; one that is found
// in it at start was interrupted, and becomes Pending as a possible repeat.
const (
	StatePending State = iota // to be sent when it is due
	StateSending              // claimed
	StateSent
	StateDead // never to be sent
)

var stateNames = [...]string{"pending", "sending", "sent", "dead"}

func (s State) String() string { return stateNames[s] }

// MarshalText writes the state as in [State.String].
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no state of a message; use one of %s", text, strings.Join(stateNames[:], ", "))
}

// Outbox is as much of the store as the dispatcher needs.
type Outbox interface {
	// Claim takes the oldest due message of a destination and marks it as being
	// sent; c is nil if none is due. It passes over a message while an earlier one
	// about the same incident is neither sent nor dead, so that the order within an
	// incident is kept. next says when something will be due if nothing is now;
	// zero means that nothing is pending.
	Claim(ctx context.Context, destination string, now time.Time) (c *Claim, next time.Time, err error)

	// Settle writes down how the delivery of a claimed message ended.
	Settle(ctx context.Context, id MessageID, s Settlement) error
}

// Claim is a message to deliver now, with the incident's conversation so far.
type Claim struct {
	Message Message
	Thread  Thread
}

// Settlement is how a delivery ended.
type Settlement struct {
	State   State     // StateSent, StateDead, or StatePending: try again at Next
	Next    time.Time // of StatePending
	Thread  Thread    // of StateSent: the conversation from now on; zero if there is none
	Repeat  bool      // it may have got through
	Counted bool      // the attempt counts in Message.Attempts
	Err     string    // why it did not succeed; no secrets
	At      time.Time
}
