package slack

import (
	"strings"

	"sonde/notify"
	"sonde/probe"
)

// Bounds of what is shown of a sight, in UTF-16 units.
const (
	maxNote  = 200
	maxHead  = 160 // a line of the head of an answer
	maxShown = 600 // of the body
	maxHeads = 4
	maxNotes = 2

	maxRetold = 600 // of a sentence in another language, with what marks the facts in it
)

// evidence is what was seen: what was expected and what came, and the answer.
func (s story) evidence() string {
	seen := s.Body.Seen
	if seen.IsZero() || s.over() {
		return ""
	}
	lines := []string{"*" + s.words.evidence + "*"}
	for _, note := range seen.Notes[:min(len(seen.Notes), maxNotes)] {
		lines = append(lines, "• "+s.retold(note))
	}
	if seen.Error != "" {
		lines = append(lines, "• "+s.retold(seen.Error))
	}
	answer := plain(seen.StatusLine, maxHead)
	for _, line := range seen.Header[:min(len(seen.Header), maxHeads)] {
		answer += "\n" + plain(line, maxHead)
	}
	answer += "\n" + clamp(seen.Excerpt, maxShown)
	if answer = fence(answer, (1+maxHeads)*(maxHead+1)+maxShown); answer != "" {
		lines = append(lines, answer)
	}
	if len(lines) == 1 {
		return ""
	}
	return strings.Join(lines, "\n")
}

// retold is what evidence says, in the language of the message; what has no other words than those
// of the target or the system stays as it is, as code.
func (s story) retold(said string) string {
	if told, ok := s.retell(said); ok {
		return told
	}
	return code(said, maxNote)
}

// retell says evidence in the language of the message; false if it cannot.
func (s story) retell(said string) (told string, ok bool) {
	told, ok = probe.Retell(s.words.language, said, func(fact string) string { return code(fact, maxNote) })
	return told, ok && unitsOf(told) <= maxRetold
}

// known answers those of the questions that come next which sonde can answer.
func (s story) known() string {
	if s.over() {
		return ""
	}
	lines := s.needs()
	for _, remark := range []string{s.remark(), s.dependents(), s.heldBack()} {
		lines = append(lines, escape(strings.TrimSuffix(strings.TrimSpace(remark), ".")))
	}
	lines = append(lines, s.compared(), s.phase(), s.whoAnswered(), s.asked(), s.certificate(), s.trace())
	list := ""
	for _, line := range lines {
		if line != "" {
			list += "\n• " + line
		}
	}
	if list == "" {
		return ""
	}
	return "*" + s.words.facts.known + "*" + list
}

// needs are how those stand that the probe depends on.
func (s story) needs() (lines []string) {
	w := &s.words.facts
	var up []string
	for _, n := range s.Body.Needs {
		name := code(n.Name, maxPlace)
		if n.Standing == notify.StandingUp {
			up = append(up, name)
			continue
		}
		cause := ""
		if n.Cause.Outcome != probe.Good && n.Standing != notify.StandingUnknown {
			cause = " (" + s.named(n.Cause) + ")"
		}
		if n.Since.IsZero() {
			lines = append(lines, fill(w.needNever, "name", name, "standing", w.standings[n.Standing]))
			continue
		}
		lines = append(lines, fill(w.need, "name", name, "standing", w.standings[n.Standing], "since", s.moment(n.Since), "cause", cause))
	}
	if len(up) > 0 {
		lines = append(lines, fill(w.needs, "names", strings.Join(up, ", ")))
	}
	return lines
}

// named is a verdict in short: the status code with its name, or the reason. It is escaped.
func (s story) named(v probe.Verdict) string {
	if v.Status != 0 {
		return escape(status(s.words.language, v.Status))
	}
	return fill(s.words.facts.reason, "reason", v.Reason.String(), "name", escape(reasonName(s.words.language, v.Reason)))
}

// compared is the last good result beside what comes now.
func (s story) compared() string {
	good := s.Body.Past.Good
	if good.IsZero() || s.Body.Cause.Outcome == probe.Good {
		return ""
	}
	now := s.named(s.Body.Cause)
	if took := s.Body.Seen.Timings.Total; took > 0 {
		now += ", " + s.words.took(inMS(took))
	}
	return fill(s.words.facts.compared, "then", s.outcome(good)+", "+s.words.took(inMS(good.Took)), "now", now, "moment", s.moment(good.At))
}

// phase is where it failed, and how long each phase took.
func (s story) phase() string {
	seen, w := s.Body.Seen, &s.words.facts
	if seen.Phase == "" {
		return ""
	}
	var times []string
	for _, x := range notify.Phases(&seen.Timings) {
		times = append(times, w.phases[x.Phase]+" "+s.words.took(inMS(x.Took)))
	}
	if len(times) == 0 {
		times = []string{s.words.took(inMS(seen.Timings.Total))}
	}
	return fill(w.phase, "phase", w.phases[seen.Phase], "times", strings.Join(times, " · "))
}

// whoAnswered is who answered.
func (s story) whoAnswered() string {
	switch by := s.Body.Seen.By; {
	case s.Body.Gateway != "":
		told, ok := s.retell(s.Body.Gateway)
		if !ok {
			told = prose(s.Body.Gateway, maxAdvice)
		}
		return fill(s.words.facts.by, "by", told)
	case by != "":
		return fill(s.words.facts.by, "by", s.retold(by))
	}
	return ""
}

// asked is the address that was asked.
func (s story) asked() string {
	seen, w := s.Body.Seen, &s.words.facts
	if seen.Address == "" {
		return ""
	}
	at := fill(w.address, "address", code(seen.Address, maxPlace))
	if seen.Proxy != "" {
		at += fill(w.through, "proxy", code(seen.Proxy, maxPlace))
	}
	return at
}

// certificate is which certificate was refused, and until when the last good one lasts.
func (s story) certificate() string {
	c, w := s.Body.Seen.Certificate, &s.words.facts
	if c == nil {
		return ""
	}
	line := fill(w.certificate, "subject", code(c.Subject, maxPlace), "issuer", code(c.Issuer, maxPlace),
		"from", s.moment(c.NotBefore), "until", s.moment(c.NotAfter))
	if ends := s.Body.Secured; !ends.IsZero() {
		line += "\n• " + fill(w.secured, "until", s.moment(ends))
	}
	return line
}

// trace is by what the request is found.
func (s story) trace() string {
	if s.Body.Trace == "" {
		return ""
	}
	return fill(s.words.facts.trace, "trace", code(s.Body.Trace, maxPlace))
}
