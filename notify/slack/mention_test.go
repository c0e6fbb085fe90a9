package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestWhoIsCalledAndWhen(t *testing.T) {
	for name, tc := range map[string]struct {
		change incident.Change
		alter  func(*story)
		want   string
	}{
		"an opening calls":                                {incident.Opened, func(*story) {}, "<!subteam^S0OPS> <@U0KIM>"},
		"so does a relapse that everybody hears of":       {incident.Reopened, func(*story) {}, "<!subteam^S0OPS> <@U0KIM>"},
		"and what was degraded and is down":               {incident.Risen, func(*story) {}, "<!subteam^S0OPS> <@U0KIM>"},
		"a relapse that only those hear who follow it":    {incident.Reopened, func(s *story) { s.Body.Quiet = true }, ""},
		"a reminder that nobody answered":                 {incident.Reminded, func(s *story) { s.place = placeLine }, "<!subteam^S0OPS> <@U0KIM>"},
		"a reminder of what somebody looks after":         {incident.Reminded, func(s *story) { s.Body.Acked.At = started }, ""},
		"a reminder of a warning":                         {incident.Reminded, func(s *story) { s.Body.Severity = probe.Warning }, ""},
		"an opening of a warning calls others":            {incident.Opened, func(s *story) { s.Body.Severity = probe.Warning }, "<!here>"},
		"an opening of what nobody has to know":           {incident.Opened, func(s *story) { s.Body.Severity = probe.Info }, ""},
		"a recovery":                                      {incident.Resolved, func(*story) {}, ""},
		"an acknowledgement":                              {incident.Acknowledged, func(*story) {}, ""},
		"an edit never does":                              {incident.Opened, func(s *story) { s.place = placeEdit }, ""},
		"what is told again because it was deleted":       {incident.Opened, func(s *story) { s.Body.Continued = true }, ""},
		"a part of a larger incident":                     {incident.Opened, func(s *story) { s.Body.Part = 7 }, ""},
		"what comes late":                                 {incident.Opened, func(s *story) { s.now = s.CreatedAt.Add(calledWithin + time.Second) }, ""},
		"where there was enough of it":                    {incident.Opened, func(s *story) { s.Body.Uncalled = true }, ""},
		"where nobody is named":                           {incident.Opened, func(s *story) { s.mentions = nil }, ""},
		"a word that is no id is not read as markup ever": {incident.Opened, func(s *story) { s.mentions = Mentions{probe.Critical: {"everyone", "S1|x", "<!here>", "", "S"}} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := told(sample(tc.change, causes["5xx"]))
			s.mentions = Mentions{probe.Critical: {"S0OPS", "U0KIM"}, probe.Warning: {"here"}}
			tc.alter(&s)
			require.Equal(t, tc.want, s.mention())
			for f := formFull; f < formNone; f++ {
				r := s.fit(f)
				require.Equal(t, tc.want != "" && len(r.blocks) == 0, tc.want != "" && strings.HasSuffix(r.text, " "+tc.want), "in the text only where there is nothing else")
				if len(r.blocks) > 0 {
					headline := r.blocks[0].(*slack.SectionBlock).Text.Text
					require.Equal(t, tc.want != "", strings.Contains(headline, "<!subteam") || strings.Contains(headline, "<!here"), headline)
				}
				if r.bar != nil { // what may be folded away calls nobody
					require.NotContains(t, golden(t, r.bar), "<!subteam")
				}
			}
		})
	}
}

func TestAMentionThatWasLeftOutIsNoted(t *testing.T) {
	for _, language := range probe.Languages() {
		s := toldIn(language, sample(incident.Opened, causes["5xx"]))
		s.Body.Uncalled = true
		require.Empty(t, s.uncalled(), "nobody would have been called")
		s.mentions = Mentions{probe.Critical: {"S0OPS"}}
		r := s.fit(formFull)
		require.Contains(t, r.readable(), wordsIn(language).facts.uncalled)
	}
}

func TestAMessageSaysHowItGotHere(t *testing.T) {
	for want, alter := range map[string]func(*notify.Body){
		" (told here because ops cannot be reached: is_archived)": func(b *notify.Body) { b.Instead = notify.Instead{Of: "ops", Why: "is_archived"} },
		" (told here because ops cannot be reached)":              func(b *notify.Body) { b.Instead.Of = "ops" },
		" (continued: the first message was deleted)":             func(b *notify.Body) { b.Continued = true },
		" (nothing of it could be told before)":                   func(b *notify.Body) { b.Late = true },
	} {
		m := sample(incident.Resolved, causes["5xx"])
		alter(&m.Body)
		r := told(m).fit(formFull)
		require.True(t, strings.HasSuffix(r.text, want), r.text)
		require.Contains(t, r.readable(), strings.TrimSpace(want), "and where the text is not shown")
		said := toldIn(probe.Korean, m)
		require.Contains(t, said.fit(formFull).text, "인시던트 1000. (")
	}
}

func TestASparklineDrawsWhatWasAndWhatFailed(t *testing.T) {
	points := func(outcome probe.Outcome, ms ...int) (all []notify.Point) {
		for _, n := range ms {
			all = append(all, notify.Point{Outcome: outcome, Took: time.Duration(n) * time.Millisecond})
		}
		return all
	}
	for name, tc := range map[string]struct {
		points []notify.Point
		want   string
	}{
		"nothing":                            {nil, ""},
		"what hardly differs looks alike":    {points(probe.Good, 40, 42, 41), "▅▅▅"},
		"the longest is the highest":         {points(probe.Good, 10, 40, 80), "▂▅█"},
		"what failed has no length":          {append(points(probe.Good, 40), points(probe.Bad, 9000)...), "▅×"},
		"a refused credential failed, too":   {points(probe.Excluded, 9), "×"},
		"of what nobody knows there is none": {points(probe.Unknown, 9), "·"},
		"no time at all":                     {points(probe.Good, 0, 0), "▁▁"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, sparkline(tc.points)) })
	}
}
