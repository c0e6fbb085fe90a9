package slack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/probe"
)

// types types something behind /sonde in a channel.
func (s *stage) types(user, channel, said string) {
	s.t.Helper()
	s.n++
	require.Empty(s.t, s.send("slash_commands", map[string]string{
		"command": "/sonde", "text": said, "user_id": user, "user_name": strings.ToLower(user), "team_id": fakeslack.TeamID, "channel_id": channel,
		"channel_name": strings.ToLower(channel), "api_app_id": fakeslack.AppID, "trigger_id": fmt.Sprint("typed-", s.n), "response_url": s.ResponseURL(),
	}).Payload)
}

func TestWhatIsAskedForIsAnsweredToWhoAskedAlone(t *testing.T) {
	for name, tc := range map[string]struct{ said, says string }{
		"nothing is a cry for help":        {"", "`/sonde status` how everything is"},
		"help":                             {"help", "`/sonde run NAME` asks a probe now"},
		"status":                           {"status", "```\nstatus of\na long line"},
		"what is too long is cut":          {"status", "\n… +"},
		"slo":                              {"slo", "```\nslo of\n"},
		"slo of a probe":                   {"slo check out", "```\nslo of check out\n"},
		"slo of nobody":                    {"slo nobody", "No probe or group is called `nobody`."},
		"run":                              {"run checkout", "bad: &lt;!channel&gt; 503 ˋˋˋ"},
		"run of nobody":                    {"run nobody", "No probe or group is called `nobody`."},
		"silence":                          {"silence checkout 2h provider has a ticket", "Silenced: `checkout` until <!date^"},
		"silence of a group":               {"silence payments 1h30m", "Silenced: `payments` until <!date^"},
		"silence of an incident":           {"silence 1000", "Silenced: `1000` until it recovers."},
		"what is not known":                {"dance <!here> `x`", "`dance &lt;!here&gt; ˋxˋ` is not known here.\n`/sonde status`"},
		"a silence without a length":       {"silence checkout for long", "is not known here."},
		"an acknowledgement of no id":      {"ack !", "is not known here."},
		"a silence that is too long":       {"silence checkout 31d", "is not known here."},
		"a status of something":            {"status checkout", "is not known here."},
		"a length that would not fit time": {"silence checkout 999999w", "is not known here."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			s.types("U0KIM", "C0OPS", tc.said)
			require.Contains(t, s.whispered(1), tc.says)
			require.Empty(t, s.Whispers()[0].Channel, "it went to the address for answers")
			require.Empty(t, s.Messages(), "nobody else hears of it")
		})
	}
}

func TestWhatIsTypedIsOrderedInTheNameOfWhoTyped(t *testing.T) {
	s := newStage(t, nil)
	s.types("U0KIM", "C0OPS", "ack 1000")
	s.types("U0KIM", "C0OPS", "ACK 1000 undo")
	s.types("U0KIM", "C0OPS", "silence group:payments of all 2h known <b>")
	s.types("U0KIM", "C0OPS", "silence payments 2h")
	got := s.clerk.all(t, 5) // the last one first as a probe, which there is not
	require.Len(t, got, 4)
	require.Equal(t, []bool{false, true}, []bool{got[0].Undo, got[1].Undo})
	require.Equal(t, []string{"group:payments of all"}, got[2].Scope.Names)
	require.Equal(t, "known <b>", got[2].Note)
	require.Equal(t, 2*time.Hour, got[2].Until.Sub(got[2].From))
	require.Equal(t, []string{"group:payments"}, got[3].Scope.Names)
	for _, c := range got {
		require.Equal(t, "U0KIM", c.User)
		require.Regexp(t, `^slack:slash:typed-\d:U0KIM$`, c.Key)
	}
}

func TestALongSilenceIsAskedAbout(t *testing.T) {
	s := newStage(t, func(c *Config) { c.Language = probe.Korean })
	s.types("U0KIM", "C0OPS", "silence checkout 9h")
	require.Contains(t, s.whispered(1), "8시간보다 깁니다")
	view := string(s.AwaitViews(s.within(), 1)[0].View)
	require.Contains(t, view, "확실합니까?")
	require.Contains(t, view, "checkout")
	require.Empty(t, s.clerk.orders)
}

func TestWhoAsksElsewhereMustBelongSomewhere(t *testing.T) {
	s := newStage(t, nil)
	s.types("U0KIM", "C0LOUNGE", "ack 1000")
	require.Len(t, s.clerk.all(t, 1), 1)
	s.types("U0EVE", "C0LOUNGE", "status")
	require.Contains(t, s.whispered(1), "You may not do this here.")
	s.types("U0EVE", "C0LOUNGE", "help")
	require.Contains(t, s.whispered(2), "`/sonde status`", "help is for everybody")
	press := s.pressed("U0KIM", actAck, "1000")
	press["container"] = map[string]string{"message_ts": "1.2", "channel_id": "C0LOUNGE"}
	press["channel"] = map[string]string{"id": "C0LOUNGE"}
	s.send("interactive", press)
	require.Contains(t, s.whispered(3), "sonde does not write to this channel")
}

func TestAChannelThatIsConfiguredByItsNameIsFound(t *testing.T) {
	s := newStage(t, func(c *Config) { c.Channel = "#ops" })
	s.press("U0KIM", actAck, "1000")
	require.Len(t, s.clerk.all(t, 1), 1)
}

func TestAnAddressThatIsNotSlacksGetsNoAnswer(t *testing.T) {
	own := newReach("http://127.0.0.1:8080/api/")
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/T/1/x": true, "https://hooks.slack-gov.com/commands/T/1/x": true, "http://127.0.0.1:8080/respond/x": true,
		"http://hooks.slack.com/x": false, "https://slack.com.evil.example/x": false, "https://evilslack.com/x": false, "https://u:p@hooks.slack.com/": false,
		"http://127.0.0.1:8081/respond/x": false, "file:///etc/passwd": false, "": false, "https://hooks.slack.com:8443/": false, "ftp://127.0.0.1:8080/": false,
	} {
		require.Equal(t, want, own.allows(address), address)
	}
	require.False(t, newReach("").allows("http://127.0.0.1:8080/respond/x"))
}

func FuzzWhatIsTyped(f *testing.F) {
	for _, said := range []string{"", "status", "ack 1000 undo", "silence a b 2h why", "silence 1000", "run x", "slo", "silence x 999999w", "ack \x00", "ack storm s1n undo", "silence 1h 1h", "silence 0", "ack 0"} {
		f.Add(said)
	}
	f.Fuzz(func(t *testing.T, said string) {
		a, ok := parseAsked(said)
		if !ok {
			return
		}
		require.Contains(t, []string{askStatus, askAck, askSilence, askRun, askSLO, askHelp}, a.word)
		require.LessOrEqual(t, a.length, longestSilence)
		require.GreaterOrEqual(t, a.length, time.Duration(0))
		if a.word == askSilence {
			require.NotEqual(t, a.name == "", a.id == 0, "about one of both")
			require.Equal(t, a.id != 0, a.length == 0)
			w := wish{Incident: a.id, Name: a.name, Length: a.length, Reason: a.reason}
			if back, err := readWish(w.String()); err == nil {
				require.Equal(t, w.Incident, back.Incident)
				require.Equal(t, w.Length, back.Length)
			}
		}
		if a.word == askAck {
			require.NotEqual(t, a.id == 0, a.storm == 0, "about one of both")
		}
	})
}
