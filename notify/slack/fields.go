package slack

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// fields are the facts beside each other, each with a title.
func (s story) fields() []*slack.TextBlockObject {
	var fields []*slack.TextBlockObject
	add := func(title, text string) {
		if text != "" && len(fields) < mostFields {
			fields = append(fields, markdown("*"+title+"*\n"+text))
		}
	}
	b, w := s.Body, s.words
	if s.over() {
		add(w.trouble, s.span())
		add(w.facts.looked, s.looked())
	} else {
		add(w.started, s.moment(b.Since)+" ("+moment(b.Since, "{ago}", s.clock(b.Since))+")")
		add(w.facts.status, s.status())
	}
	if b.Kind != probe.KindLatency { // its answers are right
		v := b.Cause
		add(w.cause, fill(w.causeLine, "reason", code(v.Reason.String(), maxPlace), "class", v.Class.TitleIn(w.language),
			"retry", code(v.Retry.String(), maxPlace), "fault", code(v.Fault.String(), maxPlace)+" ("+w.facts.faults[v.Fault]+")"))
	}
	if s.shared() {
		if s.measures() {
			add(w.budget, s.budgets())
		}
		add(w.members, prose(s.hit(), maxURL))
		add(w.location, code(b.Location, maxPlace))
		return fields
	}
	add(w.check, s.request())
	s.addMeasured(add)
	add(w.location, code(b.Location, maxPlace))
	if !b.RecoverBy.IsZero() && !s.over() {
		add(w.back, s.moment(b.RecoverBy))
	}
	add(w.budget, s.budgets())
	if s.over() && b.Past.Good.At.After(b.Since) {
		add(w.facts.now, s.point(b.Past.Good))
	}
	return fields
}

// addMeasured adds how often and how slowly.
func (s story) addMeasured(add func(title, text string)) {
	b, w := s.Body, s.words
	failing := w.failing
	if s.over() {
		failing = w.failed
	}
	switch {
	case s.aboutCertificate():
		add(w.ends, s.moment(b.Ends))
	case b.Kind == probe.KindCache, b.Kind == probe.KindNoData, b.Kind == probe.KindLatency: // answers were good, or there were none
	default:
		add(failing, s.failing())
	}
	if now, usual := s.latency(); usual > 0 {
		add(w.facts.latency, fill(w.facts.usually, "now", s.words.took(now), "usual", s.words.took(usual)))
	}
}

// latency is how long the latest answer took, and what is usual, in milliseconds; usual is 0 if
// nobody knows.
func (s story) latency() (now, usual float64) {
	b := s.Body
	if b.Kind == probe.KindLatency && b.Reading.Usual > 0 {
		return b.Reading.Now, b.Reading.Usual
	}
	took := b.Seen.Timings.Total
	if n := len(b.Past.Recent); n > 0 && (took == 0 || s.over()) {
		took = b.Past.Recent[n-1].Took
	}
	if took == 0 {
		return 0, 0
	}
	return inMS(took), inMS(b.Past.Usual)
}

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// point is a result: what came, how soon, and when; empty if there is none.
func (s story) point(p notify.Point) string {
	if p.IsZero() {
		return ""
	}
	return fill(s.words.facts.point, "status", s.outcome(p), "took", s.words.took(inMS(p.Took)), "moment", s.moment(p.At))
}

// outcome is a result in short: its status, or that no answer came.
func (s story) outcome(p notify.Point) string {
	if p.Status == 0 {
		return s.words.noAnswer
	}
	return strconv.Itoa(p.Status)
}

// span is from when to when it lasted.
func (s story) span() string {
	ended := s.Body.At
	if s.Change == incident.Settled {
		ended = s.Body.RecoveredAt
	}
	return s.moment(s.Body.Since) + " → " + s.moment(ended)
}

// status is whether somebody looks after it.
func (s story) status() string {
	a, silenced := s.Body.Acked, ""
	switch until := s.Body.Answer.Until; {
	case s.did == incident.Silenced && until.IsZero():
		silenced = "\n" + s.words.facts.silencedLong
	case s.did == incident.Silenced:
		silenced = "\n" + fill(s.words.facts.silenced, "until", s.moment(until))
	}
	if a.IsZero() {
		return s.words.facts.open + silenced
	}
	note := ""
	if a.Note != "" {
		note = ": " + prose(a.Note, maxAdvice)
	}
	return fill(s.words.facts.acked, "by", s.ackedBy(), "ago", moment(a.At, "{ago}", s.clock(a.At)), "note", note) + silenced
}

// looked is who looked after what is over; empty if nobody did.
func (s story) looked() string {
	a := s.Body.Acked
	if a.IsZero() {
		return ""
	}
	return fill(s.words.facts.lookedBy, "by", s.ackedBy(), "after", s.words.duration(a.At.Sub(s.Body.OpenedAt)))
}

// ackedBy is who looks after it.
func (s story) ackedBy() string {
	if s.Body.Acked.By == "" {
		return s.words.facts.somebody
	}
	return code(s.Body.Acked.By, maxPlace)
}

// request is what is asked.
func (s story) request() string {
	request := code(strings.Trim(s.Body.Method+" "+s.Body.URL, " "), maxURL)
	if s.Body.Unverified {
		request += "\n" + s.words.unverified
	}
	return request
}

// failing is how often it failed, with what, and how often that is usual.
func (s story) failing() string {
	line := s.words.failures(s.Body.Failures)
	if s.Body.Interval > 0 {
		line += ", " + s.words.every(s.Body.Interval)
	}
	var seen []string
	for _, c := range s.Body.Codes[:min(len(s.Body.Codes), maxCodes)] {
		name := s.words.noAnswer
		if c.Code != 0 {
			name = strconv.Itoa(int(c.Code))
		}
		seen = append(seen, name+" ×"+strconv.Itoa(int(c.Count)))
	}
	lines := []string{line, strings.Join(seen, ", ")}
	if past := s.Body.Past; past.Of > 0 && !s.over() {
		lines = append(lines, fill(s.words.facts.rate, "same", strconv.Itoa(past.Same), "of", strconv.Itoa(past.Of)))
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return line == "" }), "\n")
}

// budgets are how the promises stand, and what the trouble has cost.
func (s story) budgets() string {
	var lines []string
	for _, b := range s.Body.Budgets[:min(len(s.Body.Budgets), maxBudgets)] {
		lines = append(lines, s.budget(b))
	}
	if past := s.Body.Past; past.Known && len(lines) > 0 && past.Cost > 0 {
		lines = append(lines, fill(s.words.facts.cost, "cost", s.words.duration(past.Cost)))
	}
	return strings.Join(lines, "\n")
}

func (s story) budget(b notify.BudgetFact) string {
	if !b.Judged || b.Total <= 0 {
		return fill(s.words.noBudget, "objective", prose(s.words.objective(b.Objective), maxPlace))
	}
	line := fill(s.words.budgetLine, "objective", prose(s.words.objective(b.Objective), maxPlace), "spent", s.words.duration(b.Spent),
		"total", s.words.duration(b.Total), "share", strconv.FormatFloat(100*spentOf(b), 'f', 1, 64)+"%")
	if left := b.Total - b.Spent; left > 0 {
		return line + fill(s.words.facts.left, "left", s.words.duration(left))
	}
	return line + ", " + s.words.measures.nothing
}
