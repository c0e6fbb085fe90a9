package webhook

import (
	"cmp"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// formatVersion is that of the body. It changes only if a receiver has to.
const formatVersion = 1

// payload is the body.
type payload struct {
	Version     int        `json:"version"`
	Event       string     `json:"event"`
	DeliveryID  string     `json:"delivery_id"`
	DedupeKey   string     `json:"dedupe_key"`
	Attempt     int        `json:"attempt"`
	Repeat      bool       `json:"repeat"`
	Quiet       bool       `json:"quiet"`
	CreatedAt   time.Time  `json:"created_at"`
	SentAt      time.Time  `json:"sent_at"`
	Destination string     `json:"destination"`
	Location    string     `json:"location"`
	Text        string     `json:"text,omitempty"` // a sentence for people
	Incident    *about     `json:"incident,omitempty"`
	Probe       *target    `json:"probe,omitempty"`  // that the incident is about
	Shared      *shared    `json:"shared,omitempty"` // or what several probes share
	Gateway     *gateway   `json:"gateway,omitempty"`
	Budgets     []budget   `json:"budgets,omitempty"`
	Dependents  *dependent `json:"dependents,omitempty"`
	DependsOn   []need     `json:"depends_on,omitempty"` // how those stand that it depends on
	Evidence    *evidence  `json:"evidence,omitempty"`
	Answer      *answer    `json:"answer,omitempty"` // what somebody did, of events about that
	Instead     *instead   `json:"instead_of,omitempty"`
	Storm       *storm     `json:"storm,omitempty"`
	Digest      *digest    `json:"digest,omitempty"`
	Service     *service   `json:"service,omitempty"` // of events about sonde itself
}

// about is the incident.
type about struct {
	ID         string         `json:"id"`
	PartOf     string         `json:"part_of,omitempty"` // the larger incident that people hear of instead
	URL        string         `json:"url,omitempty"`
	Kind       probe.Kind     `json:"kind"`
	Severity   probe.Severity `json:"severity"`
	Change     string         `json:"change"`
	At         time.Time      `json:"at"`    // of this change
	Since      time.Time      `json:"since"` // the first result of the trouble
	OpenedAt   time.Time      `json:"opened_at"`
	Recovered  *time.Time     `json:"recovered_at,omitempty"`
	LastedMS   int64          `json:"lasted_ms"` // from since to this change
	Failures   int            `json:"failures"`
	Openings   int            `json:"openings"` // 1, and one more for every relapse
	Flapping   bool           `json:"flapping,omitempty"`
	Late       bool           `json:"late,omitempty"` // it tells of the whole incident: nothing could be told while it lasted
	Acked      *answer        `json:"acknowledged,omitempty"`
	Cause      verdict        `json:"cause"`
	Codes      map[string]int `json:"codes"` // how often each status code was seen; 0: no answer
	Reading    *reading       `json:"reading,omitempty"`
	Worked     string         `json:"worked,omitempty"` // of client_fault: never, until_since, at_times; of down and auth_failed: never
	RecoverBy  *time.Time     `json:"recover_by,omitempty"`
	Promise    *time.Time     `json:"promised_by,omitempty"` // the announced time that it is held to
	Ends       *time.Time     `json:"certificate_ends_at,omitempty"`
	AnsweredBy string         `json:"answered_by,omitempty"`
	TraceID    string         `json:"trace_id,omitempty"`
	Held       *held          `json:"held,omitempty"`
}

// verdict is what the cause is, as in the API.
type verdict struct {
	Status  int           `json:"status,omitempty"` // left out when no status came
	Class   probe.Class   `json:"class"`
	Reason  probe.Reason  `json:"reason"`
	Retry   probe.Retry   `json:"retry"`
	Fault   probe.Fault   `json:"fault"`
	Outcome probe.Outcome `json:"outcome"`
}

// reading is what the rule has measured.
type reading struct {
	Unit    string  `json:"unit"` // ms, ratio, burn_rate, results, probes
	Now     float64 `json:"now"`
	Usual   float64 `json:"usual"` // what it would be otherwise, or may be at the most
	Samples int     `json:"samples,omitempty"`
	OverMS  int64   `json:"over_ms,omitempty"`
}

// target is the probe.
type target struct {
	Name       string            `json:"name"`
	Group      string            `json:"group,omitempty"`
	URL        string            `json:"url"` // without user and values of its query
	Method     string            `json:"method"`
	IntervalMS int64             `json:"interval_ms"`
	Runbook    string            `json:"runbook,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Unverified bool              `json:"unverified,omitempty"` // certificates are not verified
}

// shared is what several probes share.
type shared struct {
	Tie     string   `json:"tie"` // prober, network, credential, host, parent, group
	Key     string   `json:"key"` // which one
	Members []string `json:"members"`
}

// gateway is for those that act by themselves.
type gateway struct {
	State string `json:"state"` // open, half_open, closed
	Tie   string `json:"tie"`   // host, or parent: the probe that they depend on
	Key   string `json:"key"`
}

type held struct {
	Why   string    `json:"why"`
	By    string    `json:"by,omitempty"`
	Since time.Time `json:"since"`
}

type budget struct {
	Objective string   `json:"objective"`
	SpentMS   int64    `json:"spent_ms"`
	TotalMS   int64    `json:"total_ms"`
	Ratio     *float64 `json:"spent_ratio,omitempty"` // left out while nothing was judged
}

type dependent struct {
	Total   int      `json:"total"`
	Failing int      `json:"failing"`
	Names   []string `json:"names,omitempty"` // the first of those that fail
}

// service is what happened to sonde itself.
type service struct {
	Notice string     `json:"notice"`
	Since  *time.Time `json:"since,omitempty"`
	At     time.Time  `json:"at"`
	Lost   int64      `json:"lost_results,omitempty"`
}

// newPayload says all that a message has to say. It holds nothing that depends on the attempt.
func newPayload(m *notify.Message, publicURL string) *payload {
	b := &m.Body
	p := &payload{
		Version: formatVersion, Event: eventOf(m), DedupeKey: m.Key, Attempt: m.Attempts + 1, Repeat: m.Repeat, Quiet: b.Quiet,
		CreatedAt: m.CreatedAt.UTC(), Destination: m.Destination, Location: b.Location,
	}
	switch {
	case b.Notice != notify.NoNotice:
		p.Service = &service{Notice: b.Notice.String(), Since: instant(b.Since), At: b.At.UTC(), Lost: b.Lost}
	case b.Storm != nil:
		p.Storm = newStorm(b.Storm)
	case b.Digest != nil:
		p.Digest = newDigest(b.Digest)
	case m.Incident != 0:
		p.Incident = newAbout(m, publicURL)
		p.Evidence, p.Answer = newEvidence(&b.Seen), newAnswer(&b.Answer)
		p.parties(b)
		p.gateway(m)
	}
	p.Instead = newInstead(&b.Instead)
	return p
}

// eventOf names what the message says.
func eventOf(m *notify.Message) string {
	switch {
	case m.Body.Notice != notify.NoNotice:
		return "service." + m.Body.Notice.String()
	case m.Body.Storm != nil:
		return "storm." + m.Change.String()
	case m.Body.Digest != nil:
		return "digest." + m.Body.Digest.Period.String()
	case m.Incident == 0:
		return "test"
	}
	return "incident." + m.Change.String()
}

// parties says whom it is about, and who suffers with it.
func (p *payload) parties(b *notify.Body) {
	if b.Shared.Tie == incident.NoTie {
		p.Probe = &target{b.Probe, b.Group, b.URL, b.Method, b.Interval.Milliseconds(), b.Runbook, b.Labels, b.Unverified}
	} else {
		p.Shared = &shared{b.Shared.Tie.String(), b.Shared.Key, append([]string{}, b.Members...)}
	}
	for _, f := range b.Budgets {
		p.Budgets = append(p.Budgets, newBudget(f))
	}
	p.DependsOn = newNeeds(b.Needs)
	if d := b.Dependents; d.Total > 0 {
		p.Dependents = &dependent{d.Total, d.Failing, d.Names}
	}
}

func newBudget(f notify.BudgetFact) budget {
	x := budget{Objective: f.Objective.String(), SpentMS: f.Spent.Milliseconds(), TotalMS: f.Total.Milliseconds()}
	if f.Judged && f.Total > 0 {
		ratio := float64(f.Spent) / float64(f.Total)
		x.Ratio = &ratio
	}
	return x
}

func newAbout(m *notify.Message, publicURL string) *about {
	b := &m.Body
	id, larger := cmp.Or(b.Part, m.Incident), ""
	if b.Part != 0 {
		larger = m.Incident.String()
	}
	a := &about{
		ID: id.String(), PartOf: larger, Kind: b.Kind, Severity: b.Severity, Change: m.Change.String(),
		At: b.At.UTC(), Since: b.Since.UTC(), OpenedAt: b.OpenedAt.UTC(), Recovered: instant(b.RecoveredAt), LastedMS: max(0, b.At.Sub(b.Since)).Milliseconds(),
		Failures: b.Failures, Openings: b.Openings, Flapping: b.Flapping, Late: b.Late, Acked: newAcked(&b.Acked), Cause: newVerdict(b.Cause), Codes: map[string]int{},
		Reading: newReading(b), RecoverBy: instant(b.RecoverBy), Promise: instant(b.Promise), Ends: instant(b.Ends),
		AnsweredBy: b.Gateway, TraceID: b.Trace,
	}
	if publicURL != "" {
		a.URL = publicURL + "/incidents/" + a.ID
	}
	for _, c := range b.Codes {
		a.Codes[strconv.Itoa(int(c.Code))] = int(c.Count)
	}
	switch b.Kind {
	case probe.KindClientFault, probe.KindDown, probe.KindAuthFailed:
		a.Worked = worked[b.Reading.Level]
	}
	if b.Held.Why != 0 {
		a.Held = &held{b.Held.Why.String(), b.Held.By, b.Held.Since.UTC()}
	}
	return a
}

// worked says what is known of whether the request ever worked.
var worked = map[int]string{incident.NeverWorked: "never", incident.WorkedUntil: "until_since", incident.WorkedOnce: "at_times"}

func newVerdict(v probe.Verdict) verdict {
	return verdict{v.Status, v.Class, v.Reason, v.Retry, v.Fault, v.Outcome}
}

// units are those of what the rules of a kind measure.
var units = map[probe.Kind]string{
	probe.KindLatency: "ms", probe.KindBudgetFast: "burn_rate", probe.KindBudgetSlow: "burn_rate", probe.KindBudgetThreshold: "ratio",
	probe.KindCodeAnomaly: "results", probe.KindGroupRate: "ratio",
}

func newReading(b *notify.Body) *reading {
	r, unit := b.Reading, units[b.Kind]
	if unit == "" && b.Shared.Tie != incident.NoTie {
		unit = "probes"
	}
	if unit == "" || r == (incident.Reading{}) {
		return nil
	}
	return &reading{unit, r.Now, r.Usual, r.Samples, r.Over.Milliseconds()}
}

// instant is nil for no instant.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
