package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
	"sonde/text"
)

// PastIncident is an incident of any phase: the JSON of `sonde incidents --json`.
type PastIncident struct {
	ID          string         `json:"id"`
	Probe       string         `json:"probe"`           // or what several share, for people
	Scope       string         `json:"scope,omitempty"` // what several share, as in a status
	Kind        probe.Kind     `json:"kind"`
	Phase       incident.Phase `json:"phase"`
	Severity    probe.Severity `json:"severity"`
	Peak        *probe.Kind    `json:"peak,omitempty"` // the worst it was, of what is open and not as bad any more
	Cause       probe.Reason   `json:"cause"`
	Status      *int           `json:"status"` // null when no status came
	Codes       map[int]int    `json:"codes"`  // 0: no answer
	Failures    int            `json:"failures"`
	Openings    int            `json:"openings"`
	Since       time.Time      `json:"since"`
	OpenedAt    time.Time      `json:"opened_at"`
	RecoveredAt *time.Time     `json:"recovered_at"`
	ClosedAt    *time.Time     `json:"closed_at"`
	LastedMS    int64          `json:"lasted_ms"`  // up to now while it is open
	RecoverBy   *time.Time     `json:"recover_by"` // when the target said that it would be back; null if it did not

	Attention

	Destinations []Reach `json:"destinations,omitempty"` // how far word of it has got; of a list: of those that are open
}

// Story is an incident with all that happened to it: the JSON of `sonde incidents ID --json`.
type Story struct {
	PastIncident
	Timeline []Moment  `json:"timeline"` // the oldest first
	Evidence []Exhibit `json:"evidence"` // what its runs saw, the oldest first; the same sight in a row once
	Told     []Telling `json:"told"`     // where people read of it
}

// Telling is where a destination keeps the conversation about an incident.
type Telling struct {
	Destination string `json:"destination"`
	Link        string `json:"link"` // to its first message; empty: nobody knows it
}

// Exhibit is what a run that was not good saw.
type Exhibit struct {
	At       time.Time `json:"at"`
	Attempts []Attempt `json:"attempts"`
}

// Moment is something that happened to an incident.
type Moment struct {
	At     time.Time       `json:"at"`
	Change incident.Change `json:"change"`
	Cause  probe.Reason    `json:"cause"`
	Status *int            `json:"status"` // null when no status came
}

// NewIncidents writes incidents as scripts read them.
func NewIncidents(records []store.IncidentRecord, now time.Time) []PastIncident {
	all := make([]PastIncident, 0, len(records))
	for i := range records {
		all = append(all, newPastIncident(&records[i], now))
	}
	return all
}

func newPastIncident(r *store.IncidentRecord, now time.Time) PastIncident {
	x := PastIncident{
		ID: r.ID.String(), Probe: r.Name, Scope: scopeOf(r.Scope), Kind: r.Kind, Phase: r.Phase, Severity: r.Severity, Cause: r.Cause, Status: statusOf(r.Status),
		Codes: r.Codes, Failures: r.Failures, Openings: r.Openings, Since: r.Since, OpenedAt: r.OpenedAt,
		RecoveredAt: maybe(r.RecoveredAt), ClosedAt: maybe(r.ClosedAt), RecoverBy: maybe(r.RecoverBy),
	}
	if down := probe.KindDown; r.WasDown {
		x.Peak = &down
	}
	if x.Codes == nil {
		x.Codes = map[int]int{}
	}
	if !r.AckedAt.IsZero() {
		x.AcknowledgedAt, x.AcknowledgedBy, x.Note = &r.AckedAt, r.AckedBy, r.Note
	}
	if !r.FalseAlarmAt.IsZero() {
		x.FalseAlarmAt, x.FalseAlarmBy = &r.FalseAlarmAt, r.FalseAlarmBy
	}
	if h := r.Held; h != nil && h.Open {
		x.hold(h.Why.String(), h.Until)
	}
	end := now
	switch { // one that was withdrawn never recovered
	case !r.RecoveredAt.IsZero():
		end = r.RecoveredAt
	case !r.ClosedAt.IsZero():
		end = r.ClosedAt
	}
	x.LastedMS = max(0, end.Sub(r.Since)).Milliseconds()
	return x
}

// NewStory writes an incident and its timeline.
func NewStory(r *store.IncidentRecord, timeline []store.Moment, now time.Time) *Story {
	s := &Story{newPastIncident(r, now), make([]Moment, 0, len(timeline)), []Exhibit{}, []Telling{}}
	for _, m := range timeline {
		s.Timeline = append(s.Timeline, Moment{m.At, m.Change, m.Reason, statusOf(m.Status)})
	}
	return s
}

// Witness adds what runs saw, the newest first, as the store reads it.
func (s *Story) Witness(sights []store.Sight) {
	for _, seen := range slices.Backward(sights) {
		sight := Exhibit{seen.At, make([]Attempt, 0, len(seen.Attempts))}
		for i := range seen.Attempts {
			sight.Attempts = append(sight.Attempts, newAttempt(&seen.Attempts[i]))
		}
		s.Evidence = append(s.Evidence, sight)
	}
}

// Say adds where people read of it.
func (s *Story) Say(conversations []store.Conversation) {
	for _, c := range conversations {
		s.Told = append(s.Told, Telling{c.Destination, c.Link})
	}
}

