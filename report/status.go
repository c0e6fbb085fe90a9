package report

import (
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
	"sonde/store"
)

const day = 24 * time.Hour

// availabilityWindows are those that a status shows for every probe.
var availabilityWindows = []struct {
	name   string
	length time.Duration
}{{"24h", day}, {"7d", 7 * day}, {"30d", 30 * day}}

// Status is how everything is: the JSON of `sonde status --json` and of the API.
type Status struct {
	GeneratedAt time.Time `json:"generated_at"`
	Service     Service   `json:"service"`
	Summary     Summary   `json:"summary"`
	Probes      []Probe   `json:"probes"`
	Groups      []Group   `json:"groups,omitempty"` // those of which anything is promised
	Shared      []Shared  `json:"shared,omitempty"` // what is wrong with what several of them share
}

// Service is how sonde itself is.
type Service struct {
	Running   bool       `json:"running"`
	Version   string     `json:"version"`
	StartedAt *time.Time `json:"started_at"`
	LastWrite *time.Time `json:"last_write_at"`
	Outbox    Outbox     `json:"outbox"`

	// Damaged are databases that were set aside and still lie there.
	Damaged    []string   `json:"damaged,omitempty"`
	LastBackup *time.Time `json:"last_backup_at,omitempty"` // that the service made by itself
	Storage    *Storage   `json:"storage,omitempty"`        // while the service runs
	Heartbeat  *Heartbeat `json:"heartbeat,omitempty"`      // the same, if there is to be one
}

// Outbox is how many messages are not delivered.
type Outbox struct {
	Pending int `json:"pending"`
	Dead    int `json:"dead"`
	Dropped int `json:"dropped,omitempty"` // by people, within a month
}

// Summary counts probes by state, and the scheduled results of the last 24 hours by class.
type Summary struct {
	Up          int              `json:"up"`
	Degraded    int              `json:"degraded"`
	Down        int              `json:"down"`
	Unknown     int              `json:"unknown"`
	Maintenance int              `json:"maintenance"`
	Paused      int              `json:"paused"`
	Classes24h  map[string]int64 `json:"classes_24h"`
}

// Probe is how one probe is.
type Probe struct {
	Name         string                  `json:"name"`
	Group        string                  `json:"group"`
	URL          string                  `json:"url"`
	State        State                   `json:"state"`
	Since        *time.Time              `json:"since"`
	Last         *Last                   `json:"last"`
	Hold         *Hold                   `json:"hold,omitempty"` // while it is not asked
	Maintenance  *Work                   `json:"maintenance,omitempty"`
	Availability map[string]Availability `json:"availability"`
	Objectives   []Objective             `json:"objectives"`
	Incidents    []Incident              `json:"incidents"`

	CertificateEnds *time.Time `json:"certificate_ends_at,omitempty"` // the earliest end in the verified chain, as last seen

	Unverified bool   `json:"unverified,omitempty"` // its certificates are not verified, because the configuration says so
	Cache      *Cache `json:"cache,omitempty"`      // where requests ask whether what is known still holds

	Labels  map[string]string `json:"labels,omitempty"`
	Runbook string            `json:"runbook,omitempty"`
	ID      int64             `json:"-"` // for metrics
}

// Hold says until when a probe is not asked, and why: throttled, load_shed or server_error
// where the target has said when to come back, else a refusal of the credential that
// another request would not mend.
type Hold struct {
	Until  time.Time    `json:"until"`
	Reason probe.Reason `json:"reason"`
}

