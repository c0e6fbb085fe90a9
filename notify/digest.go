package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// Period is what a digest sums up.
type Period uint8

// The periods. Their text form is stored.
const (
	DigestDaily Period = iota + 1
	DigestWeekly
	DigestQuiet // what came and went in quiet hours
)

var periodNames = [...]string{"", "daily", "weekly", "quiet"}

func (p Period) String() string { return periodNames[p] }

// MarshalText writes the period as in [Period.String].
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Period) UnmarshalText(text []byte) error {
	i := slices.Index(periodNames[1:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no period of a digest; use one of %s", text, strings.Join(periodNames[1:], ", "))
	}
	*p = Period(i + 1)
	return nil
}

// mostListed is how many of each kind a digest or a storm lists.
const mostListed = 10

// Digest sums up a time.
type Digest struct {
	Period      Period
	From, Until time.Time
	Opened      int              // incidents that opened
	FalseAlarms int              `json:",omitzero"`  // of those, as people said
	Open        []DigestIncident `json:",omitempty"` // that are open, the worst first
	StillOpen   int              `json:",omitzero"`  // of which those are the first
	Over        []DigestIncident `json:",omitempty"` // that are over, the longest first
	Past        int              `json:",omitzero"`  // of which those are the first
	Promises    []DigestPromise  `json:",omitempty"` // the worst first
	Promised    int              `json:",omitzero"`  // of which those are the first
	Dead        int              `json:",omitzero"`  // messages that could not be delivered
}

// Empty reports whether there is nothing to say: nothing happened, and every promise is kept.
func (d *Digest) Empty() bool {
	spent := slices.ContainsFunc(d.Promises, func(p DigestPromise) bool { return p.Judged && p.Left <= 0 })
	return d.Opened+d.StillOpen+d.Past+d.Dead == 0 && !spent
}

// DigestIncident is an incident in a digest.
type DigestIncident struct {
	ID       incident.ID
	Probe    string
	Kind     probe.Kind
	Severity probe.Severity
	Reason   probe.Reason
	Status   int `json:",omitzero"`
	Since    time.Time
	Until    time.Time `json:",omitzero"` // zero: it is open
	Acked    string    `json:",omitempty"`
}

// DigestPromise is how a promise stands in a digest.
type DigestPromise struct {
	Name      string // of the probe or group
	Objective slo.Objective
	Attained  float64
	Coverage  float64
	Left      float64 // of the budget, as a share; below 0: more than all was spent
	Judged    bool    // false: nothing was judged
}
