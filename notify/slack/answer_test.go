package slack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// done is a message about what somebody did.
func done(change incident.Change, a notify.Answer) notify.Message {
	m := sample(change, causes["5xx"])
	a.At = started.Add(2 * time.Minute)
	m.CreatedAt, m.Body.At, m.Body.Answer = a.At, a.At, a
	return m
}

func TestEveryAnswerReadsAsItShould(t *testing.T) {
	kim := notify.Answer{By: "kim", User: "U0KIM", Note: "provider <!channel> has a ticket"}
	until := kim
	until.Until = started.Add(2 * time.Hour)
	for name, m := range map[string]notify.Message{
		"answer-acknowledged":       done(incident.Acknowledged, kim),
		"answer-unacknowledged":     done(incident.Unacknowledged, notify.Answer{By: "lee"}),
		"answer-silenced":           done(incident.Silenced, until),
		"answer-silenced-recovered": done(incident.Silenced, kim),
		"answer-false-alarm":        done(incident.FalseAlarmed, notify.Answer{User: "U0KIM"}),
		"answer-true-alarm":         done(incident.TrueAlarmed, notify.Answer{By: "<@U0KIM>", User: "U1> <!here"}),
	} {
		for _, language := range probe.Languages() {
			requireReads(t, name, language, toldIn(language, m))
		}
	}
}

func TestEveryLanguageHasTheSameAnswersWithTheSameFacts(t *testing.T) {
	want := answersIn[probe.English]
	for _, language := range probe.Languages() {
		w := answersIn[language]
		require.NotNil(t, w, language)
		require.Len(t, w.lines, len(want.lines))
		for change, line := range want.lines {
			require.Equal(t, factsOf(line), factsOf(w.lines[change]), "%s in %s", change, language)
		}
		require.Equal(t, factsOf(want.recovered), factsOf(w.recovered))
		require.Equal(t, factsOf(want.note), factsOf(w.note))
		require.NotEmpty(t, w.somebody)
	}
}
