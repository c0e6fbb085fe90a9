package notify

import (
	"context"
	"time"

	"sonde/incident"
)

// Roots is as much of the store as is needed to have the first messages of conversations
// show how things are.
type Roots interface {
	// Stale returns a first message at a destination that shows less than it should, or
	// to which no link is known; those first whose incident is over. It is nil if there is
	// none that may be changed now; next says when there will be one, zero if never.
	Stale(ctx context.Context, destination string, now time.Time) (r *Root, next time.Time, err error)

	// Renew writes down what became of that.
	Renew(ctx context.Context, r *Root, end Renewal) error
}

// Root is the first message of a conversation about an incident.
type Root struct {
	Destination string
	Incident    incident.ID
	Thread      Thread
	Key         string // of the message that it was; empty: nobody knows any more
	Stale       bool   // it does not show what it should
	Linkless    bool   // a link to it is to be asked for

	Want  MessageID // what it should show
	Shows Message   // the same; its ID is 0 if that is not stored any more
}

// Renewal is what became of a first message.
type Renewal struct {
	At    time.Time
	Next  time.Time // not to be changed before, unless the incident is over
	Shown bool      // it shows what it should
	Gone  bool      // somebody deleted it
	Link  string    // to it; empty: not found
	Asked bool      // nobody has to look for a link any more
}

// Again is the message that takes the place of a first message which somebody deleted; false
// if nobody has to know of it any more.
func (r *Root) Again(now time.Time) (Message, bool) {
	m := r.Shows
	if m.ID == 0 || over(m.Change) {
		return Message{}, false
	}
	again := Message{
		Key: "again:" + r.Destination + ":" + m.Key, Destination: r.Destination, Incident: r.Incident,
		Change: m.Change, Body: m.Body, CreatedAt: now,
	}
	again.Body.Continued, again.Body.Quiet = true, false
	return again, true
}
