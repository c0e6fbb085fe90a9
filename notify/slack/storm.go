package slack

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// stormWords are about so many incidents at once that they are told as one.
type stormWords struct {
	word, over, calm string
	sentences        map[incident.Change]string // facts: affected failing recovered since lasted share reason names
	shares           map[notify.ShareBy]string  // facts: count key
	reason           string                     // facts: count reason
	more             string                     // facts: n
	named            string                     // what somebody did something about; facts: n
	acked            string                     // facts: by
	incidents        string                     // the title of the list
	counts           string                     // facts: affected failing recovered
	recovered        string                     // of a member
	rest             string                     // facts: n; those that are not listed
	advice           string                     // facts: id
}

// maxNamed is how many members the sentence names.
const maxNamed = 3

// many reports whether the message is about many incidents.
func (s story) many() bool { return s.Body.Storm != nil || s.Body.Digest != nil }

// storm is a message about a storm in a line. It is not escaped.
func (s story) storm() string {
	end := s.lateness()
	facts := s.stormFacts()
	told := fill(s.words.storms.sentences[s.Change], append(facts, "names", s.stormNames(maxNamed))...)
	for n := maxNamed - 1; n > 0 && unitsOf(told+end) > maxSentence; n-- {
		told = fill(s.words.storms.sentences[s.Change], append(facts, "names", s.stormNames(n))...)
	}
	return clamp(told, maxSentence-unitsOf(end)) + end
}

// stormNames names the first members.
func (s story) stormNames(n int) string {
	b := s.Body.Storm
	names := make([]string, 0, n)
	for i := range b.Members[:min(len(b.Members), n)] {
		names = append(names, clamp(s.memberName(&b.Members[i]), maxLabel))
	}
	listed := strings.Join(names, ", ")
	if more := b.Affected - len(names); more > 0 {
		listed += fill(s.words.storms.more, "n", strconv.Itoa(more))
	}
	return listed
}

func (s story) stormFacts() []string {
	b := s.Body.Storm
	return []string{
		"affected", strconv.Itoa(b.Affected), "failing", strconv.Itoa(b.Failing), "recovered", strconv.Itoa(b.Affected - b.Failing),
		"since", s.clock(b.Began), "lasted", s.words.duration(s.Body.At.Sub(b.Began)), "share", s.stormShare(tamed), "reason", s.stormReason(),
	}
}

// stormShare says what most members have in common; empty if that is nothing.
func (s story) stormShare(show func(string, int) string) string {
	share := s.Body.Storm.Share
	if template, ok := s.words.storms.shares[share.By]; ok {
		return fill(template, "count", strconv.Itoa(share.Count), "key", show(share.Key, maxPlace))
	}
	return ""
}

// stormReason is the reason that most members have in common; empty if there is none.
func (s story) stormReason() string {
	r := s.Body.Storm.Reason
	if r.Count == 0 {
		return ""
	}
	return fill(s.words.storms.reason, "count", strconv.Itoa(r.Count), "reason", s.reasonOf(r.Reason, r.Status))
}

// reasonOf is a reason in words, with the status where it says more.
func (s story) reasonOf(reason probe.Reason, status int) string {
	s.Body.Kind, s.Body.Cause = probe.NoIncident, probe.Verdict{Reason: reason, Status: status}
	return s.verdictInWords()
}

// memberName is what a member is called. It is not escaped.
func (s story) memberName(m *notify.StormMember) string {
	s.Body.Probe, s.Body.Shared = m.Probe, m.Shared
	return tamed(s.name(), maxPlace)
}

func (s story) renderStorm(f form) rendered {
	b, w := s.Body.Storm, &s.words.storms
	emoji, colour, word := ":red_circle:", red, w.word
	switch {
	case b.Over && b.Failing == 0, s.Change == incident.Resolved:
		emoji, colour, word = ":large_green_circle:", green, w.over
	case s.Body.Severity < probe.Critical, !b.Acked.IsZero():
		emoji, colour = ":large_yellow_circle:", yellow
	}
	if b.Calm && !b.Over {
		word += w.calm
	}
	counts := fill(w.counts, "affected", strconv.Itoa(b.Affected), "failing", strconv.Itoa(b.Failing), "recovered", strconv.Itoa(b.Affected-b.Failing))
	second := strings.TrimSpace(strings.TrimPrefix(s.stormShare(prose)+escape(s.stormReason()), ","))
	headline := emoji + " *" + word + "* · *" + counts + "*"
	for _, line := range []string{second, s.stormAcked(), s.mention(), s.uncalled()} {
		if line != "" {
			headline += "\n" + line
		}
	}
	var details []slack.Block
	if s.place != placeLine {
		details = s.stormDetails()
	}
	return s.compose(f, colour, s.storm(), slack.NewSectionBlock(markdown(headline), nil, nil), details)
}

func (s story) stormDetails() []slack.Block {
	b, w := s.Body.Storm, &s.words.storms
	lines := make([]string, 0, len(b.Members))
	for i := range b.Members {
		lines = append(lines, s.memberLine(&b.Members[i]))
	}
	list := listing(w.incidents, lines, b.Affected, mostMembers, func(more string) string {
		rest := fill(w.rest, "n", more)
		if s.publicURL != "" {
			rest = link(s.publicURL, rest)
		}
		return rest
	})
	details := []slack.Block{
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{
			markdown("*" + s.words.started + "*\n" + s.moment(b.Began) + " (" + moment(b.Began, "{ago}", s.clock(b.Began)) + ")"),
			markdown("*" + s.words.location + "*\n" + code(s.Body.Location, maxPlace)),
		}, nil),
		slack.NewSectionBlock(markdown(list), nil, nil),
	}
	if actions := s.stormActions(); actions != nil {
		details = append(details, actions)
	}
	return append(details, slack.NewContextBlock("", markdown(fill(w.advice, "id", s.stormID()))))
}

