package slack

import (
	"cmp"
	"regexp"
	"strconv"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// answerWords are the words about what somebody did about an incident. Facts: name who until.
type answerWords struct {
	lines     map[incident.Change]string
	recovered string // of a silence that lasts until then
	other     string // of one that was ended, while another goes on
	till      string // the same, if that lasts until the incident recovers
	somebody  string // whose name nobody knows
	note      string // facts: note
}

var answersIn = map[probe.Language]*answerWords{
	probe.English: {
		lines: map[incident.Change]string{
			incident.Acknowledged:   "{name}: acknowledged by {who}. Reminders stop.",
			incident.Unacknowledged: "{name}: not acknowledged any more, says {who}. Reminders go on.",
			incident.Silenced:       "{name}: silenced until {until} by {who}.",
			incident.FalseAlarmed:   "{name}: a false alarm, says {who}.",
			incident.TrueAlarmed:    "{name}: no false alarm after all, says {who}.",
			incident.Unsilenced:     "{name}: not silenced any more, says {who}. What opens is told again.",
			incident.RunNow:         "{name} was run now by {who}.",
		},
		recovered: "{name}: silenced until it recovers, by {who}.",
		other:     "{name}: a silence was ended by {who}. Another one goes on until {until}.",
		till:      "{name}: a silence was ended by {who}. Another one goes on until it recovers.",
		somebody:  "somebody",
		note:      " “{note}”",
	},
	probe.Korean: {
		lines: map[incident.Change]string{
			incident.Acknowledged:   "{name}: 확인 - {who}. 반복 알림을 멈춥니다.",
			incident.Unacknowledged: "{name}: 확인 취소 - {who}. 반복 알림을 다시 보냅니다.",
			incident.Silenced:       "{name}: 알림 중지, {until}까지 - {who}.",
			incident.FalseAlarmed:   "{name}: 오탐 - {who}.",
			incident.TrueAlarmed:    "{name}: 오탐 아님 - {who}.",
			incident.Unsilenced:     "{name}: 알림 중지 해제 - {who}. 새로 발생하면 다시 알립니다.",
			incident.RunNow:         "{name}: 지금 점검함 - {who}.",
		},
		recovered: "{name}: 알림 중지, 복구될 때까지 - {who}.",
		other:     "{name}: 알림 중지 하나 해제 - {who}. 다른 알림 중지가 {until}까지 계속됩니다.",
		till:      "{name}: 알림 중지 하나 해제 - {who}. 다른 알림 중지가 복구될 때까지 계속됩니다.",
		somebody:  "누군가",
		note:      " “{note}”",
	},
}

// answers reports whether the message is about what somebody did.
func (s story) answers() bool {
	_, answers := answersIn[probe.English].lines[s.Change]
	return answers && !s.Body.Answer.At.IsZero() && s.place != placeEdit
}

// standing is the story as the first message of a conversation shows it after somebody did
// something about the incident: how the incident is, and not what they did.
func (s story) standing() story {
	switch s.Change {
	case incident.Acknowledged:
		if s.Body.Storm == nil {
			return s
		}
	case incident.Unacknowledged, incident.Silenced, incident.Unsilenced, incident.FalseAlarmed, incident.TrueAlarmed, incident.RunNow:
	default:
		return s
	}
	s.did, s.Change = s.Change, incident.Opened
	if storm := s.Body.Storm; storm != nil && storm.Over {
		s.Change = incident.Resolved
	}
	if back := s.Body.RecoveredAt; !back.IsZero() {
		s.Change, s.Body.At = incident.Resolved, back
	}
	return s
}

// answered fills the line about what somebody did. Nothing of it is escaped but what show
// made so.
func (s story) answered(name, who, until string, show func(string, int) string) string {
	w, a := answersIn[s.words.language], s.Body.Answer
	line := w.lines[s.Change]
	switch {
	case s.Change == incident.Silenced && a.Until.IsZero():
		line = w.recovered
	case a.Other && a.Until.IsZero():
		line = w.till
	case a.Other:
		line = w.other
	}
	line = fill(line, "name", name, "who", who, "until", until)
	if a.Note != "" {
		line += fill(w.note, "note", show(a.Note, maxAdvice))
	}
	return line
}

// answer is the whole line as plain text. It is not escaped.
func (s story) answer() string {
	end := " " + capital(s.words.incident) + " " + s.id().String() + "."
	if s.Body.Storm != nil {
		end = " " + s.words.storms.word + " " + s.stormID() + "."
	}
	if s.Repeat {
		end += s.words.repeat
	}
	told := s.answered(tamed(s.answeredOf(), maxName), s.byName(s.Body.Answer), s.clock(s.Body.Answer.Until), tamed)
	return clamp(told, maxSentence-unitsOf(end)) + end
}

// answeredOf is what somebody did something about, as plain text.
func (s story) answeredOf() string {
	switch {
	case s.Body.Answer.Of != "":
		return s.Body.Answer.Of
	case s.Body.Storm != nil:
		return fill(s.words.storms.named, "n", strconv.Itoa(cmp.Or(s.Body.Answer.Count, s.Body.Storm.Affected)))
	}
	return s.name()
}

// byName is who did something, as plain text.
func (s story) byName(a notify.Answer) string {
	if a.By == "" {
		return answersIn[s.words.language].somebody
	}
	return tamed(a.By, maxPlace)
}

// userID is what Slack calls a person by.
var userID = regexp.MustCompile(`^[UW][A-Z0-9]{1,20}$`)

// person shows who did something: by their id, if they did it in Slack.
func (s story) person(a notify.Answer) string {
	if userID.MatchString(a.User) {
		return "<@" + a.User + ">"
	}
	return escape(s.byName(a))
}

func (s story) renderAnswer(f form) rendered {
	emoji := ":white_check_mark:"
	switch s.Change {
	case incident.Unacknowledged, incident.TrueAlarmed:
		emoji = ":leftwards_arrow_with_hook:"
	case incident.Silenced:
		emoji = ":no_bell:"
	case incident.Unsilenced:
		if emoji = ":bell:"; s.Body.Answer.Other {
			emoji = ":no_bell:"
		}
	case incident.FalseAlarmed:
		emoji = ":ghost:"
	case incident.RunNow:
		emoji = ":arrow_forward:"
	}
	line := s.answered(prose(s.answeredOf(), maxName), s.person(s.Body.Answer), s.moment(s.Body.Answer.Until), prose)
	if said := s.Body.Answer.Said; said != "" {
		line += "\n" + screen(said, min(mostFence, mostSection-unitsOf(line)-aroundFence))
	}
	return s.compose(f, grey, s.answer(), slack.NewSectionBlock(markdown(emoji+" "+line), nil, nil), nil)
}
