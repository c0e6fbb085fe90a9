package slack

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/text"
)

func newBotIn(t *testing.T, server *fakeslack.Server, channel string) *bot {
	t.Helper()
	sender, err := New(Config{Name: "ops", Token: text.NewSecret(fakeslack.Token), Channel: channel, APIURL: server.URL(), Client: &http.Client{Timeout: 2 * time.Second}})
	require.NoError(t, err)
	return sender.(*bot)
}

// keyed is a fresh message with a key of its own.
func keyed(key string, change incident.Change) notify.Message {
	m := fresh(change, causes["5xx"])
	m.Key = key
	return m
}

// calls counts the requests of a method.
func calls(server *fakeslack.Server, method string) (n int) {
	for _, r := range server.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

func TestWhatSlackTookIsFoundByItsKey(t *testing.T) {
	server := fake(t)
	b := newBotIn(t, server, "C0OPS")
	root, err := b.Send(t.Context(), keyed("root", incident.Opened), notify.Thread{})
	require.NoError(t, err)
	_, err = b.Send(t.Context(), keyed("quiet", incident.Reminded), root)
	require.NoError(t, err)
	_, err = b.Send(t.Context(), keyed("loud", incident.Resolved), root)
	require.NoError(t, err)

	anew := newBotIn(t, server, "C0OPS") // after a restart
	for _, key := range []string{"root", "loud"} {
		got, found, err := anew.Find(t.Context(), keyed(key, incident.Opened), notify.Thread{}, time.Now().Add(-time.Minute))
		require.NoError(t, err)
		require.True(t, found, key)
		require.Equal(t, root, got, key)
	}
	require.Equal(t, 1, calls(server, "conversations.history"), "one look settles many")
	got, found, err := anew.Find(t.Context(), keyed("quiet", incident.Reminded), root, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.True(t, found, "a reply is in its thread alone")
	require.Equal(t, root, got)
	_, found, err = anew.Find(t.Context(), keyed("never", incident.Reminded), root, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, 1, calls(server, "conversations.replies"))
	_, found, err = anew.Find(t.Context(), keyed("never", incident.Opened), notify.Thread{}, time.Now())
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, 2, calls(server, "conversations.history"), "what was seen before is not asked when it is too old")
}

func TestAReplyOutsideItsThreadIsFoundAndIsTheRoot(t *testing.T) {
	server := fake(t)
	b := newBotIn(t, server, "C0OPS")
	root, err := b.Send(t.Context(), keyed("root", incident.Opened), notify.Thread{})
	require.NoError(t, err)
	server.Delete(root.Channel, root.Root)
	moved, err := b.Send(t.Context(), keyed("reply", incident.Changed), root)
	require.NoError(t, err)
	got, found, err := newBotIn(t, server, "C0OPS").Find(t.Context(), keyed("reply", incident.Changed), root, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, moved, got)
}

func TestWhoMayNotLookSaysSo(t *testing.T) {
	for name, tc := range map[string]struct {
		channel string
		fault   fakeslack.Fault
		trouble notify.Trouble
	}{
		"without the scope":                 {"C0OPS", fakeslack.Fault{Body: `{"ok":false,"error":"missing_scope","needed":"channels:history"}`}, notify.Blind},
		"outside the channel":               {"C0OPS", fakeslack.Fault{Error: "not_in_channel"}, notify.Blind},
		"where the channel has a name only": {"#ops", fakeslack.Fault{Status: 500}, notify.Blind},
		"a wrong credential is another":     {"C0OPS", fakeslack.Fault{Error: "token_revoked"}, notify.Unauthorized},
		"and a Slack in trouble":            {"C0OPS", fakeslack.Fault{Status: 503}, notify.Ambiguous},
		"an answer that says nothing":       {"C0OPS", fakeslack.Fault{Body: "{}"}, notify.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			server := fake(t)
			server.Inject("conversations.history", tc.fault)
			_, found, err := newBotIn(t, server, tc.channel).Find(t.Context(), keyed("x", incident.Opened), notify.Thread{}, time.Now())
			require.False(t, found)
			require.Equal(t, tc.trouble, failed(t, err).Trouble, err)
		})
	}
}

func TestAChannelThatIsKnownByItsNameIsLookedAtOnceSlackHasSaidItsID(t *testing.T) {
	server := fake(t)
	b := newBotIn(t, server, "#ops")
	_, err := b.Send(t.Context(), keyed("root", incident.Opened), notify.Thread{})
	require.NoError(t, err)
	_, found, err := b.Find(t.Context(), keyed("root", incident.Opened), notify.Thread{}, time.Now())
	require.NoError(t, err)
	require.True(t, found)
}

func TestARootShowsWhatItIsEditedToAndKeepsItsKey(t *testing.T) {
	server := fake(t)
	b := newBotIn(t, server, "C0OPS")
	root, err := b.Send(t.Context(), keyed("root", incident.Opened), notify.Thread{})
	require.NoError(t, err)
	before := server.Messages()[0]
	require.NoError(t, b.Edit(t.Context(), keyed("root", incident.Resolved), root))
	after := server.Messages()[0]
	require.Len(t, server.Messages(), 1, "an edit is no message")
	require.True(t, after.Edited)
	require.NotEqual(t, before.Text, after.Text)
	require.Contains(t, string(after.Attachments), green)
	require.NotEmpty(t, after.Blocks)
	require.Contains(t, string(after.Metadata), `"dedupe_key":"root"`)
	require.Contains(t, string(after.Metadata), `"change":"resolved"`)

	server.Fail(fakeslack.Fault{Method: "chat.update", Error: "invalid_blocks", Count: 9})
	require.Error(t, b.Edit(t.Context(), keyed("root", incident.Opened), root))
	server.Heal()
	server.Fail(fakeslack.Fault{Method: "chat.update", Error: "msg_blocks_too_long", Count: 3})
	require.NoError(t, b.Edit(t.Context(), keyed("root", incident.Reopened), root), "in a simpler form")
	require.Equal(t, "[]", string(server.Messages()[0].Blocks), "what was there is gone")

	link, err := b.Link(t.Context(), root)
	require.NoError(t, err)
	require.Contains(t, link, "/archives/C0OPS/p")
	server.Delete(root.Channel, root.Root)
	require.Equal(t, notify.Gone, failed(t, b.Edit(t.Context(), keyed("root", incident.Resolved), root)).Trouble)
	_, err = b.Link(t.Context(), root)
	require.Equal(t, notify.Gone, failed(t, err).Trouble)
}

func TestBotsWithTheSameTokenShareAnAccountAndNothingOfItIsTold(t *testing.T) {
	server := fake(t)
	a, b := newBotIn(t, server, "C0OPS"), newBotIn(t, server, "C0DEV")
	require.Equal(t, a.Account(), b.Account())
	require.NotContains(t, a.Account(), fakeslack.Token)
	other, err := New(Config{Name: "ops", Token: text.NewSecret("xoxb-other"), Channel: "C0OPS", APIURL: server.URL()})
	require.NoError(t, err)
	require.NotEqual(t, a.Account(), other.(*bot).Account())
	require.NoError(t, a.Ask(t.Context()))
	require.Equal(t, notify.Unauthorized, failed(t, other.(*bot).Ask(t.Context())).Trouble)
	server.Fail(fakeslack.Fault{Body: "{}"})
	require.Equal(t, notify.Ambiguous, failed(t, a.Ask(t.Context())).Trouble)
	require.Empty(t, server.Messages())
}