// statusOf is nil for no status code.
func statusOf(code int) *int {
	if code == 0 {
		return nil
	}
	return &code
}

func (x *PastIncident) lasted() time.Duration { return time.Duration(x.LastedMS) * time.Millisecond }

// kind is the kind as people read it.
func (x *PastIncident) kind() string {
	if x.Peak != nil {
		return x.Kind.String() + " (was " + x.Peak.String() + ")"
	}
	return x.Kind.String()
}

// WriteIncidents writes a list of incidents as people read it.
func WriteIncidents(w io.Writer, all []PastIncident) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no incidents")
		return err
	}
	cells := [][]string{{"ID", "KIND", "PHASE", "SEVERITY", "PROBE", "SINCE (UTC)", "OPENED", "RECOVERED", "LASTED", "CAUSE", "CODES"}}
	for i := range all {
		x := &all[i]
		cells = append(cells, []string{
			x.ID, x.kind(), x.Phase.String(), x.Severity.String(), text.Printable(x.Probe, 40), x.Since.Format(secondLayout),
			x.OpenedAt.Format(secondLayout), moment(x.RecoveredAt), Span(x.lasted()), x.Cause.String(), codes(x.Codes),
		})
	}
	lines := align(cells)
	if line := falseAlarms(all); line != "" {
		lines = append(lines, "", line)
	}
	if more := untold(all); len(more) > 0 {
		lines = append(append(lines, ""), more...)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// falseAlarms says how many of some incidents people call false alarms; empty if none.
func falseAlarms(all []PastIncident) string {
	var ids []string
	for i := range all {
		if all[i].FalseAlarmAt != nil {
			ids = append(ids, all[i].ID)
		}
	}
	switch len(ids) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("1 of %d was a false alarm: %s", len(all), ids[0])
	}
	const shown = 10
	list := strings.Join(ids[:min(len(ids), shown)], ", ")
	if len(ids) > shown {
		list += " …"
	}
	return fmt.Sprintf("%d of %d were false alarms: %s", len(ids), len(all), list)
}

func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(secondLayout)
}

// WriteText writes an incident and its timeline as people read them.
func (s *Story) WriteText(w io.Writer) error {
	lines := []string{fmt.Sprintf("%s  %s on %s, %s, %s", s.ID, s.kind(), text.Printable(s.Probe, 40), s.Severity, s.Phase), ""}
	facts := [][]string{
		{"  since", s.Since.Format(secondLayout) + " UTC"},
		{"  opened", moment(&s.OpenedAt)},
		{"  recovered", moment(s.RecoveredAt)},
		{"  closed", moment(s.ClosedAt)},
		{"  lasted", Span(s.lasted())},
		{"  cause", cause(s.Cause, s.Status)},
		{"  codes", codes(s.Codes)},
		{"  failures", strconv.Itoa(s.Failures)},
		{"  openings", strconv.Itoa(s.Openings)},
	}
	if s.AcknowledgedAt != nil {
		said := moment(s.AcknowledgedAt) + " by " + text.Printable(s.AcknowledgedBy, 40)
		if s.Note != "" {
			said += ": " + text.Printable(s.Note, maxNote)
		}
		facts = append(facts, []string{"  acknowledged", said})
	}
	if s.FalseAlarmAt != nil {
		facts = append(facts, []string{"  false alarm", moment(s.FalseAlarmAt) + " says " + text.Printable(s.FalseAlarmBy, 40)})
	}
	if s.SilencedUntil != nil {
		facts = append(facts, []string{"  silenced until", moment(s.SilencedUntil)})
	} else if s.Withheld != "" && len(s.Destinations) == 0 {
		facts = append(facts, []string{"  not told", s.Withheld})
	}
	if s.RecoverBy != nil {
		facts = append(facts, []string{"  announced", moment(s.RecoverBy)})
	}
	facts = append(facts, s.told()...)
	lines = append(lines, align(facts)...)
	lines = append(lines, "", "  timeline")
	var cells [][]string
	for _, m := range s.Timeline {
		cells = append(cells, []string{"  " + m.At.Format(secondLayout), m.Change.String(), cause(m.Cause, m.Status)})
	}
	lines = append(lines, align(cells)...)
	for _, seen := range s.Evidence {
		lines = append(lines, "", "  seen at "+seen.At.Format(secondLayout)+" UTC")
		for i := range seen.Attempts {
			for _, line := range seen.Attempts[i].lines(i+1, Screen{}) {
				lines = append(lines, "  "+line)
			}
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// told says where people heard of it, and where they did not.
func (s *Story) told() (facts [][]string) {
	for i := range s.Destinations {
		facts = append(facts, []string{"  " + s.Destinations[i].word(), s.Destinations[i].line()})
	}
	for _, told := range s.Told {
		if told.Link != "" && len(s.Destinations) == 0 {
			facts = append(facts, []string{"  told", text.Printable(told.Destination, 40) + " " + text.Printable(told.Link, 200)})
		}
	}
	return facts
}

// cause is a reason with the status code that came with it.
func cause(reason probe.Reason, status *int) string {
	if status == nil {
		return reason.String()
	}
	return fmt.Sprintf("%s (%d)", reason, *status)
}
