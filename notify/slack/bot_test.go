package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/text"
)

func fake(t *testing.T) *fakeslack.Server {
	t.Helper()
	server, err := fakeslack.Start()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

func newBot(t *testing.T, server *fakeslack.Server) notify.Sender {
	t.Helper()
	sender, err := New(Config{
		Name: "ops", Token: text.NewSecret(fakeslack.Token), Channel: "#ops", APIURL: server.URL(),
		PublicURL: "https://sonde.example.com/", Client: &http.Client{Timeout: 2 * time.Second},
	})
	require.NoError(t, err)
	return sender
}

// fresh is a sample that was made just now.
func fresh(change incident.Change, v probe.Verdict) notify.Message {
	m := sample(change, v)
	m.CreatedAt = time.Now()
	return m
}

// failed returns the failure that a delivery ended with.
func failed(t *testing.T, err error) *notify.Failure {
	t.Helper()
	require.Error(t, err)
	f, ok := errors.AsType[*notify.Failure](err)
	require.True(t, ok, "%T", err)
	return f
}

func TestAnIncidentIsOneThread(t *testing.T) {
	server := fake(t)
	sender := newBot(t, server)
	thread, err := sender.Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.NoError(t, err)
	reply, err := sender.Send(t.Context(), fresh(incident.Reminded, causes["5xx"]), thread)
	require.NoError(t, err)
	require.Equal(t, thread, reply)
	_, err = sender.Send(t.Context(), fresh(incident.Resolved, causes["5xx"]), thread)
	require.NoError(t, err)

	said := server.Messages()
	require.Len(t, said, 3)
	root, reminder, recovery := said[0], said[1], said[2]
	require.Equal(t, notify.Thread{Channel: root.Channel, Root: root.TS}, thread)
	require.NotEqual(t, "#ops", thread.Channel, "the thread keeps the channel's id, not the name it was addressed by")
	require.Empty(t, root.ThreadTS)
	require.Equal(t, root.TS, reminder.ThreadTS)
	require.False(t, reminder.Broadcast)
	require.Equal(t, root.TS, recovery.ThreadTS)
	require.True(t, recovery.Broadcast, "the channel sees the recovery")
	require.Equal(t, "5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.", root.Text)
	require.JSONEq(t, `{"event_type":"sonde_alert","event_payload":{"dedupe_key":"1000:ops:opened:1","incident":"1000","change":"opened"}}`,
		string(root.Metadata))
	require.Equal(t, "sonde", server.Requests()[0].Header.Get("User-Agent"))
}

func TestWhatTheChannelMustNotMissIsShownThere(t *testing.T) {
	slow := probe.Miss(probe.TooSlow)
	for name, tc := range map[string]struct {
		message   notify.Message
		broadcast bool
	}{
		"a recovery":           {sample(incident.Resolved, slow), true},
		"one that lasts":       {sample(incident.Settled, slow), true},
		"that it is less bad":  {sample(incident.Eased, slow), true},
		"not what it has seen": {quietly(sample(incident.Reopened, slow)), false},
		"a relapse":            {sample(incident.Reopened, slow), true},
		"a critical new cause": {sample(incident.Changed, causes["5xx"]), true},
		"not a milder one":     {sample(incident.Changed, slow), false},
		"not a reminder":       {sample(incident.Reminded, causes["5xx"]), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.broadcast, (&post{Message: tc.message}).forTheChannel())
		})
	}
}

// quietly is a message for those who follow the incident.
func quietly(m notify.Message) notify.Message {
	m.Body.Quiet = true
	return m
}

func TestAReplyWhoseRootWasDeletedIsTheNewRoot(t *testing.T) {
	server := fake(t)
	sender := newBot(t, server)
	thread, err := sender.Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.NoError(t, err)
	server.Delete(thread.Channel, thread.Root)

	next, err := sender.Send(t.Context(), fresh(incident.Reminded, causes["5xx"]), thread)
	require.NoError(t, err)
	require.NotEqual(t, thread.Root, next.Root)
	require.Equal(t, next.Root, server.Messages()[0].TS)
}

