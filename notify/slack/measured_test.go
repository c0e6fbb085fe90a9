package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// readings are what rules measured of a probe.
var readings = map[probe.Kind]struct {
	severity probe.Severity
	reading  incident.Reading
}{
	probe.KindBudgetFast:      {probe.Critical, incident.Reading{Now: 100. / 3, Usual: 14.4, Samples: 2, Over: time.Hour, Level: 1}},
	probe.KindBudgetSlow:      {probe.Warning, incident.Reading{Now: 3.26, Usual: 3, Samples: 47, Over: 24 * time.Hour, Level: 2}},
	probe.KindBudgetThreshold: {probe.Warning, incident.Reading{Now: 0.8125, Level: 80}},
	probe.KindLatency:         {probe.Warning, incident.Reading{Now: 412.7, Usual: 180.2, Samples: 9, Over: 15 * time.Minute, Level: 226}},
}

// measuredSample is a message about what a rule has measured.
func measuredSample(change incident.Change, kind probe.Kind) notify.Message {
	m := sample(change, causes["5xx"])
	b := &m.Body
	if kind == probe.KindLatency {
		b.Cause = probe.Verdict{Status: 200, Class: probe.ClassSuccess}
	}
	b.Kind, b.Severity, b.Reading, b.Failures, b.Codes = kind, readings[kind].severity, readings[kind].reading, max(1, readings[kind].reading.Samples), nil
	weekly, _ := slo.ParseObjective("99.5% over 7d")
	b.Budgets[0].Spent = 35*time.Minute + 6*time.Second
	b.Budgets = append(b.Budgets, notify.BudgetFact{Objective: weekly, Spent: 20 * time.Minute, Total: weekly.Total(weekly.Window.Length), Judged: true})
	return m
}

func TestWhatRulesMeasureBeginsWithItsSymptom(t *testing.T) {
	for _, language := range probe.Languages() {
		for kind := range readings {
			for change := range changes {
				s := toldIn(language, measuredSample(change, kind))
				r := s.fit(formFull)
				within(t, r)
				require.True(t, strings.HasPrefix(r.text, s.symptom()+": "), r.text)
				require.Contains(t, r.text, "checkout")
				require.NotContains(t, r.text, "{")
				require.NotContains(t, r.text, "  ")
			}
		}
	}
}

func TestABudgetThatIsSpentLeavesNothing(t *testing.T) {
	m := measuredSample(incident.Opened, probe.KindBudgetFast)
	m.Body.Budgets[0].Spent = 2 * m.Body.Budgets[0].Total
	require.Contains(t, told(m).sentence(), "33.3 times as fast as 99.9% over 30d bears over 1 h (14.4 at the most), and nothing of the budget is left")
	m.Body.Budgets = nil
	require.NotContains(t, told(m).sentence(), "{")
	require.Contains(t, told(m).sentence(), "33.3 times as fast as the promise bears")
}

func TestNumbersAreAsLongAsPeopleRead(t *testing.T) {
	for want, n := range map[string]float64{"14.4": 14.4, "6": 6, "103": 102.6, "0.9": 0.93333, "0": 0} {
		require.Equal(t, want, number(n))
	}
	require.Equal(t, "81.3%", percent(0.8126))
	require.Equal(t, "413 ms", englishTook(412.7))
	require.Equal(t, "1.84 s", englishTook(1840))
	require.Equal(t, "12.5 s", englishTook(12_500))
}

func TestMeasuresHaveTheSameFactsInEveryLanguage(t *testing.T) {
	for _, pair := range [][2]string{
		{englishMeasures.symptom, koreanMeasures.symptom}, {englishMeasures.burns, koreanMeasures.burns}, {englishMeasures.spent, koreanMeasures.spent},
		{englishMeasures.slower, koreanMeasures.slower}, {englishMeasures.left, koreanMeasures.left}, {englishMeasures.promise, koreanMeasures.promise},
		{englishMeasures.nothing, koreanMeasures.nothing}, {englishMeasures.unknown, koreanMeasures.unknown},
	} {
		require.NotEmpty(t, pair[1])
		require.Equal(t, factsOf(pair[0]), factsOf(pair[1]))
	}
	require.Len(t, koreanMeasures.sentences, len(englishMeasures.sentences))
	for change := range englishMeasures.sentences {
		require.Equal(t, factsOf(englishMeasures.sentences[change]), factsOf(koreanMeasures.sentences[change]), change)
	}
	for kind := range readings {
		require.NotEmpty(t, koreanMeasures.better[kind])
		require.Equal(t, factsOf(englishMeasures.anew[kind]), factsOf(koreanMeasures.anew[kind]))
	}
}
