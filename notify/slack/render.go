package slack

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

const (
	mostHeadline = 300 // of the line about the cause
	leastMeaning = 40  // less of what it means says nothing
)

// render gives the message a form, which may break Slack's limits.
func (s story) render(f form) rendered {
	switch {
	case s.Body.Notice != notify.NoNotice:
		return s.renderNotice(f)
	case s.Body.Storm != nil && !s.answers():
		return s.standing().renderStorm(f)
	case s.Body.Digest != nil:
		return s.renderDigest(f)
	}
	if s.Body.Chart != 0 {
		return s.renderChart(f)
	}
	if s.answers() {
		return s.renderAnswer(f)
	}
	s = s.standing()
	emoji, colour := s.signal()
	said := s.sentence()
	if s.place == placeLine {
		return s.compose(f, colour, said, slack.NewSectionBlock(markdown(emoji+" "+s.line()), nil, nil), nil)
	}
	return s.compose(f, colour, said, slack.NewSectionBlock(markdown(emoji+" "+s.headline()), nil, nil), s.details(f))
}

// compose puts a message together from the sentence, the headline, and the details. Who is called
// is called in any form.
func (s story) compose(f form, colour, sentence string, headline slack.Block, details []slack.Block) rendered {
	r := rendered{form: f, text: escape(sentence)}
	if f >= formPlain {
		if mention := s.mention(); mention != "" {
			r.text += " " + mention
		}
		return r
	}
	r.blocks = []slack.Block{headline}
	switch {
	case f >= formHeadline || len(details) == 0:
	case s.style == StyleBlocks:
		r.blocks = append(r.blocks, details...)
	default:
		r.bar = &slack.Attachment{Color: colour, Fallback: r.text, Blocks: slack.Blocks{BlockSet: details}}
	}
	return r
}

// details are what supports the headline.
func (s story) details(f form) []slack.Block {
	details := []slack.Block{slack.NewSectionBlock(nil, s.fields(), nil)}
	for _, section := range []string{s.evidence(), s.known(), s.checkNext()} {
		if section != "" {
			details = append(details, slack.NewSectionBlock(markdown(section), nil, nil))
		}
	}
	if drawn := s.chart(); drawn != "" && f < formNoChart {
		details = append(details, slack.NewContextBlock("", markdown(drawn)))
	}
	if actions := s.actions(); actions != nil {
		details = append(details, actions)
	}
	return append(details, slack.NewContextBlock("", s.footer()...))
}