func TestWithoutARootALaterMessageIsOne(t *testing.T) {
	server := fake(t)
	thread, err := newBot(t, server).Send(t.Context(), fresh(incident.Resolved, causes["5xx"]), notify.Thread{})
	require.NoError(t, err)
	require.Equal(t, thread.Root, server.Messages()[0].TS)
	require.Empty(t, server.Messages()[0].ThreadTS)
}

func TestNoAlertIsLostForItsLooks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		faults   []string
		posts    int
		blocks   bool
		metadata bool
		threaded bool
		simpler  uint64
	}{
		"blocks that are refused become fewer":       {[]string{"invalid_blocks"}, 2, true, true, true, 1},
		"and are left out when none are taken":       {[]string{"invalid_blocks", "invalid_blocks", "invalid_blocks"}, 4, false, true, true, 1},
		"so they are for a code that is not known":   {[]string{"something_new"}, 2, false, true, true, 1},
		"metadata that is refused is left out":       {[]string{"metadata_too_large"}, 2, true, false, true, 0},
		"a thread that is refused is left":           {[]string{"cannot_reply_to_message"}, 2, true, true, false, 0},
		"blocks and metadata can be refused in turn": {[]string{"msg_too_long", "invalid_metadata_format"}, 3, true, false, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := fake(t)
			root, err := newBot(t, server).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
			require.NoError(t, err)
			for _, code := range tc.faults {
				server.Fail(fakeslack.Fault{Error: code, Count: 1})
			}
			sender := newBot(t, server)
			_, err = sender.Send(t.Context(), fresh(incident.Reminded, causes["5xx"]), root)
			require.NoError(t, err)
			require.Equal(t, tc.simpler, sender.(notify.Simplifier).Simplified(), "a message counts once")
			require.Len(t, server.Requests(), 1+tc.posts)
			said := server.Messages()[1]
			require.True(t, strings.HasPrefix(said.Text, "5xx: checkout is still down"))
			require.Equal(t, tc.blocks, said.Blocks != nil)
			require.Equal(t, tc.metadata, said.Metadata != nil)
			require.Equal(t, tc.threaded, said.ThreadTS == root.Root)
		})
	}
}

func TestWhatABotsFailureMeans(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault   fakeslack.Fault
		trouble notify.Trouble
		after   time.Duration
		says    string
	}{
		"a pause in seconds":                    {fakeslack.Fault{Status: 429, RetryAfter: "17"}, notify.Throttled, 17 * time.Second, "429"},
		"a pause of unsaid length":              {fakeslack.Fault{Status: 429}, notify.Throttled, 30 * time.Second, "429"},
		"a pause that makes no sense":           {fakeslack.Fault{Status: 429, RetryAfter: "soon"}, notify.Throttled, 30 * time.Second, "429"},
		"a pause of an absurd length":           {fakeslack.Fault{Status: 429, RetryAfter: "99999999"}, notify.Throttled, time.Hour, "429"},
		"a pause as a code":                     {fakeslack.Fault{Error: "ratelimited"}, notify.Throttled, 30 * time.Second, "ratelimited"},
		"the workspace's limit":                 {fakeslack.Fault{Error: "message_limit_exceeded"}, notify.Throttled, 5 * time.Minute, "message_limit_exceeded"},
		"a 503 may have taken the message":      {fakeslack.Fault{Status: 503, Body: "<html>"}, notify.Ambiguous, 0, "503 Service Unavailable"},
		"a 503 may ask for a pause":             {fakeslack.Fault{Status: 503, RetryAfter: "60"}, notify.Ambiguous, time.Minute, "503"},
		"a cut connection may have, too":        {fakeslack.Fault{Drop: true}, notify.Ambiguous, 0, "no answer"},
		"so may an answer that is not Slack's":  {fakeslack.Fault{Body: "<html>welcome"}, notify.Ambiguous, 0, "not Slack's"},
		"so may an answer without a ts":         {fakeslack.Fault{Body: "{}"}, notify.Ambiguous, 0, "does not say"},
		"so may one of an odd form":             {fakeslack.Fault{Body: `{"ok":false,"error":"x","errors":{}}`}, notify.Ambiguous, 0, "not Slack's"},
		"so may an internal error":              {fakeslack.Fault{Error: "internal_error"}, notify.Ambiguous, 0, "internal_error"},
		"Slack in trouble took nothing":         {fakeslack.Fault{Error: "service_unavailable"}, notify.Transient, 0, "service_unavailable"},
		"a wrong channel is for people":         {fakeslack.Fault{Error: "channel_not_found"}, notify.Unreachable, 0, "channel_not_found"},
		"a wrong credential is, everywhere":     {fakeslack.Fault{Error: "invalid_auth"}, notify.Unauthorized, 0, "invalid_auth"},
		"so is a missing scope":                 {fakeslack.Fault{Body: `{"ok":false,"error":"missing_scope","needed":"chat:write"}`}, notify.Unauthorized, 0, "needs the scope chat:write"},
		"so is a code that is not known":        {fakeslack.Fault{Error: "something_new"}, notify.Unreachable, 0, "something_new"},
		"so is a proxy that refuses":            {fakeslack.Fault{Status: 403, Body: "<html>"}, notify.Unreachable, 0, "403 Forbidden"},
		"so is a redirect":                      {fakeslack.Fault{Status: 307}, notify.Unreachable, 0, "307"},
		"content that is refused twice is dead": {fakeslack.Fault{Error: "invalid_blocks"}, notify.Refused, 0, "invalid_blocks"},
		"so is one that is too large twice":     {fakeslack.Fault{Status: 413}, notify.Refused, 0, "413"},
		"so is a mistake of ours":               {fakeslack.Fault{Error: "invalid_charset"}, notify.Refused, 0, "invalid_charset"},
	} {
		t.Run(name, func(t *testing.T) {
			server := fake(t)
			server.Fail(tc.fault)
			thread, err := newBot(t, server).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
			f := failed(t, err)
			require.Equal(t, tc.trouble, f.Trouble, f)
			require.Equal(t, tc.after, f.After)
			require.Contains(t, f.Error(), tc.says)
			require.NotContains(t, f.Error(), fakeslack.Token)
			require.NotContains(t, f.Error(), "http://")
			require.True(t, thread.IsZero())
		})
	}
}

