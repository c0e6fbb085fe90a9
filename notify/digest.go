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

// MostListed is how many of each kind a digest or a storm lists.
const MostListed = 10

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

	Acked, Recovered DigestMean    `json:",omitzero"`  // of those that opened: how soon somebody acknowledged, and how soon they were over
	Unacked          int           `json:",omitzero"`  // of those that opened: nobody acknowledged
	Relapses         int           `json:",omitzero"`  // how often an incident came back
	Noise            []DigestNoise `json:",omitempty"` // whose alerts were many or false, the loudest first
	Noisy            int           `json:",omitzero"`  // of which those are the first
	Ending           []DigestEnd   `json:",omitempty"` // certificates and credentials that end soon, the next one first
	Ends             int           `json:",omitzero"`  // of which those are the first
}

// MostNoise is of how many probes a digest says how loud they were.
const MostNoise = 5

// DigestMean is a mean time. Its zero value is that of nothing.
type DigestMean struct {
	Time time.Duration
	Of   int
}

// DigestNoise is how loud a probe was, or what several share.
type DigestNoise struct {
	Name        string
	Alerts      int // how often people heard that something opened, relapses too
	Relapses    int `json:",omitzero"` // of those
	FalseAlarms int `json:",omitzero"` // incidents of which people said so
	Unacked     int `json:",omitzero"` // incidents that nobody acknowledged
}

// Loud reports whether it is worth a thought: it was told of more than once, or for nothing.
func (n *DigestNoise) Loud() bool { return n.Alerts > 1 || n.FalseAlarms > 0 }

// DigestEnd is a certificate that ends soon, or a credential.
type DigestEnd struct {
	Name       string // of the probe
	Ends       time.Time
	Credential bool `json:",omitzero"`
}

// DigestPlan says when a destination gets digests. Its zero value is never.
type DigestPlan struct {
	Daily, Weekly slo.Schedule // each begins when the digest is due
	Zone          *time.Location
	Silent        bool // none when there is nothing to say
}

// digestLate is how late a digest may be: an older one is skipped.
const digestLate = 6 * time.Hour

// DigestDue is a digest that is due.
type DigestDue struct {
	Period Period
	From   time.Time // when the one before was due
	At     time.Time
	Name   string // of the day or the week, in the zone of the plan
}

// Key is the key of the digest for a destination: there is one, whoever makes it.
func (d *DigestDue) Key(destination string) string {
	return "digest:" + d.Period.String() + ":" + d.Name + ":" + destination
}

// Due lists the digests that were due within the last hours.
func (p *DigestPlan) Due(now time.Time) (all []DigestDue) {
	for _, part := range []struct {
		period Period
		when   slo.Schedule
		reach  time.Duration // at least as far as the one before
	}{{DigestDaily, p.Daily, 3 * 24 * time.Hour}, {DigestWeekly, p.Weekly, 9 * 24 * time.Hour}} {
		if !part.when.Recurs() {
			continue
		}
		due := DigestDue{Period: part.period}
		for _, spell := range part.when.Spells(now.Add(-part.reach), now.Add(time.Millisecond)) {
			if at := spell.From; !at.After(now) && at.After(due.At) {
				due.From, due.At = due.At, at
			}
		}
		if due.At.IsZero() || due.From.IsZero() || now.Sub(due.At) > digestLate {
			continue
		}
		local := due.At.In(p.Zone)
		if due.Name = local.Format(time.DateOnly); due.Period == DigestWeekly {
			year, week := local.ISOWeek()
			due.Name = fmt.Sprintf("%d-W%02d", year, week)
		}
		all = append(all, due)
	}
	return all
}

// Message is the digest for a destination, which is not worth telling for ever.
func (d *Digest) Message(due *DigestDue, destination, location string, now time.Time) Message {
	return Message{
		Key: due.Key(destination), Destination: destination, CreatedAt: now,
		Body: Body{Location: location, Since: d.From, At: d.Until, Digest: d, Expires: due.At.Add(digestLate)},
	}
}

// Empty reports whether there is nothing to say: nothing happened, nothing ends soon, and every
// promise is kept.
func (d *Digest) Empty() bool {
	spent := slices.ContainsFunc(d.Promises, func(p DigestPromise) bool { return p.Judged && p.Left <= 0 })
	return d.Opened+d.StillOpen+d.Past+d.Dead+d.Ends == 0 && !spent
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
	Objective string // as it is written in the configuration
	Attained  float64
	Coverage  float64
	Left      float64 // of the budget, as a share; below 0: more than all was spent
	Judged    bool    // false: nothing was judged
}
