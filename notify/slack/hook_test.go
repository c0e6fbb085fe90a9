package slack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/text"
)

func newTestHook(t *testing.T, address string) notify.Sender {
	t.Helper()
	sender, err := New(Config{Name: "backup", Webhook: text.NewSecret(address), Client: &http.Client{Timeout: 2 * time.Second}})
	require.NoError(t, err)
	return sender
}

func TestAWebhookGetsEveryChangeAsAMessageOfItsOwn(t *testing.T) {
	server := fake(t)
	sender := newTestHook(t, server.WebhookURL())
	for _, change := range []incident.Change{incident.Opened, incident.Resolved} {
		thread, err := sender.Send(t.Context(), fresh(change, causes["no answer"]), notify.Thread{Channel: "C1", Root: "1.2"})
		require.NoError(t, err)
		require.True(t, thread.IsZero())
	}
	said := server.Messages()
	require.Len(t, said, 2)
	for _, m := range said {
		require.True(t, m.Webhook)
		require.Empty(t, m.ThreadTS)
		require.Contains(t, m.Text, "since 14:32:10 UTC")
		require.Contains(t, m.Text, "Incident 1000.")
		require.NotEmpty(t, m.Blocks)
		require.NotEmpty(t, m.Attachments)
	}
}

func TestAWebhookGetsNothingThatIsOnlyForThoseWhoFollowAThread(t *testing.T) {
	server := fake(t)
	m := fresh(incident.Reopened, causes["no answer"])
	m.Body.Quiet = true
	_, err := newTestHook(t, server.WebhookURL()).Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)
	_, err = newTestHook(t, server.WebhookURL()).Send(t.Context(), fresh(incident.Staged, causes["5xx"]), notify.Thread{})
	require.NoError(t, err)
	require.Empty(t, server.Messages())
}

func TestAWebhookThatRefusesTheFormGetsTheSentence(t *testing.T) {
	t.Parallel()
	for answer, times := range map[string]int{"invalid_blocks": 3, "something_new": 1} {
		server := fake(t)
		server.Fail(fakeslack.Fault{Status: 400, Body: answer, Count: times})
		_, err := newTestHook(t, server.WebhookURL()).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
		require.NoError(t, err)
		said := server.Messages()
		require.Len(t, said, 1)
		require.Empty(t, said[0].Blocks)
		require.True(t, strings.HasPrefix(said[0].Text, "5xx: checkout is down"))
	}
}

func TestWhatAWebhooksFailureMeans(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault   fakeslack.Fault
		trouble notify.Trouble
		after   time.Duration
		says    string
	}{
		"a pause":                                  {fakeslack.Fault{Status: 429, RetryAfter: "3"}, notify.Throttled, 3 * time.Second, "429"},
		"a revoked webhook is for people":          {fakeslack.Fault{Status: 404, Body: "no_service"}, notify.Unreachable, 0, "no_service"},
		"the body counts more than the status":     {fakeslack.Fault{Status: 500, Body: "channel_is_archived"}, notify.Unreachable, 0, "channel_is_archived"},
		"a known code needs no second try":         {fakeslack.Fault{Status: 400, Body: "user_not_found"}, notify.Unreachable, 0, "user_not_found"},
		"a page is not repeated in the error":      {fakeslack.Fault{Status: 404, Body: "<html>not here</html>"}, notify.Unreachable, 0, "webhook: 404 Not Found"},
		"a 500 may have taken the message":         {fakeslack.Fault{Status: 500, Body: "rollup_error"}, notify.Ambiguous, 0, "rollup_error"},
		"a 200 that does not say ok may have, too": {fakeslack.Fault{Body: "hello"}, notify.Ambiguous, 0, "does not say"},
		"a cut connection may have, too":           {fakeslack.Fault{Drop: true}, notify.Ambiguous, 0, "no answer"},
		"content that is refused twice is dead":    {fakeslack.Fault{Status: 400, Body: "invalid_payload"}, notify.Refused, 0, "invalid_payload"},
	} {
		t.Run(name, func(t *testing.T) {
			server := fake(t)
			server.Fail(tc.fault)
			_, err := newTestHook(t, server.WebhookURL()).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
			f := failed(t, err)
			require.Equal(t, tc.trouble, f.Trouble, f)
			require.Equal(t, tc.after, f.After)
			require.Contains(t, f.Error(), tc.says)
			require.NotContains(t, f.Error(), "/services/", "the address is the secret")
			require.NotContains(t, f.Error(), "html")
		})
	}
}

func TestTheAddressOfAWebhookIsInNoError(t *testing.T) {
	server := fake(t)
	address := server.WebhookURL()
	server.Close()
	_, err := newTestHook(t, address).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	f := failed(t, err)
	require.Equal(t, notify.Transient, f.Trouble)
	require.NotContains(t, f.Error(), "/services/")
	require.Contains(t, f.Error(), "connection refused")
}

func TestARedirectIsNotFollowedWithTheMessage(t *testing.T) {
	server := fake(t)
	server.Fail(fakeslack.Fault{Status: http.StatusPermanentRedirect, Location: server.WebhookURL(), Count: 1})
	_, err := newTestHook(t, server.WebhookURL()).Send(t.Context(), fresh(incident.Opened, causes["5xx"]), notify.Thread{})
	require.Equal(t, notify.Unreachable, failed(t, err).Trouble)
	require.Empty(t, server.Messages())
}
