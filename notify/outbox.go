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
// in it at start was interrupted, and becomes Pending in doubt.
const (
	StatePending State = iota // to be sent when it is due
	StateSending              // claimed
	StateSent
	StateDead       // never to be sent
	StateSuperseded // not sent, for a later message says it all
	StateExpired    // not sent, for it was not worth telling any more
	StateDropped    // not sent, for people said so
)

var stateNames = [...]string{"pending", "sending", "sent", "dead", "superseded", "expired", "dropped"}

// States are all states.
func States() []State {
	all := make([]State, len(stateNames))
	for i := range all {
		all[i] = State(i)
	}
	return all
}

// ended reports whether nothing is to be done any more about a message in the state.
func (s State) ended() bool { return s != StatePending && s != StateSending }

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
	// Claim takes the due message of a destination that comes first by its priority
	// and its age, and marks it as being sent; c is nil if none is due. It passes over a
	// message while an earlier one about the same incident waits or is being sent, so
	// that the order within an incident is kept. next says when something will be due if
	// nothing is now; zero means that nothing is pending.
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
	State   State     // StatePending: try again at Next; StateSending is none
	Next    time.Time // of StatePending
	Thread  Thread    // of StateSent: the conversation from now on; zero if there is none
	Repeat  bool      // it is told as a possible repeat from now on
	Doubt   Doubt     // from now on
	Counted bool      // the attempt counts in Message.Attempts
	Given   []string  // what Body.Given is from now on; empty: as it was
	Err     string    // why it did not succeed; no secrets
	At      time.Time
}
