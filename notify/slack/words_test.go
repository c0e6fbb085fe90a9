package slack

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// factsOf are the facts that a template shows, sorted.
func factsOf(template string) []string {
	found := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(template, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// allWords are the words of a language by where they stand in the table: fields, and
// entries of its maps.
func allWords(t *testing.T, w *words) map[string]string {
	t.Helper()
	all := map[string]string{}
	v := reflect.ValueOf(*w)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch field.Kind() {
		case reflect.String:
			all[name] = field.String()
		case reflect.Map:
			for _, key := range field.MapKeys() {
				entry := field.MapIndex(key)
				if entry.Kind() == reflect.String {
					all[fmt.Sprintf("%s %v", name, key.Uint())] = entry.String()
					continue
				}
				for j := range entry.NumField() {
					all[fmt.Sprintf("%s %v.%d", name, key.Uint(), j)] = entry.Field(j).String()
				}
			}
		case reflect.Func:
			require.False(t, field.IsNil(), name)
		}
	}
	return all
}

func TestEveryLanguageHasEveryWordWithTheSameFacts(t *testing.T) {
	want := allWords(t, &english)
	for _, language := range probe.Languages() {
		w := wordsIn(language)
		require.Equal(t, language, w.language)
		got := allWords(t, w)
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
		for place, template := range want {
			require.NotEmpty(t, got[place], "%s in %s", place, language)
			if strings.HasPrefix(place, "sentences") || strings.HasPrefix(place, "causes") || strings.HasPrefix(place, "headlines") {
				for _, fact := range factsOf(got[place]) { // a language may say with a word what another says with a fact
					require.Contains(t, slices.Concat(factsOf(template), []string{"{word}"}), fact, "%s in %s", place, language)
				}
				continue
			}
			require.Equal(t, factsOf(template), factsOf(got[place]), "%s in %s", place, language)
		}
	}
}

func TestEverySentenceTellsWhatSlackMustShow(t *testing.T) {
	for _, language := range probe.Languages() {
		for change, sentence := range wordsIn(language).sentences {
			require.True(t, strings.HasPrefix(sentence, "{symptom}: {name} "), "%s in %s", change, language)
			require.Contains(t, sentence, "{since}")
			require.Contains(t, sentence, "{failing}")
			if change == incident.Opened || change == incident.Reopened || change == incident.Changed {
				require.Contains(t, sentence, "{cause}")
			}
		}
		for symptom := range wordsIn(language).symptoms {
			if language == probe.English {
				require.Equal(t, symptom.String(), english.symptoms[symptom], "English uses the words of package probe")
			}
		}
		for _, reason := range probe.Reasons() {
			require.NotEmpty(t, wordsIn(language).symptoms[probe.Miss(reason).Symptom()], reason)
		}
	}
}

func TestTheCatalogueIsQuotedInTheLanguageOfTheMessage(t *testing.T) {
	for query, verdict := range map[string]probe.Verdict{"503": causes["5xx"], "connect_refused": causes["no answer"], "401": causes["auth 401/403"]} {
		entry, err := probe.ExplainIn(probe.Korean, query)
		require.NoError(t, err)
		s := toldIn(probe.Korean, sample(incident.Opened, verdict))
		require.Contains(t, s.headline(), escape(entry.Meaning))
		require.Contains(t, s.checkNext(), "*다음에 확인할 것*\n• "+prose(entry.Next[0], maxAdvice))
		require.Contains(t, s.fields()[2].Text, verdict.Class.TitleIn(probe.Korean))
		english, err := probe.Explain(query)
		require.NoError(t, err)
		for _, t1 := range texts(s.fit(formFull)) {
			require.NotContains(t, t1, english.Meaning)
			require.NotContains(t, t1, english.Next[0])
		}
	}
	m := sample(incident.Opened, causes["5xx"])
	m.Body.Cause.Status = 577
	require.Contains(t, toldIn(probe.Korean, m).sentence(), "577 알 수 없는 5xx")
}

func TestADestinationSpeaksItsLanguage(t *testing.T) {
	for language, want := range map[probe.Language]string{
		probe.English: "5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.",
		probe.Korean:  "5xx: checkout 장애 발생: 503 Service Unavailable, 14:32:10 UTC부터 4회 실패. 심각도: 심각. 인시던트 1000.",
	} {
		for name, config := range map[string]Config{
			"a bot":     {Token: text.NewSecret("xoxb-1"), Channel: "C1", Language: language},
			"a webhook": {Webhook: text.NewSecret("https://hooks.slack.com/services/T/B/x"), Language: language},
		} {
			t.Run(name+" in "+language.String(), func(t *testing.T) {
				sender, err := New(config)
				require.NoError(t, err)
				var d *desk
				switch sender := sender.(type) {
				case *bot:
					d = &sender.desk
				case *hook:
					d = &sender.desk
				}
				m := sample(incident.Opened, causes["5xx"])
				m.CreatedAt = time.Now()
				require.Equal(t, want, d.render(t.Context(), m, placeRoot, formFull).text)
			})
		}
	}
}

func TestEveryNoticeIsToldInKorean(t *testing.T) {
	for notice := range english.notices {
		t.Run(notice.String(), func(t *testing.T) {
			m := notify.Message{CreatedAt: started, Repeat: true, Body: notify.Body{
				Notice: notice, Location: "seoul-1 <!channel>", Since: started.Add(-2 * time.Minute), At: started, Lost: 3}}
			s := toldIn(probe.Korean, m)
			s.now = started.Add(time.Hour)
			r := s.fit(formFull)
			within(t, r)
			require.NotContains(t, r.text, "<!channel>")
			require.NotContains(t, r.text, "{")
			require.Contains(t, r.text, "(중복일 수 있음) (1시간 늦게 전달됨)")
			for _, told := range texts(r) {
				require.True(t, strings.ContainsFunc(told, func(c rune) bool { return unicode.Is(unicode.Hangul, c) }), told)
			}
		})
	}
}

func TestAnAnnouncedRecoveryIsToldInKorean(t *testing.T) {
	m := sample(incident.Opened, causes["5xx"])
	m.Body.RecoverBy = started.Add(time.Hour)
	require.Contains(t, toldIn(probe.Korean, m).sentence(), "4회 실패. 복구 예정 시각: 15:32:10 UTC. 심각도: 심각. 인시던트 1000.")
	m.Body.RecoverBy = started
	require.Contains(t, toldIn(probe.Korean, m).sentence(), "4회 실패. 복구 예정 시각 경과: 14:32:10 UTC. 심각도: 심각. 인시던트 1000.")
}

func TestLengthsOfTimeInEveryLanguage(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		-time.Second:             {"0 s", "0초"},
		400 * time.Millisecond:   {"0 s", "0초"},
		59 * time.Second:         {"59 s", "59초"},
		time.Minute:              {"1 min", "1분"},
		12*time.Minute + 4*1e9:   {"12 min 4 s", "12분 4초"},
		time.Hour + 59*1e9:       {"1 h", "1시간"},
		3*time.Hour + 20*60*1e9:  {"3 h 20 min", "3시간 20분"},
		24 * time.Hour:           {"1 d", "1일"},
		51*time.Hour + 59*60*1e9: {"2 d 3 h", "2일 3시간"},
	} {
		require.Equal(t, want, [2]string{englishDuration(d), koreanDuration(d)})
	}
}
