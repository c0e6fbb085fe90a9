package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/probe"
)

// Phase is where an incident is in its life.
type Phase uint8

// The phases. Only Open counts for states and exit codes.
const (
	Closed    Phase = iota // over; a relapse is a new incident
	Open                   // the problem is there
	Recovered              // gone, but a relapse reopens the same incident
)

var phaseNames = [...]string{"closed", "open", "recovered"}

func (p Phase) String() string { return phaseNames[p] }

// MarshalText writes the phase as in [Phase.String].
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Phase) UnmarshalText(text []byte) error {
	i := slices.Index(phaseNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no phase of an incident; use one of %s", text, strings.Join(phaseNames[:], ", "))
	}
	*p = Phase(i)
	return nil
}

// Problem is one incident on one probe.
type Problem struct {
	ID          ID
	Kind        probe.Kind
	Phase       Phase
	Severity    probe.Severity
	Unkept      bool          // the promise has passed, and people were told; once per opening
	Leaky       bool          // it came from a bucket, and lasts until that is low
	Others      uint8         // results in a row that had Other
	Cause       probe.Verdict // what people are told is wrong
	Since       time.Time     // the first result of the trouble
	OpenedAt    time.Time     // when it was confirmed
	RecoveredAt time.Time     // zero while open
	Failures    int           // results that spoke for it, since Since
	Codes       []CodeCount   // status codes of those results, 0 for no answer
	Openings    int           // 1, and one more for every relapse
	RecoverBy   time.Time     // when the target said it would be back (Retry-After), the latest word; zero if it did not
	Promise     time.Time     // the word that it is held to: the first that had not passed when people could hear of it

	CloseAt  time.Time     // while recovered: when it closes
	RemindAt time.Time     // while open: when to remind; zero never
	Other    probe.Verdict // the latest cause, where it differs from the told one

	Reading Reading // what the rule measured, for kinds that measure something

	Telling Telling // what people have heard of it
	Within  ID      // the incident that it is a part of, which people hear of instead; 0: none

	// Of kinds certificate, gateway_surge and degraded:
	Ends  time.Time // the earliest end that was seen
	Stage int       // how near it was when people were last told: 1, 2 for a week, 3 for a day; or SurgeOpen, SurgeHalfOpen and on; or WasDown
}

// Reading is what a rule measured when it last told of its incident. What it means depends
// on the kind, and so does the unit.
type Reading struct {
	Now     float64       // what is measured
	Usual   float64       // what it would be otherwise, or may be at the most
	Samples int           // what it rests on
	Over    time.Duration // in which time
	Level   int           // of those that the rule has, the one that is reached
}

// CodeCount is how often a status code was seen.
type CodeCount struct {
	Code  int32
	Count int32
}

// maxCodes bounds what an incident counts apart; further codes are not counted.
const maxCodes = 8

// count adds a result to the problem.
func (p *Problem) count(in *Input) {
	p.Failures++
	p.Codes = countCode(p.Codes, in.Verdict.Status)
	p.promise(in.backBy(), in.At)
}

// promise notes that the target said when it would be back.
func (p *Problem) promise(by, now time.Time) {
	if by.After(p.RecoverBy) {
		p.RecoverBy = by
	}
	if p.Promise.IsZero() && by.After(now) {
		p.Promise = by
	}
}

// broken reports whether a result shows that the target did not keep its word, and
// people have not been told.
func (p *Problem) broken(in *Input) bool {
	return !p.Unkept && !p.Promise.IsZero() && !in.At.Before(p.Promise)
}

// countCode adds one to the count of a code.
func countCode(codes []CodeCount, code int) []CodeCount {
	for i := range codes {
		if int(codes[i].Code) == code {
			codes[i].Count++
			return codes
		}
	}
	if len(codes) < maxCodes {
		codes = append(codes, CodeCount{int32(code), 1})
	}
	return codes
}

// Renumber gives incidents other ids, also where they are named as what others are a part of.
func (s *State) Renumber(ids map[ID]ID) {
	for i := range s.Problems {
		for _, id := range [...]*ID{&s.Problems[i].ID, &s.Problems[i].Within} {
			if other, is := ids[*id]; is {
				*id = other
			}
		}
	}
}

// Clone returns a copy that shares nothing with p.
func (p *Problem) Clone() Problem {
	c := *p
	c.Codes = slices.Clone(p.Codes)
	return c
}

// Change says what happened to an incident.
type Change uint8

// The changes.
const (
	Opened         Change = iota + 1
	Changed               // the cause is another one now
	Reminded              // still open
	Resolved              // recovered
	Reopened              // a relapse
	ClosedNow             // over for good; nobody is told
	Withdrawn             // the probe is not watched any more
	Escalated             // more urgent than before, for the same cause
	Overdue               // the target said when it would be back, and was not
	Risen                 // what was degraded is down
	Settled               // recovered for so long that people hear of it: it had come and gone
	Acknowledged          // somebody looks after it
	Staged                // a surge is half open, or open again: of interest to programs alone
	Unacknowledged        // nobody does any more
	Silenced              // people asked for silence about it
	FalseAlarmed          // people say that it was a false alarm
	TrueAlarmed           // and that it was none, after all
	Eased                 // what was down is degraded again: it answers, but not always
	Unsilenced            // people ended a silence about it
	RunNow                // people had the probe asked: that changes nothing
)

var changeNames = [...]string{"", "opened", "changed", "reminded", "resolved", "reopened", "closed", "withdrawn", "escalated", "overdue", "risen", "settled", "acknowledged",
	"staged", "unacknowledged", "silenced", "false_alarm", "no_false_alarm", "eased", "unsilenced", "run_now"}

func (c Change) String() string { return changeNames[c] }

// MarshalText writes the change as in [Change.String].
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Change) UnmarshalText(text []byte) error {
	for i, name := range changeNames[1:] {
		if name == string(text) {
			*c = Change(i + 1)
			return nil
		}
	}
	return fmt.Errorf("%q is no change of an incident; use one of %s", text, strings.Join(changeNames[1:], ", "))
}

// Transition is a change of an incident at an instant, with the incident as it
// was then.
type Transition struct {
	Change  Change
	At      time.Time
	Problem Problem
	Quiet   bool       // only for those who follow the incident: the others have heard that it comes and goes
	Hits    []probe.ID // of those who share something, the first of those in trouble
}
