package slack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// The colours of the bar beside the details.
const (
	red    = "#E01E5A"
	yellow = "#ECB22E"
	green  = "#2EB67D"
	blue   = "#36C5F0"
	grey   = "#8D8D8D"
)

// render gives the message a form, which may break Slack's limits.
func (s story) render(f form) rendered {
	if s.Body.Notice != notify.NoNotice {
		return s.renderNotice(f)
	}
	if s.answers() {
		return s.renderAnswer(f)
	}
	emoji, colour := s.signal()
	return s.compose(f, colour, escape(s.sentence()), slack.NewSectionBlock(markdown(emoji+" "+s.headline()), nil, nil), s.details(f))
}

// compose puts a message together from what it says, its headline, and its details.
func (s story) compose(f form, colour, text string, headline slack.Block, details []slack.Block) rendered {
	r := rendered{form: f, text: text}
	switch {
	case f >= formPlain:
		return r
	case f >= formHeadline:
		r.blocks = []slack.Block{headline}
		return r
	case s.style == StyleBlocks:
		r.blocks = append([]slack.Block{headline}, details...)
		return r
	}
	r.blocks = []slack.Block{headline}
	if len(details) > 0 {
		r.bar = &slack.Attachment{Color: colour, Fallback: text, Blocks: slack.Blocks{BlockSet: details}}
	}
	return r
}

// details are what supports the headline.
func (s story) details(form) []slack.Block {
	details := []slack.Block{slack.NewSectionBlock(nil, s.fields(), nil)}
	if next := s.checkNext(); next != "" {
		details = append(details, slack.NewSectionBlock(markdown(next), nil, nil))
	}
	return append(details, slack.NewContextBlock("", s.footer()...))
}

// markdown is text in which nothing becomes a link or a mention by itself.
func markdown(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

// signal is how the state looks at a glance. The words say the same.
func (s story) signal() (emoji, colour string) {
	switch {
	case s.Change == incident.Resolved || s.Change == incident.Settled:
		return ":large_green_circle:", green
	case s.Change == incident.Withdrawn:
		return ":white_circle:", grey
	case s.Body.Kind == probe.KindAuthFailed:
		return ":lock:", red
	}
	switch s.Body.Severity {
	case probe.Critical:
		return ":red_circle:", red
	case probe.Warning:
		return ":large_yellow_circle:", yellow
	default:
		return ":large_blue_circle:", blue
	}
}

// over reports whether nobody has to act any more.
func (s story) over() bool {
	switch s.Change {
	case incident.Resolved, incident.Settled, incident.Withdrawn:
		return true
	}
	return false
}

func (s story) headline() string {
	b := s.Body
	word := fill(s.words.headlines[s.Change], "word", s.condition().word)
	if s.flapping() {
		word += s.words.flaps
	}
	name := prose(s.name(), maxName)
	if s.publicURL != "" {
		name = link(s.publicURL+"/incidents/"+s.id().String(), name)
	}
	cause := fill(s.words.causes[s.Change],
		"symptom", s.symptom(), "cause", escape(s.causeInWords()), "meaning", escape(s.meaning()),
		"lasted", s.words.duration(b.At.Sub(b.Since)), "promised", escape(s.clock(b.Promise)),
		"recovered", escape(s.clock(b.RecoveredAt)), "openings", s.words.openings(b.Openings))
	return "*" + word + "* · *" + name + "*\n" + strings.TrimSpace(cause)
}

func (s story) fields() []*slack.TextBlockObject {
	var fields []*slack.TextBlockObject
	add := func(title, text string) {
		if text != "" {
			fields = append(fields, markdown("*"+title+"*\n"+text))
		}
	}
	b, w := s.Body, s.words
	failing := w.failing
	if s.over() {
		failing = w.failed
		ended := b.At
		if s.Change == incident.Settled {
			ended = b.RecoveredAt
		}
		add(w.trouble, s.moment(b.Since)+" → "+s.moment(ended))
	} else {
		add(w.started, s.moment(b.Since)+" ("+moment(b.Since, "{ago}", s.clock(b.Since))+")")
	}
	v := b.Cause
	if b.Kind != probe.KindLatency { // its answers are right
		add(w.cause, fill(w.causeLine, "reason", code(v.Reason.String(), maxPlace), "class", v.Class.TitleIn(w.language),
			"retry", code(v.Retry.String(), maxPlace), "fault", code(v.Fault.String(), maxPlace)))
	}
	add(w.evidence, s.evidence())
	if s.shared() {
		add(w.members, prose(s.hit(), maxURL))
		add(w.location, code(b.Location, maxPlace))
		return fields
	}
	request := code(strings.TrimSpace(b.Method+" "+b.URL), maxURL)
	if b.Unverified {
		request += "\n" + w.unverified
	}
	add(w.check, request)
	if s.aboutCertificate() {
		add(w.ends, s.moment(b.Ends))
	} else {
		if b.Kind != probe.KindCache && b.Kind != probe.KindNoData && b.Kind != probe.KindLatency { // its answers were good, or there were none
			add(failing, s.failing())
		}
	}
	add(w.location, code(b.Location, maxPlace))
	if !b.RecoverBy.IsZero() && !s.over() {
		add(w.back, s.moment(b.RecoverBy))
	}
	add(w.budget, s.budgets())
	return fields
}

// evidence says who answered, and by which trace the request is found.
func (s story) evidence() string {
	line := prose(s.Body.Gateway, maxAdvice)
	if s.Body.Trace != "" {
		line += "\n" + s.words.trace + " " + code(s.Body.Trace, maxPlace)
	}
	return strings.TrimSpace(line)
}

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
	return strings.TrimSpace(line + "\n" + strings.Join(seen, ", "))
}

