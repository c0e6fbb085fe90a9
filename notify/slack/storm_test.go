package slack

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestAStormOverSaysHowManyAreLeft(t *testing.T) {
	m := aStorm(incident.Resolved, 512, 7)
	require.Contains(t, told(m).sentence(), "storm over: 512 affected, 505 recovered, 7 still failing")
}

func TestAStormOfHostileNamesKeepsWithinLimits(t *testing.T) {
	for _, hostile := range []string{strings.Repeat("&", 5000), strings.Repeat("<!channel>", 100), "*_`~" + strings.Repeat("😀", 4000), "a\n> b"} {
		m := aStorm(incident.Opened, 12, 12)
		m.Body.Location, m.Body.Storm.Share.Key = hostile, hostile
		for i := range m.Body.Storm.Members {
			m.Body.Storm.Members[i].Probe = hostile
		}
		for _, language := range probe.Languages() {
			r := toldIn(language, m).fit(formFull)
			within(t, r)
			require.NotContains(t, golden(t, r.bare()), "<!channel")
		}
	}
}

func TestADigestOfHostileNamesKeepsWithinLimits(t *testing.T) {
	m := aDigest(notify.DigestDaily)
	d := m.Body.Digest
	for len(d.Over) < 10 {
		d.Over = append(d.Over, d.Over[0])
	}
	for len(d.Promises) < 10 {
		d.Promises = append(d.Promises, d.Promises[0])
	}
	for i := range d.Over {
		d.Over[i].Probe = strings.Repeat("<!channel>&", 500)
	}
	for i := range d.Promises {
		d.Promises[i].Name = strings.Repeat("&*`", 500)
	}
	d.Open[0].Acked = "<@U123>\n"
	for _, language := range probe.Languages() {
		r := toldIn(language, m).fit(formFull)
		within(t, r)
		require.NotContains(t, golden(t, r.bare()), "<!channel")
		require.NotContains(t, golden(t, r.bare()), "<@U")
	}
}

// Words that lie in a table of their own say the same facts in every language.
func TestStormsAndDigestsHaveTheSameFactsInEveryLanguage(t *testing.T) {
	templates := func(v reflect.Value) map[string]string {
		all := map[string]string{}
		for i := range v.NumField() {
			name, field := v.Type().Field(i).Name, v.Field(i)
			if field.Kind() == reflect.String {
				all[name] = field.String()
				continue
			}
			for _, key := range field.MapKeys() {
				all[fmt.Sprintf("%s %d", name, key.Uint())] = field.MapIndex(key).String()
			}
		}
		return all
	}
	for _, language := range probe.Languages() {
		w := wordsIn(language)
		for _, pair := range [][2]any{{englishStorms, w.storms}, {englishDigests, w.digests}} {
			want, got := templates(reflect.ValueOf(pair[0])), templates(reflect.ValueOf(pair[1]))
			require.Len(t, got, len(want))
			for place, template := range want {
				require.NotEmpty(t, got[place], place)
				require.Equal(t, slices.Sorted(slices.Values(factsOf(template))), factsOf(got[place]), "%s in %s", place, language)
			}
		}
	}
}

// By mail, a storm and a digest say what they say in Slack.
func TestAStormAndADigestAreLettersToo(t *testing.T) {
	for _, m := range []notify.Message{aStorm(incident.Opened, 512, 512), aDigest(notify.DigestDaily)} {
		subject, text := NewWriter(Config{PublicURL: "https://sonde.example.com"})(t.Context(), m)
		require.LessOrEqual(t, unitsOf(subject), maxSubject)
		require.Contains(t, subject, map[bool]string{true: "storm: 512 of 512", false: "daily digest since"}[m.Body.Storm != nil])
		require.Contains(t, text, "checkout")
		require.NotContains(t, text, "/incidents/0")
		require.NotContains(t, text, "<")
	}
}

// A digest in which every list is full, of names as long as people give them, still has its lists.
func TestAFullDigestKeepsItsLists(t *testing.T) {
	for _, language := range probe.Languages() {
		m := aDigest(notify.DigestWeekly)
		d := m.Body.Digest
		d.Open, d.Over, d.Promises, d.Noise, d.Ending = repeated(d.Open[:1], notify.MostListed), repeated(d.Over[:1], notify.MostListed),
			repeated(d.Promises[1:2], notify.MostListed), repeated(d.Noise[:1], notify.MostNoise), repeated(d.Ending[:1], notify.MostListed)
		for i := range d.Over {
			d.Open[i].Probe, d.Over[i].Probe, d.Promises[i].Name, d.Ending[i].Name = "결제-api-게이트웨이-서울-1", "결제-api-게이트웨이-서울-2", "결제-api-게이트웨이-서울-3", "결제-api-게이트웨이-서울-4"
		}
		r := toldIn(language, m).fit(formFull)
		require.Equal(t, formFull, r.form, language.String())
		require.Len(t, r.bar.Blocks.BlockSet, 6)
	}
}

func repeated[T any](of []T, n int) (all []T) {
	for len(all) < n {
		all = append(all, of...)
	}
	return all[:n]
}
