package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

func TestWhatBecomesOfAnOpeningIsSaidPerDestination(t *testing.T) {
	mail := func(state notify.State, change incident.Change, err string) *store.Post {
		p := &store.Post{Change: change.String(), State: state, Error: err}
		if state == notify.StatePending {
			p.Next = now.Add(time.Minute)
		} else {
			p.SettledAt = ago(60)
		}
		return p
	}
	morning := now.Add(3 * time.Hour)
	for name, tc := range map[string]struct {
		word *store.Word
		held *notify.Held
		link string
		want string
	}{
		"told":                             {word: &store.Word{Opening: mail(notify.StateSent, incident.Opened, "")}, link: "https://x.example.com/p1", want: "told       ops 2026-11-23 04:59:00 https://x.example.com/p1"},
		"told together with its end":       {word: &store.Word{Superseded: true, Opening: mail(notify.StateSent, incident.Resolved, "")}, want: "told       ops 2026-11-23 04:59:00 (together with its end)"},
		"told by a fallback":               {word: &store.Word{For: "chat", Opening: mail(notify.StateSent, incident.Opened, "")}, want: "told       ops 2026-11-23 04:59:00 (in the place of another)"},
		"told longer than a month ago":     {link: "https://x.example.com/p1", want: "told       ops https://x.example.com/p1"},
		"told as a part of a storm":        {word: &store.Word{Kept: &notify.Kept{Storm: 7}, Gust: mail(notify.StateSent, incident.Opened, "")}, want: "told       ops 2026-11-23 04:59:00 (in a storm)"},
		"a storm that is not told":         {word: &store.Word{Kept: &notify.Kept{Storm: 7}, Gust: mail(notify.StatePending, incident.Opened, "no route")}, want: "waits      ops (in a storm until 2026-11-23 05:01:00) no route"},
		"told before, and then in a storm": {word: &store.Word{Kept: &notify.Kept{Storm: 7, Own: true}, Opening: mail(notify.StateSent, incident.Opened, ""), Gust: mail(notify.StateSent, incident.Opened, "")}, want: "told       ops 2026-11-23 04:59:00 (in a storm)"},
		"one of very many":                 {word: &store.Word{Kept: &notify.Kept{Part: true}}, want: "told       ops (as a part of a larger incident)"},
		"quiet hours":                      {word: &store.Word{Kept: &notify.Kept{}}, want: "waits      ops (quiet hours until 2026-11-23 08:00:00)"},
		"a silence":                        {held: &notify.Held{Open: true, Why: notify.WhySilence, Until: now.Add(time.Hour)}, want: "waits      ops (silenced until 2026-11-23 06:00:00)"},
		"a parent that is down":            {held: &notify.Held{Open: true, Why: notify.WhyParent}, want: "waits      ops (what it depends on is down)"},
		"kept back until it was over":      {held: &notify.Held{Why: notify.WhyParent}, want: "not told   ops (what it depends on is down)"},
		"the next one":                     {word: &store.Word{Opening: mail(notify.StateSending, incident.Opened, "")}, want: "waits      ops (it is next)"},
		"a destination that is broken":     {word: &store.Word{Opening: mail(notify.StatePending, incident.Opened, "is_archived"), Elsewhere: true}, want: "waits      ops (the destination does not take it, again at 2026-11-23 05:01:00) is_archived (the fallback was told)"},
		"behind one that is not taken":     {word: &store.Word{Opening: mail(notify.StatePending, incident.Opened, ""), Failing: "invalid_auth"}, want: "waits      ops (the destination does not take it, again at 2026-11-23 05:01:00) invalid_auth"},
		"given up":                         {word: &store.Word{Opening: mail(notify.StateDead, incident.Opened, "msg_too_long")}, want: "not told   ops (given up) msg_too_long"},
		"dropped":                          {word: &store.Word{Opening: mail(notify.StateDropped, incident.Opened, "")}, want: "not told   ops (somebody dropped it)"},
		"over before it could be told":     {word: &store.Word{Superseded: true}, want: "not told   ops (it was over before)"},
		"a destination that is new":        {want: "not told   ops (not meant for it when it opened)"},
	} {
		t.Run(name, func(t *testing.T) {
			record := &store.IncidentRecord{ID: incident.FirstID, Name: "checkout", Kind: probe.KindDown, Phase: incident.Open, Severity: probe.Critical, Since: ago(600), OpenedAt: ago(500), Held: tc.held}
			a := report.Audience{Routed: []string{"ops"}, Words: map[string]*store.Word{}, Links: map[string]string{}, Quiet: func(string) time.Time { return morning }}
			if tc.word != nil {
				tc.word.Destination = "ops"
				a.Words["ops"] = tc.word
			}
			if tc.link != "" {
				a.Links["ops"] = tc.link
			}
			s := report.NewStory(record, nil, now)
			s.Destinations = report.Reaches(record, a)
			require.Len(t, s.Destinations, 1)
			var out strings.Builder
			require.NoError(t, s.WriteText(&out))
			require.Contains(t, strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(tc.want), " ")+" timeline")
			requireContract(t, "contract-reach.json", s.Destinations, "[].why", "[].at", "[].until", "[].error", "[].passed_on", "[].link")
		})
	}
}

func TestAListSaysWhatIsOpenAndNotTold(t *testing.T) {
	all := make([]report.PastIncident, 3)
	for i := range all {
		all[i] = report.PastIncident{ID: "100" + string(rune('0'+i)), Phase: incident.Open, Destinations: []report.Reach{
			{Destination: "ops", State: "waits", Why: "quiet_hours"}, {Destination: "mail", State: "told"},
		}}
	}
	all[1].Phase = incident.Recovered
	all[2].Destinations = nil
	for range 30 {
		all[2].Destinations = append(all[2].Destinations, report.Reach{Destination: "x", State: "dropped", Why: "dead", Error: "gone\x1b[2J"})
	}
	var out strings.Builder
	require.NoError(t, report.WriteIncidents(&out, all))
	require.Contains(t, out.String(), "\n\n1000 waits: ops (quiet hours)\n1002 not told: x (given up) gone")
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "mail")
	require.NotContains(t, out.String(), "1001 waits")
	require.Contains(t, out.String(), "… and 11 more\n")
}
