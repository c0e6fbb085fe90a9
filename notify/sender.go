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

// Finder is a sender that can look whether a message got through. A message in doubt is
// sent again only if it was looked for twice in vain.
type Finder interface {
	// Find looks for a message by its key and returns the conversation with it, as
	// Send would have. What was posted before asOf is to be seen. A *[Failure] that is
	// [Blind] says that the destination does not let us look.
	Find(ctx context.Context, m Message, thread Thread, asOf time.Time) (now Thread, found bool, err error)
}

// Editor is a sender that can change the first message of a conversation, so that it
// shows how things are.
type Editor interface {
	// Edit has the first message show m, whose Key is that of the message it was. A
	// *[Failure] that is [Gone] says that it is not there any more. To repeat it does no
	// harm.
	Edit(ctx context.Context, m Message, thread Thread) error

	// Link returns the address of the first message, for people.
	Link(ctx context.Context, thread Thread) (string, error)
}

// Tenant is a sender that reaches its destination with a credential which others may use,
// too: whether the service is there and takes the credential is the same for all of them.
type Tenant interface {
	// Account is the same for senders with the same credential, and tells nothing of it.
	Account() string

	// Ask finds out whether the service is there and takes the credential. Nobody is
	// told anything by it.
	Ask(ctx context.Context) error
}

// Trouble is what kind of failure a delivery met, and so what to do next.
type Trouble uint8

// The kinds of trouble.
const (
	Transient    Trouble = iota // nothing was delivered; try again soon
	Ambiguous                   // it may have been delivered; look for it, or try again as a possible repeat
	Throttled                   // the destination asks for a pause; nothing was delivered
	Unreachable                 // the place is wrong: try again slowly, people must act
	Refused                     // this message will never be taken
	Unauthorized                // the credential is wrong, for all places that it is used for: people must act
	Gone                        // what was to be changed is not there any more
	Blind                       // the destination does not let us look
)

func (t Trouble) String() string {
	return [...]string{"transient", "ambiguous", "throttled", "unreachable", "refused", "unauthorized", "gone", "blind"}[t]
}

// Failure is a delivery that did not succeed.
type Failure struct {
	Trouble Trouble
	After   time.Duration // do not try before; 0: as the dispatcher thinks fit
	Given   []string      // who has the message although others have not; the destination gets it with the message when it is sent again
	Err     error         // never holds a secret
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Trouble, f.Err) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// passing reports whether the trouble is one that goes away by itself.
func (f *Failure) passing() bool { return f.Trouble == Transient || f.Trouble == Ambiguous }

// closed reports whether people must act before anything gets through.
func (f *Failure) closed() bool { return f.Trouble == Unreachable || f.Trouble == Unauthorized }
