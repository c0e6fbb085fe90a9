package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify/slack/fakeslack"
)

func TestASocketComesAgainWheneverAConnectionEnds(t *testing.T) {
	s := newStage(t, nil)
	for n := range 4 {
		s.connected(n + 1)
		s.press("U0KIM", actAck, "1000")
		require.Len(t, s.clerk.all(t, 1), n+1)
		s.Disconnect(n%2 == 0)
	}
	s.connected(5)
}

func TestARefusedAppTokenIsToldOnceAndTriedAgain(t *testing.T) {
	for _, code := range []string{"invalid_auth", "account_inactive", "not_authed", "token_revoked"} {
		server := startFake(t)
		server.Fail(fakeslack.Fault{Method: "apps.connections.open", Error: code, Count: 5})
		s := newStageAt(t, server, nil)
		s.connected(1)
		s.press("U0KIM", actAck, "1000")
		s.clerk.all(t, 1)
		require.Equal(t, 1, strings.Count(s.log.String(), "does not accept the app token"), s.log.String())
		require.Contains(t, s.log.String(), "connections:write")
		require.Contains(t, s.log.String(), code)
		s.stop()
	}
}

func TestASlackThatAnswersNonsenseIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fakeslack.Fault{
		"a page":           {Status: 200, Body: "<html>"},
		"nothing":          {},
		"an error":         {Status: 500},
		"a code":           {Error: "internal_error"},
		"a cut":            {Drop: true},
		"a bad address":    {Body: `{"ok":true,"url":"ws://127.0.0.1:1/xapp-fake-token"}`},
		"another protocol": {Body: `{"ok":true,"url":"gopher://x/xapp-fake-token"}`},
	} {
		t.Run(name, func(t *testing.T) {
			server := startFake(t)
			f.Method, f.Count = "apps.connections.open", 2
			server.Fail(f)
			s := newStageAt(t, server, nil)
			s.connected(1)
			require.LessOrEqual(t, strings.Count(s.log.String(), "nothing is heard from Slack"), 1, s.log.String())
			s.stop()
			require.NotContains(t, s.log.String(), fakeslack.AppToken)
		})
	}
}

func TestASlackThatHangsDoesNotKeepASocketFromEnding(t *testing.T) {
	server := startFake(t)
	server.Fail(fakeslack.Fault{Method: "apps.connections.open", Hang: true})
	s := newStageAt(t, server, nil)
	require.Eventually(t, func() bool { return len(s.Requests()) > 0 }, 20*time.Second, time.Millisecond)
	s.stop()
}

func TestHostileEnvelopesChangeNothing(t *testing.T) {
	s := newStage(t, nil)
	s.connected(1)
	for _, raw := range []string{
		"", "null", "[]", "{", `"x"`, `{"type":"dance","envelope_id":"e1"}`, `{"type":"interactive","envelope_id":"e2","payload":[]}`,
		`{"type":"interactive","envelope_id":"e3","payload":{"type":"block_actions","actions":[]}}`, `{"type":"interactive","envelope_id":"e4","payload":null}`,
		`{"type":"interactive","envelope_id":"e5","payload":{"type":"block_actions","user":{"id":"U0KIM"},"actions":[{"action_id":"ack","type":"button","value":"1000"}]}}`,
		`{"type":"interactive","envelope_id":"e6","payload":{"type":"view_submission","user":{"id":"U0KIM"},"view":{"callback_id":"silence"}}}`,
		`{"type":"slash_commands","envelope_id":"e7","payload":{}}`, `{"type":"slash_commands","envelope_id":"e8","payload":"x"}`,
		`{"type":"events_api","envelope_id":"e9","payload":{"type":"event_callback","event":{"type":"message"}}}`, `{"type":"interactive","payload":{"type":"block_actions"}}`,
	} {
		s.connected(1)
		require.NoError(t, s.Raw(raw))
	}
	other := s.pressed("U0KIM", actAck, "1000")
	other["api_app_id"] = "A0OTHER"
	s.send("interactive", other)
	for _, value := range []string{"", "!", "1000|", "1000|-2h", "1000|9999h", "|2h", strings.Repeat("1", 3000)} {
		s.press("U0KIM", actSilence, value)
		s.press("U0KIM", actAck, value+"!")
		s.press("U0KIM", "dance", value)
	}
	s.press("U0KIM", actOpen, "1000")
	require.Empty(t, s.clerk.orders)
	s.press("U0KIM", actAck, "1000")
	require.Len(t, s.clerk.all(t, 1), 1, "and it goes on")
}

func TestAnEnvelopeIsAnsweredBeforeTheWorkIsDone(t *testing.T) {
	s := newStage(t, nil)
	s.clerk.hold = make(chan struct{})
	for range 5 {
		s.press("U0KIM", actAck, "1000") // waits for the answer
	}
	require.Empty(t, s.clerk.orders)
	close(s.clerk.hold)
	require.Len(t, s.clerk.all(t, 5), 5)
}

func TestWhatPanicsEndsAloneAndSaysNothingSecret(t *testing.T) {
	s := newStage(t, nil)
	s.press("U0KIM", actAck, (incident.FirstID + 7).String())
	s.press("U0KIM", actAck, "1000")
	require.Len(t, s.clerk.all(t, 1), 1)
	require.Contains(t, s.log.String(), "panicked")
	require.NotContains(t, s.log.String(), fakeslack.Token)
}

func TestWhatIsHeardIsForgottenAfterAWhile(t *testing.T) {
	s := newSeen()
	at := time.Now()
	require.True(t, s.first("a", at))
	require.False(t, s.first("a", at.Add(seenFor)))
	require.True(t, s.first("a", at.Add(seenFor+time.Second)))
	for i := range 3 * mostSeen {
		require.True(t, s.first(time.Duration(i).String(), at))
	}
	require.LessOrEqual(t, len(s.when), mostSeen+1)
}
