package slack

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// lateAfter is how long a message may take before it says that it is late.
const lateAfter = 2 * time.Minute

// story is one message with what is needed to tell it.
type story struct {
	notify.Message
	words     *words
	zone      *time.Location
	now       time.Time
	publicURL string // without a slash at its end; empty if there is none
	style     Style
	place     place
	did       incident.Change // what somebody did, of a first message that shows how the incident is after that
	mentions  Mentions
	buttons   bool // there is somebody to hear what is pressed
}

// Text is the one plain sentence that a message begins with, as people read it:
// the symptom, the probe, the cause, since when, and the incident. Times are UTC.
func Text(m notify.Message, now time.Time) string {
	return story{Message: m, words: &english, zone: time.UTC, now: now}.sentence()
}

// sentence is the whole message in a line. It is not escaped.
func (s story) sentence() string {
	b := s.Body
	switch {
	case b.Notice != notify.NoNotice:
		return s.notice()
	case b.Storm != nil && s.answers():
		return s.answer()
	case b.Storm != nil:
		return s.standing().storm()
	case b.Digest != nil:
		return s.digest()
	}
	if s.Body.Chart != 0 {
		return s.drawn()
	}
	if s.answers() {
		return s.answer()
	}
	if standing := s.standing(); standing.Change != s.Change {
		return standing.sentence()
	}
	is := s.condition()
	template := s.sentencesOf()[s.Change]
	if s.aboutCredential() && s.Change == incident.Resolved {
		template = s.words.credential.lasts
	}
	if anew, ok := s.words.measures.anew[b.Kind]; ok && s.Change == incident.Changed {
		template = anew
	}
	if s.Change == incident.Acknowledged {
		template = s.words.acknowledged
	}
	return s.complete(fill(template,
		"symptom", s.symptom(), "name", tamed(s.name(), maxName), "hit", s.hit(), "now", is.now, "still", is.still, "again", is.again,
		"times", s.words.ordinal(b.Openings), "cause", s.verdictInWords(), "measured", s.measured(), "better", s.words.measures.better[b.Kind], "usual", s.words.took(b.Reading.Usual), "failing", s.words.failures(b.Failures),
		"since", s.clock(b.Since), "lasted", s.words.duration(b.At.Sub(b.Since)), "promised", s.clock(b.Promise), "by", s.somebody(),
		"recovered", s.clock(b.RecoveredAt), "openings", s.words.openings(b.Openings)))
}

// maxSentence is how long the sentence may be, in UTF-16 units: a locked phone shows less, and a
// screen reader reads all of it.
const maxSentence = 300

// complete adds to a sentence as much of what else there is to say as there is room for, and what
// must be said in any case.
func (s story) complete(told string) string {
	end := s.urgency() + " " + capital(s.words.incident) + " " + s.id().String() + "." + s.lateness()
	room := maxSentence - unitsOf(end)
	told = clamp(told, room)
	flapping := ""
	if s.flapping() {
		flapping = s.words.flapping
	}
	for _, also := range []string{s.remark(), flapping, s.announcement(), s.dependents(), s.heldBack()} {
		if unitsOf(told)+unitsOf(also) <= room {
			told += also
		}
	}
	return told + end
}

// urgency is how urgent it is, where somebody has to act.
func (s story) urgency() string {
	switch s.Change {
	case incident.Opened, incident.Reopened, incident.Risen, incident.Escalated, incident.Reminded:
		return fill(s.words.urgency, "severity", s.words.severities[s.Body.Severity])
	}
	return ""
}

// somebody is who looks after it, as plain text.
func (s story) somebody() string {
	if s.Body.Acked.By == "" {
		return s.words.facts.somebody
	}
	return tamed(s.Body.Acked.By, maxPlace)
}

// lateness says how the message got here: that it is told instead of elsewhere or once more, that
// it may be a repeat, and that it is late.
func (s story) lateness() (told string) {
	b := s.Body
	switch {
	case b.Instead.Of != "" && b.Instead.Why != "":
		told += fill(s.words.instead, "of", tamed(b.Instead.Of, maxListed), "why", tamed(s.words.troubled(b.Instead.Why), maxLabel))
	case b.Instead.Of != "":
		told += fill(s.words.insteadOf, "of", tamed(b.Instead.Of, maxListed))
	}
	if b.Continued {
		told += s.words.continued
	}
	if b.Late {
		told += s.words.untold
	}
	if s.Repeat {
		told += s.words.repeat
	}
	// A reminder is dated at its deadline, which the next result notices: it is never news.
	if late := s.now.Sub(s.CreatedAt); late > lateAfter && s.Change != incident.Reminded {
		told += fill(s.words.delayed, "late", s.words.duration(late))
	}
	return told
}

