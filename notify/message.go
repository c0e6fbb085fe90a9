package notify

import (
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// MessageID identifies a message in the outbox; ids grow with time.
type MessageID int64

// Message is one thing to tell one destination.
type Message struct {
	ID          MessageID // given by the outbox
	Key         string    // says the same thing to the same place: kept once
	Destination string
	Incident    incident.ID
	Change      incident.Change
	Body        Body
	CreatedAt   time.Time

	Amends bool      // is not sent itself: the one with its Key, or else the first of its conversation, shows it, as far as they can be changed
	After  time.Time // is not to be sent before; zero: at once

	Attempts int   // deliveries that did not succeed; pauses that the destination asked for do not count
	Repeat   bool  // it is told as a possible repeat
	Doubt    Doubt // whether an earlier delivery got through
}

// Doubt is about a delivery of which nobody knows whether it got through. The zero Doubt is
// none.
type Doubt struct {
	Since  time.Time
	Looked int // how often the message was looked for since, in vain
}

// IsZero reports whether there is no doubt.
func (d Doubt) IsZero() bool { return d.Since.IsZero() }

// over reports whether a change ends an incident, as far as people are concerned.
func over(c incident.Change) bool {
	return c == incident.Resolved || c == incident.Settled || c == incident.Withdrawn
}

// Over reports whether the message tells that the incident it is filed under has ended.
func (m *Message) Over() bool { return m.Body.Part == 0 && over(m.Change) }

// Priority says whose turn it is among the messages for a destination that are about
// different incidents: 0 comes first.
func (m *Message) Priority() int {
	switch {
	case m.Body.Notice != NoNotice:
		return 0
	case m.Incident != 0 && over(m.Change), m.Body.Severity == probe.Critical && opens(m.Change):
		return 0
	case opens(m.Change):
		return 1
	case m.Change == incident.Reminded:
		return 7
	case m.Incident == 0: // what is told of none has time
		return 9
	}
	return 3
}

func opens(c incident.Change) bool {
	return c == incident.Opened || c == incident.Reopened || c == incident.Risen || c == incident.Escalated
}

// reminderAge is for how long a reminder is worth telling that says nothing else.
const reminderAge = time.Hour

// stale reports whether the message is not worth telling any more.
func (m *Message) stale(now time.Time) bool {
	if !m.Body.Expires.IsZero() {
		return now.After(m.Body.Expires)
	}
	return m.Change == incident.Reminded && now.Sub(m.CreatedAt) > reminderAge
}

// Critical reports whether the message cannot wait.
func (m *Message) Critical() bool {
	return m.Body.Severity == probe.Critical || m.Body.Notice != NoNotice
}

// spare reports whether people lose little if the message is not told.
func (m *Message) spare() bool { return m.Priority() >= 7 }

// Body is what a message is about: facts, not words. It is rendered when it is
// sent, so that a message that waited is told as well as a fresh one.
type Body struct {
	Probe    string
	Group    string
	URL      string // for people: no user-info, no query values
	Method   string
	Location string
	Runbook  string
	Labels   map[string]string

	Unverified bool `json:",omitzero"` // the target's certificates are not verified

	Interval time.Duration

	// Of what several probes share:
	Shared  incident.Bond `json:",omitzero"`  // what it is; the zero Bond: it is about one probe
	Members []string      `json:",omitempty"` // the first of those in trouble
	Part    incident.ID   `json:",omitzero"`  // the incident itself, where it is told as a part of another

	Kind      probe.Kind
	Severity  probe.Severity
	Cause     probe.Verdict
	Codes     []incident.CodeCount
	Failures  int
	Openings  int
	Since     time.Time // the first result of the trouble
	OpenedAt  time.Time
	At        time.Time        // of this change
	RecoverBy time.Time        // as the target announced; zero if it did not
	Reading   incident.Reading `json:",omitzero"` // what the rule measured
	Stage     int              `json:",omitzero"` // of kinds certificate and gateway_surge, as the incident has it
	Flapping  bool             `json:",omitzero"` // it comes and goes, and that is told now

	Quiet bool `json:",omitzero"` // only for those who follow the incident

	RecoveredAt time.Time `json:",omitzero"`
	Ends        time.Time `json:",omitzero"` // the certificate, if the incident is about one
	Promise     time.Time `json:",omitzero"` // the announced time that it is held to; of Overdue, the one that has passed

	Dependents Dependents `json:",omitzero"` // of a probe that is down
	Held       HeldFor    `json:",omitzero"` // of what people hear of later than it opened

	Gateway string `json:",omitempty"` // who answered the run that brought this about, the edge or the origin, and why
	Trace   string `json:",omitempty"` // the trace id of its request

	Answer Answer `json:",omitzero"` // of what people do about an incident, see [Message.answers]: who did it

	Chart incident.ID `json:",omitzero"` // of a message that only draws how the probe was: whose thread it belongs into

	Storm  *StormFacts `json:",omitempty"` // of a message about so many incidents at once that they are told as one
	Digest *Digest     `json:",omitempty"` // of a message that sums up a time

	Notice Notice `json:",omitzero"`  // about the service itself, since Since; only Location, Since, At and Lost are set
	Lost   int64  `json:",omitempty"` // results for which there was no room

	Budgets []BudgetFact // how the probe's objectives stand; may be empty

	Acked    Acked     `json:",omitzero"`  // who looks after it
	Needs    []Need    `json:",omitempty"` // how those stand that the probe depends on
	Seen     Sight     `json:",omitzero"`  // what the run saw that brought this about
	Secured  time.Time `json:",omitzero"`  // when the certificate ends that was last seen to be right
	Uncalled bool      `json:",omitempty"` // nobody is mentioned, although that is wished for: there was enough of it
	Past     Past      `json:",omitzero"`  // how the probe was before; recalled when the message is sent

	Given []string `json:",omitempty"` // who has it already, of a destination with several recipients

	Late      bool      `json:",omitzero"` // it tells of the whole incident: nothing of it could be told while it lasted
	Continued bool      `json:",omitzero"` // it stands in for a first message that somebody deleted
	Instead   Instead   `json:",omitzero"` // it is told here because it could not be told elsewhere
	Expires   time.Time `json:",omitzero"` // when it is not worth telling any more; zero: it always is, but for a reminder
}

// Instead says where a message was to be told, and why it could not.
type Instead struct {
	Of  string // the destination
	Why string // in the words of that
}

// Answer is what somebody did about an incident.
type Answer struct {
	By    string `json:",omitempty"`
	User  string `json:",omitempty"` // their id where they did it; empty if it was elsewhere
	Note  string `json:",omitempty"`
	At    time.Time
	Until time.Time `json:",omitzero"` // of a silence; zero: until it has recovered
	Other bool      `json:",omitzero"` // a silence was ended, and another one goes on, until Until

	Of    string `json:",omitempty"` // what a silence is about that is about more than this incident, as people wrote it
	Count int    `json:",omitzero"`  // of a storm: the incidents that were acknowledged
	Said  string `json:",omitempty"` // of a run: what came of it, as the command line says it
}

// HeldFor says why people did not hear of an opening at once.
type HeldFor struct {
	Why   Why
	By    string `json:",omitempty"` // the probe that kept it back
	Since time.Time
}

// BudgetFact is how one objective stood when the message was made.
type BudgetFact struct {
	Objective slo.Objective
	Spent     time.Duration
	Total     time.Duration
	Judged    bool // false: nothing was judged yet
}

// Thread is where a destination keeps the conversation about an incident. The
// zero Thread means that there is none yet.
type Thread struct {
	Channel string // the destination's own id of the place
	Root    string // the destination's own id of the first message
}

// IsZero reports whether there is no conversation yet.
func (t Thread) IsZero() bool { return t.Root == "" }
