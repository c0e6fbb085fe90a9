package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is a message as it stands in a golden file.
func golden(t *testing.T, r rendered) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	require.NoError(t, enc.Encode(map[string]any{"text": r.text, "blocks": r.blocks, "attachments": r.attachments()}))
	var plainMarks bytes.Buffer // the types of slack-go escape < and > on their own
	require.NoError(t, json.Indent(&plainMarks, out.Bytes(), "", " "))
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(plainMarks.String()))
}

func TestEveryChangeOfEverySymptomReadsAsItShould(t *testing.T) {
	for change := range changes {
		for symptom, verdict := range causes {
			name := change.String() + "-" + strings.NewReplacer(" ", "_", "/", "_").Replace(symptom)
			t.Run(name, func(t *testing.T) {
				r := told(sample(change, verdict)).fit(formFull)
				require.True(t, strings.HasPrefix(r.text, symptom+": "), r.text)
				require.Contains(t, r.text, "checkout")
				require.Contains(t, r.text, "Incident 1000.")
				file := filepath.Join("testdata", name+".json")
				if *update {
					require.NoError(t, os.WriteFile(file, golden(t, r), 0o600))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Equal(t, string(want), string(golden(t, r)))
			})
		}
	}
}

// The same in Korean, as far as the text of the message and what stands beside it differ.
func TestEveryChangeOfEverySymptomReadsAsItShouldInKorean(t *testing.T) {
	for change := range changes {
		for symptom, verdict := range causes {
			name := change.String() + "-" + strings.NewReplacer(" ", "_", "/", "_").Replace(symptom) + "-ko"
			t.Run(name, func(t *testing.T) {
				spoken := toldIn(probe.Korean, sample(change, verdict))
				r := spoken.fit(formFull)
				require.True(t, strings.HasPrefix(r.text, spoken.symptom()+": checkout "), r.text)
				require.Contains(t, r.text, "인시던트 1000.")
				within(t, r)
				file := filepath.Join("testdata", name+".json")
				if *update {
					require.NoError(t, os.WriteFile(file, golden(t, r), 0o600))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Equal(t, string(want), string(golden(t, r)))
			})
		}
	}
}

func TestARelapseByWhichPeopleHearThatItComesAndGoesSaysSo(t *testing.T) {
	m := sample(incident.Reopened, causes["5xx"])
	m.Body.Flapping, m.Body.Openings = true, 5
	for _, language := range probe.Languages() {
		r := toldIn(language, m).fit(formFull)
		require.Contains(t, r.text, "FLAPPING")
		require.Contains(t, r.blocks[0].(*slack.SectionBlock).Text.Text, "FLAPPING")
		within(t, r)
		requireGolden(t, "reopened-flapping-"+language.String(), r)
	}
}

func TestWhatIsNotDownReadsAsItShould(t *testing.T) {
	for name, tc := range map[string]struct {
		change  incident.Change
		kind    probe.Kind
		cause   probe.Verdict
		reading incident.Reading
	}{
		"opened-degraded":                 {incident.Opened, probe.KindDegraded, causes["5xx"], incident.Reading{}},
		"opened-client_fault-never":       {incident.Opened, probe.KindClientFault, answered(probe.ClientError, 404), incident.Reading{Level: incident.NeverWorked}},
		"opened-client_fault-worked":      {incident.Opened, probe.KindClientFault, answered(probe.ClientError, 400), incident.Reading{Level: incident.WorkedUntil}},
		"reminded-client_fault-sometimes": {incident.Reminded, probe.KindClientFault, answered(probe.ClientError, 404), incident.Reading{Level: incident.WorkedOnce}},
		"resolved-client_fault":           {incident.Resolved, probe.KindClientFault, answered(probe.ClientError, 404), incident.Reading{Level: incident.WorkedUntil}},
		"opened-rate_limited":             {incident.Opened, probe.KindRateLimited, answered(probe.Throttled, 429), incident.Reading{}},
		"escalated-rate_limited":          {incident.Escalated, probe.KindRateLimited, answered(probe.Throttled, 429), incident.Reading{}},
		"resolved-rate_limited":           {incident.Resolved, probe.KindRateLimited, answered(probe.Throttled, 429), incident.Reading{}},
		"opened-code_anomaly":             {incident.Opened, probe.KindCodeAnomaly, answered(probe.ClientError, 400), incident.Reading{Now: 11, Usual: 1.4, Samples: 60, Over: time.Hour}},
		"reminded-code_anomaly-expected":  {incident.Reminded, probe.KindCodeAnomaly, answered(probe.OK, 404), incident.Reading{Now: 5, Usual: 0, Samples: 60, Over: time.Hour}},
		"resolved-code_anomaly":           {incident.Resolved, probe.KindCodeAnomaly, answered(probe.ClientError, 400), incident.Reading{Now: 11, Usual: 1.4, Samples: 60, Over: time.Hour}},
		"opened-rate":                     {incident.Opened, probe.KindGroupRate, causes["5xx"], incident.Reading{Now: 7. / 300, Usual: 0.01, Samples: 300, Over: 5 * time.Minute}},
		"resolved-rate":                   {incident.Resolved, probe.KindGroupRate, causes["5xx"], incident.Reading{Now: 7. / 300, Usual: 0.01, Samples: 300, Over: 5 * time.Minute}},
		"opened-auth_bypass":              {incident.Opened, probe.KindAuthBypass, answered(probe.AuthBypass, 200), incident.Reading{}},
		"resolved-auth_bypass":            {incident.Resolved, probe.KindAuthBypass, answered(probe.AuthBypass, 200), incident.Reading{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := sample(tc.change, tc.cause)
			m.Body.Kind, m.Body.Reading = tc.kind, tc.reading
			if tc.kind == probe.KindDegraded || tc.kind == probe.KindCodeAnomaly || tc.kind == probe.KindGroupRate {
				m.Body.Severity = probe.Warning
			}
			for _, language := range probe.Languages() {
				r := toldIn(language, m).fit(formFull)
				within(t, r)
				requireGolden(t, name+"-"+language.String(), r)
			}
		})
	}
}

// answered is the verdict of a reason on an answer.
func answered(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	v.Status, v.Class = status, probe.ClassOf(status)
	return v
}

// requireGolden compares a message with the golden file of a name.
func requireGolden(t *testing.T, name string, r rendered) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	if *update {
		require.NoError(t, os.WriteFile(file, golden(t, r), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(golden(t, r)))
}

func TestEveryReasonCanBeTold(t *testing.T) {
	for _, reason := range probe.Reasons() {
		verdict := probe.Miss(reason)
		if verdict.Kind() == probe.NoIncident {
			continue
		}
		t.Run(reason.String(), func(t *testing.T) {
			for change := range changes {
				for _, language := range probe.Languages() {
					r := toldIn(language, sample(change, verdict)).fit(formFull)
					require.NotContains(t, r.text, "{")
					require.NotContains(t, r.text, "  ")
					require.Contains(t, r.text, ": checkout ")
					within(t, r)
				}
			}
		})
	}
}

// What others depend on says how they stand, and what is told late says why.
func TestWhatDependsOnItAndWhyItIsToldLate(t *testing.T) {
	for _, language := range probe.Languages() {
		m := sample(incident.Opened, causes["5xx"])
		m.Body.Dependents = notify.Dependents{Total: 12, Failing: 6, Names: []string{"shop", "docs", "cart", "search", "<!channel>"}}
		none := sample(incident.Reminded, causes["5xx"])
		none.Body.Dependents = notify.Dependents{Total: 1}
		late := sample(incident.Opened, causes["no answer"])
		for name, said := range map[string]story{"dependents": toldIn(language, m), "dependents-well": toldIn(language, none)} {
			requireReads(t, name, language, said)
		}
		for why := notify.WhySilence; why <= notify.WhyMaintenance; why++ {
			if why == notify.WhySuspect {
				continue // a minute is not worth a word
			}
			late.Body.Held = notify.HeldFor{Why: why, By: "gateway", Since: started}
			requireReads(t, "held-"+why.String(), language, toldIn(language, late))
		}
		over := sample(incident.Resolved, causes["5xx"])
		over.Body.Dependents, over.Body.Held = m.Body.Dependents, late.Body.Held
		require.NotContains(t, toldIn(language, over).sentence(), "shop", "what is over needs neither")
	}
}

func requireReads(t *testing.T, name string, language probe.Language, s story) {
	t.Helper()
	r := s.fit(formFull)
	within(t, r)
	require.NotContains(t, r.text, "<!channel>")
	requireGolden(t, name+"-"+language.String(), r)
}
