package slack

import (
	"strings"
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

// stormDone is a line about what somebody did about a storm.
func stormDone(change incident.Change, count int) notify.Message {
	m := aStorm(change, 40, 39)
	m.Body.Answer = notify.Answer{By: "kim", User: "U0KIM", At: m.CreatedAt, Count: count}
	if change == incident.Silenced {
		m.Body.Answer.Of, m.Body.Answer.Until = "group:shop", m.CreatedAt.Add(time.Hour)
	}
	return m
}

// What came of a run is no markup, and fits however long it is.
func TestWhatARunCameToKeepsTheLimits(t *testing.T) {
	for _, language := range probe.Languages() {
		s := toldIn(language, done(incident.RunNow, notify.Answer{By: strings.Repeat("<!here>", 99), Said: strings.Repeat("<!channel> ``` &\n", 999)}))
		s.Body.Probe = strings.Repeat("&", 999)
		s.place = placeLine
		r := s.fit(formFull)
		within(t, r)
		require.Equal(t, formFull, r.form)
		require.NotContains(t, golden(t, r.bare()), "<!")
	}
}

func TestEveryAnswerReadsAsItShould(t *testing.T) {
	kim := notify.Answer{By: "kim", User: "U0KIM", Note: "provider <!channel> has a ticket"}
	until := kim
	until.Until = started.Add(2 * time.Hour)
	other := until
	other.Other = true
	for name, m := range map[string]notify.Message{
		"answer-acknowledged":       done(incident.Acknowledged, kim),
		"answer-unacknowledged":     done(incident.Unacknowledged, notify.Answer{By: "lee"}),
		"answer-silenced":           done(incident.Silenced, until),
		"answer-silenced-recovered": done(incident.Silenced, kim),
		"answer-false-alarm":        done(incident.FalseAlarmed, notify.Answer{User: "U0KIM"}),
		"answer-unsilenced":         done(incident.Unsilenced, kim),
		"answer-unsilenced-other":   done(incident.Unsilenced, other),
		"answer-unsilenced-till":    done(incident.Unsilenced, notify.Answer{By: "kim", Other: true}),
		"answer-silenced-group":     done(incident.Silenced, notify.Answer{By: "kim", Until: until.Until, Of: "group:payments, <!here>"}),
		"answer-run":                done(incident.RunNow, notify.Answer{By: "kim", User: "U0KIM", Said: "verdict  bad: <!channel> 503 ```\nmore\n"}),
		"answer-storm":              stormDone(incident.Acknowledged, 40),
		"answer-storm-silenced":     stormDone(incident.Silenced, 0),
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
		require.Equal(t, factsOf(want.other), factsOf(w.other))
		require.Equal(t, factsOf(want.till), factsOf(w.till))
		require.Equal(t, factsOf(want.note), factsOf(w.note))
		require.NotEmpty(t, w.somebody)
	}
}