func (s story) budgets() string {
	var lines []string
	for _, b := range s.Body.Budgets[:min(len(s.Body.Budgets), maxBudgets)] {
		lines = append(lines, s.budget(b))
	}
	return strings.Join(lines, "\n")
}

func (s story) budget(b notify.BudgetFact) string {
	if !b.Judged || b.Total <= 0 {
		return fill(s.words.noBudget, "objective", b.Objective.String())
	}
	return fill(s.words.budgetLine, "objective", b.Objective.String(), "spent", s.words.duration(b.Spent),
		"total", s.words.duration(b.Total), "share", fmt.Sprintf("%.1f%%", 100*float64(b.Spent)/float64(b.Total)))
}

// meaning explains the cause in a sentence.
func (s story) meaning() string {
	if means, ok := s.words.sharedMeans[s.Body.Kind]; ok {
		return means
	}
	if entry, ok := explain(s.words.language, s.Body.Cause); ok {
		return clamp(entry.Meaning, maxAdvice)
	}
	return ""
}

func (s story) checkNext() string {
	entry, _ := explain(s.words.language, s.Body.Cause)
	next := entry.Next
	if own, ok := s.words.sharedNext[s.Body.Kind]; ok {
		next = strings.Split(own, "\n")
	}
	if s.over() || len(next) == 0 {
		return ""
	}
	var list strings.Builder
	list.WriteString("*" + s.words.next + "*")
	for _, what := range next[:min(len(next), maxNext)] {
		list.WriteString("\n• " + prose(what, maxAdvice))
	}
	return list.String()
}

func (s story) footer() []slack.MixedElement {
	var footer []slack.MixedElement
	add := func(text string) { footer = append(footer, markdown(text)) }
	if address := s.Body.Runbook; address != "" {
		runbook := link(address, s.words.runbook)
		if runbook == s.words.runbook {
			runbook += " " + code(address, maxURL)
		}
		add(runbook)
	}
	add(s.words.incident + " " + code(s.id().String(), maxPlace))
	if s.Body.Group != "" {
		add(prose(s.Body.Group, maxPlace))
	}
	for i, name := range slices.Sorted(maps.Keys(s.Body.Labels)) {
		if i == maxLabels {
			add(ellipsis)
			break
		}
		add(prose(name, maxLabel) + " " + prose(s.Body.Labels[name], maxLabel))
	}
	return footer
}