// announcement tells when the target said it would be back.
func (s story) announcement() string {
	by := s.Body.RecoverBy
	switch {
	case by.IsZero() || s.over():
		return ""
	case s.Change == incident.Overdue && by.After(s.now):
		return fill(s.words.anew, "time", s.clock(by))
	case s.Change == incident.Overdue:
		return "" // the sentence says it
	case by.After(s.now):
		return fill(s.words.announced, "time", s.clock(by))
	}
	return fill(s.words.broken, "time", s.clock(by))
}

// dependents tells how those stand that depend on what is down.
func (s story) dependents() string {
	d := s.Body.Dependents
	if d.Total == 0 || s.over() {
		return ""
	}
	total := s.words.probes(d.Total)
	if d.Failing == 0 {
		return fill(s.words.dependents, "probes", total)
	}
	names := make([]string, 0, len(d.Names))
	for _, name := range d.Names {
		names = append(names, tamed(name, maxListed))
	}
	list := strings.Join(names, ", ")
	if d.Failing > len(names) {
		list += ", " + ellipsis
	}
	return fill(s.words.failingToo, "probes", total, "failing", s.words.probes(d.Failing), "names", list)
}

// heldBack tells why people hear of it only now.
func (s story) heldBack() string {
	h := s.Body.Held
	template, known := s.words.held[h.Why]
	if !known || s.over() {
		return ""
	}
	return fill(template, "by", tamed(h.By, maxListed), "since", s.clock(h.Since))
}

// flapping reports whether this is the relapse by which people hear that it comes and goes.
func (s story) flapping() bool { return s.Change == incident.Reopened && s.Body.Flapping }

// symptom is the word that everything begins with.
func (s story) symptom() string {
	if s.aboutCredential() {
		return s.words.credential.symptom
	}
	if s.Body.Kind == probe.KindCertificate {
		return s.words.certificate // its results are good, so that their symptom says nothing
	}
	if s.Body.Kind == probe.KindCache {
		return s.words.cache // the same
	}
	switch {
	case s.Body.Kind == probe.KindLatency:
		return s.words.symptoms[probe.Slow]
	case s.measures():
		return s.words.measures.symptom
	}
	cause := s.Body.Cause
	if s.counts() && cause.Symptom() == probe.Fine && cause.Status >= 100 {
		return strconv.Itoa(cause.Status/100) + "xx"
	}
	return s.words.symptoms[cause.Symptom()]
}

func (s story) condition() condition {
	if s.aboutCredential() {
		return s.words.credential.condition
	}
	if cause := s.Body.Cause; cause.Reason == probe.Unauthenticated && cause.Status == 0 {
		return s.words.unasked
	}
	return s.words.kinds[s.Body.Kind]
}

// causeInWords is what is wrong: what was measured, or the verdict.
func (s story) causeInWords() string {
	if s.measures() {
		return s.measured()
	}
	return s.verdictInWords()
}

// verdictInWords is the status where it says all, else the reason, with the status
// if there is one.
func (s story) verdictInWords() string {
	v := s.Body.Cause
	if s.aboutCertificate() && !s.over() {
		return s.end()
	}
	if codeTellsAll(v) || s.counts() && v.Status != 0 {
		return status(s.words.language, v.Status)
	}
	told := v.Reason.String()
	if entry, err := probe.ExplainIn(s.words.language, told); err == nil {
		told += " (" + entry.Name + ")"
	}
	if v.Status != 0 {
		told = status(s.words.language, v.Status) + ", " + told
	}
	return told
}

// clock is an instant in the destination's zone, with the day only if it is not
// that of the change.
func (s story) clock(t time.Time) string {
	t, at := t.In(s.zone), s.Body.At.In(s.zone)
	if t.Format(time.DateOnly) == at.Format(time.DateOnly) {
		return t.Format("15:04:05 MST")
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// fill puts facts, given as name and value, into a template. What a value holds is
// never taken for a name.
func fill(template string, facts ...string) string {
	pairs := make([]string, len(facts))
	for i := 0; i < len(facts); i += 2 {
		place, fact := "{"+facts[i]+"}", facts[i+1]
		if strings.Contains(template, place+":") {
			fact = beforeColon(fact)
		}
		pairs[i], pairs[i+1] = place, fact
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// capital begins one of our own words with a capital letter.
func capital(word string) string {
	_, first := utf8.DecodeRuneInString(word)
	return strings.ToUpper(word[:first]) + word[first:]
}
