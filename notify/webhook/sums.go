package webhook

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// storm is about so many incidents at once that people are told of them as one. Programs get each incident, and this
// only in the place of people.
type storm struct {
	Began    time.Time `json:"began_at"`
	Calm     bool      `json:"calm"` // hardly anything opens any more
	Over     bool      `json:"over"` // and hardly anything fails
	Affected int       `json:"affected"`
	Failing  int       `json:"failing"`
	Members  []listed  `json:"members"` // the worst first
}

// digest sums up a time.
type digest struct {
	Period      string     `json:"period"` // daily, weekly, quiet
	From        time.Time  `json:"from"`
	Until       time.Time  `json:"until"`
	Opened      int        `json:"opened"`
	FalseAlarms int        `json:"false_alarms"`
	StillOpen   int        `json:"still_open"`
	Open        []listed   `json:"open"` // the first of those that are
	Past        int        `json:"past"`
	Over        []listed   `json:"over"` // the first of those that are
	Promised    int        `json:"promised"`
	Promises    []promised `json:"promises"` // the first of those, the worst first
	Dead        int        `json:"dead_messages"`

	AckedMS     *int64    `json:"mtta_ms,omitempty"` // mean time until somebody acknowledged; left out if nobody did
	RecoveredMS *int64    `json:"mttr_ms,omitempty"` // mean time to the recovery; left out if nothing recovered
	Unacked     int       `json:"not_acknowledged"`
	Relapses    int       `json:"relapses"`
	Noise       []noise   `json:"noise"`  // whose alerts were many or false, the loudest first
	Ending      []expires `json:"ending"` // certificates and credentials that end soon, the next one first
}

// noise is how loud a probe was.
type noise struct {
	Probe       string `json:"probe"`
	Alerts      int    `json:"alerts"` // relapses too
	Relapses    int    `json:"relapses"`
	FalseAlarms int    `json:"false_alarms"`
	Unacked     int    `json:"not_acknowledged"`
}

// expires is what ends soon: certificate or credential.
type expires struct {
	Probe string    `json:"probe"`
	What  string    `json:"what"`
	Ends  time.Time `json:"ends_at"`
}

// listed is an incident in a list.
type listed struct {
	ID        string         `json:"id"`
	Probe     string         `json:"probe"`
	Kind      probe.Kind     `json:"kind"`
	Severity  probe.Severity `json:"severity"`
	Reason    probe.Reason   `json:"reason"`
	Status    int            `json:"status,omitempty"`
	Since     time.Time      `json:"since"`
	Until     *time.Time     `json:"until,omitempty"`
	Recovered bool           `json:"recovered"`
}

type promised struct {
	Name      string   `json:"name"` // of the probe or group
	Objective string   `json:"objective"`
	Attained  *float64 `json:"attained_ratio,omitempty"` // left out while nothing was judged
	Coverage  float64  `json:"coverage"`
	Left      *float64 `json:"remaining_ratio,omitempty"`
}

func newStorm(s *notify.StormFacts) *storm {
	x := &storm{Began: s.Began.UTC(), Calm: s.Calm, Over: s.Over, Affected: s.Affected, Failing: s.Failing, Members: []listed{}}
	for i := range s.Members {
		m := &s.Members[i]
		name := m.Probe
		if m.Shared.Tie != incident.NoTie {
			name = m.Shared.String()
		}
		x.Members = append(x.Members, listed{m.Incident.String(), name, m.Kind, m.Severity, m.Reason, m.Status, m.Since.UTC(), nil, m.Recovered})
	}
	return x
}

func newDigest(d *notify.Digest) *digest {
	x := &digest{
		Period: d.Period.String(), From: d.From.UTC(), Until: d.Until.UTC(), Opened: d.Opened, FalseAlarms: d.FalseAlarms,
		StillOpen: d.StillOpen, Open: listedOf(d.Open), Past: d.Past, Over: listedOf(d.Over), Promised: d.Promised, Promises: []promised{}, Dead: d.Dead,
		AckedMS: meanOf(d.Acked), RecoveredMS: meanOf(d.Recovered), Unacked: d.Unacked, Relapses: d.Relapses, Noise: []noise{}, Ending: []expires{},
	}
	for _, n := range d.Noise {
		x.Noise = append(x.Noise, noise{n.Name, n.Alerts, n.Relapses, n.FalseAlarms, n.Unacked})
	}
	for _, e := range d.Ending {
		what := "certificate"
		if e.Credential {
			what = "credential"
		}
		x.Ending = append(x.Ending, expires{e.Name, what, e.Ends.UTC()})
	}
	for i := range d.Promises {
		p := promised{Name: d.Promises[i].Name, Objective: d.Promises[i].Objective, Coverage: d.Promises[i].Coverage}
		if d.Promises[i].Judged {
			p.Attained, p.Left = &d.Promises[i].Attained, &d.Promises[i].Left
		}
		x.Promises = append(x.Promises, p)
	}
	return x
}

func meanOf(m notify.DigestMean) *int64 {
	if m.Of == 0 {
		return nil
	}
	ms := m.Time.Milliseconds()
	return &ms
}

func listedOf(all []notify.DigestIncident) []listed {
	list := []listed{}
	for i := range all {
		x := &all[i]
		list = append(list, listed{x.ID.String(), x.Probe, x.Kind, x.Severity, x.Reason, x.Status, x.Since.UTC(), instant(x.Until), !x.Until.IsZero()})
	}
	return list
}