// markdown is text in which nothing becomes a link or a mention by itself.
func markdown(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

// over reports whether nobody has to act any more.
func (s story) over() bool {
	switch s.Change {
	case incident.Resolved, incident.Settled, incident.Withdrawn:
		return true
	}
	return false
}

// word is the state in a word or two.
func (s story) word() string {
	word := fill(s.words.headlines[s.Change], "word", s.condition().word)
	if s.flapping() {
		word += s.words.flaps
	}
	if s.did == incident.FalseAlarmed {
		word = fill(s.words.facts.falseAlarm, "word", word)
	}
	return word
}

// headline is what must be seen: the state, what it is about, the cause, and who is called.
func (s story) headline() string {
	name := prose(s.name(), maxName)
	if s.publicURL != "" {
		name = link(s.publicURL+"/incidents/"+s.id().String(), name)
	}
	first := "*" + s.word() + "* · *" + name + "*"
	if severity := s.Body.Severity; !s.over() && severity != probe.NoSeverity {
		first += "   " + code(severity.String(), maxPlace)
	}
	second := s.causeLine("")
	if room := mostHeadline - unitsOf(second) - 2; room >= leastMeaning {
		second = s.causeLine(clamp(s.meaning(), room))
	}
	lines := []string{first, second}
	if mention := s.mention(); mention != "" {
		lines = append(lines, mention)
	}
	return strings.Join(lines, "\n")
}

// causeLine says what is wrong, with what that means if there is room for it.
func (s story) causeLine(meaning string) string {
	b := s.Body
	template := s.words.causes[s.Change]
	if meaning == "" {
		template = strings.TrimSuffix(template, ". {meaning}")
	}
	return strings.TrimSpace(fill(template,
		"symptom", s.symptom(), "cause", escape(s.causeInWords()), "meaning", escape(meaning),
		"lasted", s.words.duration(b.At.Sub(b.Since)), "promised", escape(s.clock(b.Promise)), "by", s.ackedBy(),
		"recovered", escape(s.clock(b.RecoveredAt)), "openings", s.words.openings(b.Openings)))
}

// line is a change as those who follow the thread read it: a fact with a time.
func (s story) line() string {
	b := s.Body
	said := moment(b.At, "{time_secs}", s.clock(b.At)) + "  *" + s.word() + "* · " + s.causeLine("")
	if b.Failures > 0 && s.Change != incident.Acknowledged && !s.aboutCertificate() && !s.measures() {
		said += ", " + s.words.failures(b.Failures)
	}
	if s.Body.Part != 0 {
		said = prose(s.name(), maxName) + "  ·  " + said
	}
	said += escape(s.lateness())
	if mention := s.mention(); mention != "" {
		said += "  " + mention
	}
	return said
}

// meaning explains the cause in a sentence.
func (s story) meaning() string {
	if means, ok := s.words.sharedMeans[s.Body.Kind]; ok {
		return means
	}
	if entry, ok := explain(s.words.language, s.Body.Cause); ok {
		return entry.Meaning
	}
	return ""
}

// checkNext is what the catalogue says to look at.
func (s story) checkNext() string {
	entry, _ := explain(s.words.language, s.Body.Cause)
	next := entry.Next
	if own, ok := s.words.sharedNext[s.Body.Kind]; ok {
		next = strings.Split(own, "\n")
	}
	if s.over() || len(next) == 0 {
		return ""
	}
	if s.unproven() {
		next = slices.Concat([]string{s.words.unproven}, next)
	}
	var list strings.Builder
	list.WriteString("*" + s.words.next + "*")
	for _, what := range next[:min(len(next), maxNext)] {
		list.WriteString("\n• " + escape(clamp(what, maxAdvice)))
	}
	return list.String()
}

// chart draws the latest results.
func (s story) chart() string {
	past := s.Body.Past
	if len(past.Recent) == 0 {
		return ""
	}
	drawn := s.words.facts.last(len(past.Recent)) + " `" + sparkline(past.Recent) + "`"
	if !past.Good.IsZero() && !s.over() {
		drawn += "  ·  " + fill(s.words.facts.lastGood, "moment", s.moment(past.Good.At))
	}
	return drawn
}

// footer is where to read on, and what else identifies the incident.
func (s story) footer() []slack.MixedElement {
	var footer []slack.MixedElement
	add := func(parts ...string) {
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		if len(parts) > 0 {
			footer = append(footer, markdown(strings.Join(parts, "  ·  ")))
		}
	}
	add(s.readOn()...)
	add(s.words.incident + " " + code(s.id().String(), maxPlace))
	labels := []string{prose(s.Body.Group, maxPlace)}
	for i, name := range slices.Sorted(maps.Keys(s.Body.Labels)) {
		if i == maxLabels {
			labels = append(labels, ellipsis)
			break
		}
		labels = append(labels, prose(name, maxLabel)+" "+prose(s.Body.Labels[name], maxLabel))
	}
	add(labels...)
	add(escape(strings.TrimSpace(s.lateness())), s.uncalled())
	return footer
}

// readOn are links: to the runbook, and to the page of the probe.
func (s story) readOn() (links []string) {
	if address := s.Body.Runbook; address != "" {
		runbook := link(address, s.words.runbook)
		if runbook == s.words.runbook {
			runbook += " " + code(address, maxURL)
		}
		links = append(links, runbook)
	}
	if s.publicURL != "" && !s.shared() && s.Body.Probe != "" {
		if page := link(s.publicURL+"/probes/"+url.PathEscape(s.Body.Probe), s.words.facts.page); page != s.words.facts.page {
			links = append(links, page)
		}
	}
	return links
}
