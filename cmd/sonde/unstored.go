package main

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/store"
)

// doubtFor is for how long after a start what is told first of a probe is a possible
// repeat, if people had been told of what could not be stored.
const doubtFor = time.Hour

// unstored delivers what cannot be stored, and notes beside the database that people are
// told of it: a crash would forget it, and it would be told again as if for the first time.
type unstored struct {
	*notify.Relay
	store *store.Store
	doubt time.Time // until then, what was told before the start is in doubt
}

// newUnstored delivers from memory by a relay.
func newUnstored(relay *notify.Relay, s *store.Store, now time.Time) *unstored {
	u := &unstored{Relay: relay, store: s}
	if s.Doubtful() {
		u.doubt = now.Add(doubtFor)
	}
	return u
}

// Strand takes messages to deliver from memory.
func (u *unstored) Strand(messages []notify.Message) {
	var next incident.ID
	for i := range messages {
		next = max(next, messages[i].Incident+1)
	}
	u.store.Unstored(true, next)
	u.Relay.Strand(messages)
}

// Committed tells that messages are durable.
func (u *unstored) Committed(messages []notify.Message) {
	u.Relay.Committed(messages)
	if !u.Relay.Unstored() && time.Now().After(u.doubt) {
		u.store.Unstored(false, 0)
	}
}