func TestAServerThatIsNotThereTookNothing(t *testing.T) {
	server := fake(t)
	sender := newBot(t, server)
	server.Close()
	_, err := sender.Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	f := failed(t, err)
	require.Equal(t, notify.Transient, f.Trouble)
	require.Contains(t, f.Error(), "not connected")
}

func TestADeliveryThatIsCutShortMayHaveGotThrough(t *testing.T) {
	server := fake(t)
	server.Fail(fakeslack.Fault{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sender, ended := newBot(t, server), make(chan error, 1)
	go func() {
		_, err := sender.Send(ctx, fresh(incident.Opened, causes["5xx"]), notify.Thread{})
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(server.Requests()) > 0 }, 5*time.Second, time.Millisecond)
	cancel()
	f := failed(t, <-ended)
	require.Equal(t, notify.Ambiguous, f.Trouble)
	require.Contains(t, f.Error(), "canceled")
}

func TestAnEchoOfTheTokenIsNotPassedOn(t *testing.T) {
	server := fake(t)
	answer, err := json.Marshal(map[string]any{"ok": false, "error": "bad token " + fakeslack.Token})
	require.NoError(t, err)
	server.Fail(fakeslack.Fault{Body: string(answer)})
	_, err = newBot(t, server).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.Contains(t, failed(t, err).Error(), "bad token [redacted]")
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	server := fake(t)
	server.Fail(fakeslack.Fault{Body: `{"ok":true,"x":"` + strings.Repeat("x", 3*maxAnswer)})
	_, err := newBot(t, server).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	f := failed(t, err)
	require.Equal(t, notify.Ambiguous, f.Trouble)
	require.Contains(t, f.Error(), "unexpected EOF")
}

func TestABurstIsStretchedToWhatSlackAllows(t *testing.T) {
	server := fake(t)
	sender := newBot(t, server)
	for range 4 {
		_, err := sender.Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
		require.NoError(t, err)
	}
	said := server.Messages()
	require.Less(t, said[2].At.Sub(said[0].At), 900*time.Millisecond)
	require.Greater(t, said[3].At.Sub(said[0].At), 900*time.Millisecond)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sender.Send(ended, fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.Equal(t, notify.Transient, failed(t, err).Trouble, "what waited for its turn was not sent")
}
