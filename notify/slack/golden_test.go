package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
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
	require.NoError(t, enc.Encode(map[string]any{"text": r.text, "blocks": []any{r.headline}, "attachments": []any{r.attachment}}))
	var plainMarks bytes.Buffer // the types of slack-go escape < and > on their own
	require.NoError(t, json.Indent(&plainMarks, out.Bytes(), "", " "))
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(plainMarks.String()))
}

func TestEveryChangeOfEverySymptomReadsAsItShould(t *testing.T) {
	for change := range changes {
		for symptom, verdict := range causes {
			name := change.String() + "-" + strings.NewReplacer(" ", "_", "/", "_").Replace(symptom)
			t.Run(name, func(t *testing.T) {
				r := told(sample(change, verdict)).render()
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
				r := spoken.render()
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
		r := toldIn(language, m).render()
		require.Contains(t, r.text, "FLAPPING")
		require.Contains(t, r.headline.(*slack.SectionBlock).Text.Text, "FLAPPING")
		within(t, r)
		requireGolden(t, "reopened-flapping-"+language.String(), r)
	}
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
					r := toldIn(language, sample(change, verdict)).render()
					require.NotContains(t, r.text, "{")
					require.NotContains(t, r.text, "  ")
					require.Contains(t, r.text, ": checkout ")
					within(t, r)
				}
			}
		})
	}
}