// Work is the maintenance that a probe is in.
type Work struct {
	Name   string    `json:"name"`
	Until  time.Time `json:"until"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// Last is the latest result.
type Last struct {
	At time.Time `json:"at"`
	Verdict
	LatencyMS float64 `json:"latency_ms"`
	Attempts  int     `json:"attempts"`
}

// Verdict is a judgement.
type Verdict struct {
	Status  *int          `json:"status"` // null when no status came
	Class   probe.Class   `json:"class"`
	Reason  probe.Reason  `json:"reason"`
	Retry   probe.Retry   `json:"retry"`
	Fault   probe.Fault   `json:"fault"`
	Outcome probe.Outcome `json:"outcome"`
}

// Availability is the share of the time that was good, and how much of it was seen.
type Availability struct {
	Ratio    *float64 `json:"ratio"`
	Coverage float64  `json:"coverage"`
}

// Incident is an incident that is not closed.
type Incident struct {
	ID          string         `json:"id"`
	Kind        probe.Kind     `json:"kind"`
	Phase       incident.Phase `json:"phase"`
	Severity    probe.Severity `json:"severity"`
	Cause       probe.Reason   `json:"cause"`
	Codes       map[int]int    `json:"codes"`
	OpenedAt    time.Time      `json:"opened_at"`
	Since       time.Time      `json:"since"`
	RecoveredAt *time.Time     `json:"recovered_at,omitempty"`
	RecoverBy   *time.Time     `json:"recover_by,omitempty"` // when the target said that it would be back
	Unkept      bool           `json:"unkept,omitempty"`     // an earlier word of it was not kept

	Attention
}

// NewStatus says how everything is now.
func NewStatus(s *store.Snapshot, now time.Time) *Status {
	status, spans := newStatus(s, now), spansAt(now)
	status.Probes = make([]Probe, 0, len(s.Probes))
	for i := range s.Probes {
		status.Probes = append(status.Probes, statusAt(s, i, now, spans))
	}
	return status
}

// generatedAt is the instant that a status is of.
func generatedAt(now time.Time) time.Time { return now.UTC().Truncate(time.Millisecond) }

// newStatus is the status without its probes.
func newStatus(s *store.Snapshot, now time.Time) *Status {
	status := &Status{
		GeneratedAt: generatedAt(now),
		Service: Service{
			Running: s.Service.Running, Version: s.Service.Version,
			StartedAt: maybe(s.Service.StartedAt), LastWrite: maybe(s.Service.LastWrite),
			Outbox:  Outbox{s.Service.Pending, s.Service.Dead, s.Service.Dropped},
			Damaged: s.Service.Damaged, LastBackup: maybe(s.Service.LastBackup), Storage: newStorage(s.Service.Storing),
			Heartbeat: newHeartbeat(s.Service.Storing),
		},
		Summary: Summary{Classes24h: map[string]int64{}},
		Probes:  []Probe{},
		Groups:  GroupsOf(s, now),
		Shared:  NewShared(s),
	}
	for class, n := range s.Classes {
		status.Summary.Classes24h[class.String()] = n
	}
	for i := range s.Probes {
		status.Summary.count(stateOf(&s.Probes[i], now))
	}
	return status
}

// statusAt says how the probe at a place of a snapshot is.
func statusAt(s *store.Snapshot, place int, now time.Time, spans spans) Probe {
	w := &s.Probes[place]
	p := newProbe(w, now, spans)
	p.avail(&w.Ledger, now)
	p.attend(w, s)
	return p
}

func (s *Summary) count(state State) {
	switch state {
	case Up:
		s.Up++
	case Degraded:
		s.Degraded++
	case Down:
		s.Down++
	case Maintenance:
		s.Maintenance++
	case Paused:
		s.Paused++
	default:
		s.Unknown++
	}
}

func newProbe(w *store.Watched, now time.Time, spans spans) Probe {
	state := stateOf(w, now)
	p := Probe{
		ID: int64(w.ID), Name: w.Name(), Group: w.Subject.Group, URL: w.Subject.URL, State: state, Since: maybe(sinceOf(w, state)),
		Objectives: make([]Objective, 0, len(w.Objectives)),
		Incidents:  make([]Incident, 0, len(w.State.Problems)),
		Labels:     w.Subject.Labels, Runbook: w.Subject.Runbook, Unverified: w.Subject.Unverified, CertificateEnds: maybe(w.State.Certificate.Ends.Time()),
	}
	if last := w.State.Last; !last.At.IsZero() {
		p.Last = &Last{last.At, NewVerdict(last.Verdict), milliseconds(last.Latency), last.Attempts}
	}
	if w.Policy.Conditional {
		p.Cache = newCache(w.State.Cache, now)
	}
	if hold := w.State.Hold; hold.Until.After(now) {
		p.Hold = &Hold{hold.Until, hold.Why}
	}
	if c := w.Maintenance; c != nil {
		p.Maintenance = &Work{c.Name, w.Rest.Until, c.By, c.Note}
	}
	for i, promise := range w.Objectives {
		o := objectiveOf(w, i, now, spans)
		if held := o.Status == slo.Met.String() || o.Status == slo.Unverified.String(); held && w.State.Burns(w.Policy.Budgets, promise) {
			o.Status = slo.AtRisk.String() // kept so far, but not for long
		}
		p.Objectives = append(p.Objectives, o)
	}
	for i := range w.State.Problems {
		p.Incidents = append(p.Incidents, newIncident(&w.State.Problems[i]))
	}
	return p
}

// avail says how much of the time was good.
func (p *Probe) avail(ledger *store.Ledger, now time.Time) {
	p.Availability = make(map[string]Availability, len(availabilityWindows))
	for _, window := range availabilityWindows {
		t := ledger.Tally(now.Add(-window.length), now)
		p.Availability[window.name] = Availability{ratio(t.Ratio()), t.Coverage()}
	}
}

// NewVerdict writes a verdict as scripts read it.
func NewVerdict(v probe.Verdict) Verdict {
	out := Verdict{Class: v.Class, Reason: v.Reason, Retry: v.Retry, Fault: v.Fault, Outcome: v.Outcome}
	if v.Status != 0 {
		out.Status = &v.Status
	}
	return out
}

func newIncident(p *incident.Problem) Incident {
	codes := make(map[int]int, len(p.Codes))
	for _, c := range p.Codes {
		codes[int(c.Code)] = int(c.Count)
	}
	return Incident{
		ID: p.ID.String(), Kind: p.Kind, Phase: p.Phase, Severity: p.Severity, Cause: p.Cause.Reason,
		Codes: codes, OpenedAt: p.OpenedAt, Since: p.Since, RecoveredAt: maybe(p.RecoveredAt),
		RecoverBy: maybe(p.RecoverBy), Unkept: p.Unkept,
	}
}

// maybe is nil for the zero time.
func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ratio is nil for a ratio that cannot be known.
func ratio(r float64, known bool) *float64 {
	if !known {
		return nil
	}
	return &r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