// stormID is what people call the storm by.
func (s story) stormID() string { return notify.StormID(-s.Incident).String() }

// stormAcked is who looks after all of a storm; empty if nobody does, or all is over.
func (s story) stormAcked() string {
	a := s.Body.Storm.Acked
	if a.IsZero() || s.Body.Storm.Failing == 0 {
		return ""
	}
	return fill(s.words.storms.acked, "by", s.person(notify.Answer{By: a.By, User: a.User}))
}

// mostMembers is how long the list of a storm gets, in UTF-16 units; what does not fit is
// counted.
const mostMembers = 2300

// listing is a titled list of lines, of which there may be more than fit.
func listing(title string, lines []string, all, most int, rest func(more string) string) string {
	list, shown := "*"+title+"*", 0
	for _, line := range lines {
		if unitsOf(list)+unitsOf(line) >= most {
			break
		}
		list += "\n" + line
		shown++
	}
	if more := all - shown; more > 0 {
		list += "\n" + rest(strconv.Itoa(more))
	}
	return list
}

// memberLine is a member of a storm in a line.
func (s story) memberLine(m *notify.StormMember) string {
	name := escape(s.memberName(m))
	if s.publicURL != "" {
		name = link(s.publicURL+"/incidents/"+m.Incident.String(), name)
	}
	line := s.dot(m.Severity, m.Recovered) + " *" + name + "* · " + s.what(m.Kind, m.Reason, m.Status) + " · " + code(m.Incident.String(), maxPlace)
	if m.Recovered {
		line += " · " + s.words.storms.recovered
	}
	return line
}

// dot is how an incident in a list looks at a glance.
func (s story) dot(severity probe.Severity, over bool) string {
	switch {
	case over:
		return ":large_green_circle:"
	case severity == probe.Critical:
		return ":red_circle:"
	case severity == probe.Warning:
		return ":large_yellow_circle:"
	}
	return ":large_blue_circle:"
}

// what says of an incident in a list what is wrong.
func (s story) what(kind probe.Kind, reason probe.Reason, status int) string {
	word := s.words.kinds[kind].word
	if s.Body.Kind = kind; s.measures() || kind == probe.KindCertificate || kind == probe.KindNoData {
		return word
	}
	return word + ": " + escape(s.reasonOf(reason, status))
}

var englishStorms = stormWords{
	word: "Storm", over: "Storm over", calm: ", nothing new opens",
	sentences: map[incident.Change]string{
		incident.Opened:   "storm: {failing} of {affected} incidents open since {since}{share}{reason}: {names}.",
		incident.Reminded: "storm: {failing} of {affected} incidents still open after {lasted}{share}{reason}: {names}.",
		incident.Resolved: "storm over: {affected} affected, {recovered} recovered, {failing} still failing, after {lasted}{share}{reason}: {names}.",
	},
	shares: map[notify.ShareBy]string{
		notify.ShareParent: ", {count} depend on {key}",
		notify.ShareHost:   ", {count} share the host {key}",
		notify.ShareGroup:  ", {count} are in the group {key}",
	},
	reason: ", {count} for the same reason: {reason}",
	more:   " and {n} more", incidents: "Incidents, the worst first",
	counts: "{failing} of {affected} failing", recovered: "recovered",
	rest:  "… and {n} more: sonde incidents",
	named: "Storm of {n} incidents", acked: "acknowledged by {by}",
	advice: "So many incidents at once are told here together. What becomes of them is shown here; `sonde incidents` has each, `sonde ack --storm {id}` acknowledges all.",
}

var koreanStorms = stormWords{
	word: "동시 장애", over: "동시 장애 종료", calm: ", 새로 발생하는 인시던트 없음",
	sentences: map[incident.Change]string{
		incident.Opened:   "동시 장애: {since}부터 인시던트 {affected}건 중 {failing}건 진행 중{share}{reason}: {names}.",
		incident.Reminded: "동시 장애: {lasted} 경과, 인시던트 {affected}건 중 {failing}건 진행 중{share}{reason}: {names}.",
		incident.Resolved: "동시 장애 종료: 영향 {affected}건, 복구 {recovered}건, 장애 지속 {failing}건, {lasted} 동안 지속{share}{reason}: {names}.",
	},
	shares: map[notify.ShareBy]string{
		notify.ShareParent: ", 공통 의존 대상 {key}({count}건)",
		notify.ShareHost:   ", 공통 호스트 {key}({count}건)",
		notify.ShareGroup:  ", 공통 그룹 {key}({count}건)",
	},
	reason: ", 공통 원인 {reason}({count}건)",
	more:   " 외 {n}건", incidents: "인시던트, 심각한 순",
	counts: "{affected}건 중 {failing}건 장애", recovered: "복구",
	rest:  "… 외 {n}건: sonde incidents",
	named: "동시 장애 {n}건", acked: "확인 - {by}",
	advice: "한꺼번에 발생한 인시던트를 한 메시지로 알립니다. 경과는 이 메시지에 표시되며, `sonde incidents`에 모두 나오고 `sonde ack --storm {id}`로 모두 확인할 수 있습니다.",
}
