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
	"sonde/notify"
	"sonde/probe"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is a message as Slack takes it.
func golden(t *testing.T, of any) string {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(of))
	var plainMarks bytes.Buffer // the types of slack-go escape < and > on their own
	require.NoError(t, json.Indent(&plainMarks, out.Bytes(), "", " "))
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(plainMarks.String())
}

func TestEveryMessageOfEveryKindReadsAsItShould(t *testing.T) {
	for _, kind := range GalleryKinds() {
		for _, language := range probe.Languages() {
			t.Run(kind+" in "+language.String(), func(t *testing.T) {
				var said strings.Builder
				for _, s := range Gallery(View{Language: language, Kind: kind}) {
					require.Equal(t, kind, s.Kind)
					require.LessOrEqual(t, unitsOf(s.Text), maxSentence)
					for _, text := range []string{s.Text, s.Shown} {
						require.NotContains(t, text, "{")
						require.NotContains(t, strings.ReplaceAll(text, "  ·  ", ""), " ,")
						require.NotContains(t, text, "%!")
					}
					said.WriteString("## " + s.Change + "\n" + s.Text + "\n" + s.Shown + "\n")
				}
				same(t, "gallery-"+kind+"-"+language.String()+".txt", said.String())
			})
		}
	}
}

// What is sent keeps Slack's limits in all forms, styles and places, and each form has less than
// the one before.
func TestEveryMessageKeepsTheLimitsInEveryForm(t *testing.T) {
	for _, kind := range probe.Kinds() {
		for _, change := range changesOf(kind) {
			for _, language := range probe.Languages() {
				for _, style := range []Style{StyleBar, StyleBlocks} {
					for at := placeRoot; at <= placeLine; at++ {
						if style == StyleBlocks && at != placeRoot || language == probe.Korean && at == placeEdit {
							continue // they show what others do
						}
						s := toldIn(language, specimenOf(kind, change))
						s.style, s.place = style, at
						before := 1 << 20
						for f := formFull; f < formNone; f++ {
							r := s.fit(f)
							require.NoError(t, r.check())
							require.Equal(t, f, r.form, "%s %s", kind, change)
							shown := len(strings.Join(texts(r), ""))
							require.LessOrEqual(t, shown, before)
							before = shown
						}
					}
				}
			}
		}
	}
}

func TestTheWireFormOfAFew(t *testing.T) {
	for _, language := range probe.Languages() {
		s := toldIn(language, specimenOf(probe.KindDown, incident.Opened))
		s.mentions = Mentions{probe.Critical: {"S0ONCALL1"}}
		bar := s.fit(formFull)
		same(t, "wire-bar-"+language.String()+".json", golden(t, bar.bare()))
		s.style = StyleBlocks
		blocks := s.fit(formFull)
		require.Nil(t, blocks.bar)
		require.Len(t, blocks.blocks, 1+len(bar.bar.Blocks.BlockSet), "the same blocks")
		same(t, "wire-webhook-"+language.String()+".json", golden(t, bar.webhook()))
		s.Change, s.place = incident.Reminded, placeLine
		line := s.fit(formFull)
		same(t, "wire-line-"+language.String()+".json", golden(t, line.bare()))
	}
	s := told(specimenOf(probe.KindDown, incident.Opened))
	s.style = StyleBlocks
	blocks := s.fit(formFull)
	same(t, "wire-blocks.json", golden(t, blocks.bare()))
	plain := s.fit(formPlain)
	same(t, "wire-plain.json", golden(t, plain.webhook()))
}

func TestARelapseByWhichPeopleHearThatItComesAndGoesSaysSo(t *testing.T) {
	m := sample(incident.Reopened, causes["5xx"])
	m.Body.Flapping, m.Body.Openings = true, 5
	for _, language := range probe.Languages() {
		r := toldIn(language, m).fit(formFull)
		require.Contains(t, r.text, "FLAPPING")
		require.Contains(t, r.blocks[0].(*slack.SectionBlock).Text.Text, "FLAPPING")
		require.Equal(t, orange, r.bar.Color)
		within(t, r)
	}
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
		for why := notify.WhySilence; why <= notify.WhyStorm; why++ {
			if why == notify.WhySuspect || why == notify.WhyRecovery {
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
	same(t, name+"-"+language.String()+".txt", r.text+"\n"+r.readable())
}

// same compares with a golden file.
func same(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
