package slack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// letters are one message of every sort.
func letters() map[string]notify.Message {
	surge := sample(incident.Escalated, causes["5xx"])
	surge.Body.Shared, surge.Body.Members = incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}, []string{"checkout", "shop"}
	surge.Body.Kind, surge.Body.Severity, surge.Body.Reading = probe.KindGatewaySurge, probe.Critical, incident.Reading{Now: 2, Usual: 5}
	late := sample(incident.Opened, causes["no answer"])
	late.Repeat, late.Body.Held = true, notify.HeldFor{Why: notify.WhySilence, Since: started}
	full := notify.Message{Key: "notice:mail:storage_full:1", Destination: "mail", CreatedAt: started,
		Body: notify.Body{Location: "seoul-1", Notice: notify.StorageFull, Since: started, At: started}}
	return map[string]notify.Message{
		"opened": sample(incident.Opened, causes["5xx"]), "resolved": sample(incident.Resolved, causes["5xx"]), "late": late,
		"certificate": sample(incident.Opened, causes["certificate"]), "auth": sample(incident.Reminded, causes["auth 401/403"]),
		"settled": sample(incident.Settled, causes["wrong answer"]), "shared": surge, "notice": full,
		"storm": aStorm(incident.Opened, 512, 512), "digest": aDigest(notify.DigestWeekly),
	}
}

func TestALetterStandsAloneInBothLanguages(t *testing.T) {
	for name, m := range letters() {
		for _, language := range probe.Languages() {
			file := filepath.Join("testdata", "letter-"+name+"-"+language.String()+".txt")
			t.Run(name+"-"+language.String(), func(t *testing.T) {
				s := toldIn(language, m)
				s.place = placeEdit
				letter := s.subject() + "\n\n" + s.letter()
				require.NotRegexp(t, "[<>`*]|&(lt|gt|amp);|:[a-z_]+:", letter, "no markup is left")
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(letter), 0o600))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err)
				require.Equal(t, string(want), letter)
			})
		}
	}
}

func TestEveryMessageHasASubjectOfOneLine(t *testing.T) {
	for change := range changes {
		for symptom, verdict := range causes {
			m := sample(change, verdict)
			m.Body.Probe = "checkout\r\nBcc: everybody@example.com " + strings.Repeat("x", 300)
			for _, language := range probe.Languages() {
				subject := toldIn(language, m).subject()
				require.NotContains(t, subject, "\n", symptom)
				require.NotContains(t, subject, "\r", symptom)
				require.LessOrEqual(t, len([]rune(subject)), maxSubject)
				require.Contains(t, subject, "checkout")
			}
		}
	}
}

func TestAWriterSaysWhatTheConfigurationSays(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	write := NewWriter(Config{Language: probe.Korean, Zone: seoul, PublicURL: "https://sonde.example.com/"})
	m := sample(incident.Opened, causes["5xx"])
	m.CreatedAt = time.Now()
	subject, text := write(t.Context(), m)
	require.Contains(t, subject, "checkout, 503 Service Unavailable")
	require.Contains(t, text, "23:32:10 KST")
	require.Contains(t, text, "\nhttps://sonde.example.com/incidents/1000\n")
	subject, text = NewWriter(Config{})(t.Context(), m)
	require.Equal(t, "Down: checkout, 503 Service Unavailable", subject)
	require.NotContains(t, text, "sonde.example.com")
}

func TestMarkupIsUnmade(t *testing.T) {
	for name, tc := range map[string]struct{ marked, want string }{
		"a time":              {"since <!date^1795444330^{time_secs}|14:32:10 UTC>", "since 14:32:10 UTC"},
		"how long ago":        {"*Started*\n14:32 (<!date^1795444330^{ago}|14:32:10 UTC>)", "Started\n14:32"},
		"a link":              {"<https://example.com/?a=1&amp;b=2|runbook>", "runbook: https://example.com/?a=1&b=2"},
		"a bare link":         {"<https://example.com/>", "https://example.com/"},
		"a mention":           {"<!subteam^S123|ops> and <@U123>", "ops and"},
		"bold":                {"*Check next*\n• one\n• two", "Check next\n- one\n- two"},
		"a star that is none": {"2 * 3 * 4", "2 * 3 * 4"},
		"code":                {"`GET https://example.com/`", "GET https://example.com/"},
		"what was escaped":    {"&lt;b&gt; &amp;lt;", "<b> &lt;"},
		"an emoji":            {":lock: Credential refused", "Credential refused"},
		"a time of day":       {"at 14:32:10", "at 14:32:10"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, unmark(tc.marked)) })
	}
}
