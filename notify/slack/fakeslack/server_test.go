package fakeslack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/notify/slack/fakeslack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client connects anew for every request, so that no test leaves a connection.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

func start(t *testing.T) *fakeslack.Server {
	t.Helper()
	s, err := fakeslack.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// answer is as much of an API answer as these tests look at.
type answer struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	BotID   string `json:"bot_id"`
	Link    string `json:"permalink"`
	URL     string `json:"url"`
	Message struct {
		TS       string `json:"ts"`
		ThreadTS string `json:"thread_ts"`
		Text     string `json:"text"`
	} `json:"message"`
	Messages []struct {
		TS       string          `json:"ts"`
		Subtype  string          `json:"subtype"`
		Metadata json.RawMessage `json:"metadata"`
	} `json:"messages"`
	HasMore bool `json:"has_more"`
	Next    struct {
		Cursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// ask calls a method with arguments given as name and value.
func ask(t *testing.T, s *fakeslack.Server, method string, args ...string) answer {
	t.Helper()
	form := url.Values{"token": {fakeslack.Token}}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	response, err := client.PostForm(s.URL()+method, form)
	require.NoError(t, err)
	defer response.Body.Close()
	var a answer
	require.NoError(t, json.NewDecoder(response.Body).Decode(&a))
	return a
}

func TestPostsAreKeptWithATSOfTheirOwn(t *testing.T) {
	s := start(t)
	seen := map[string]bool{}
	for range 100 {
		a := ask(t, s, "chat.postMessage", "channel", "C1", "text", "hello")
		require.True(t, a.OK, a.Error)
		require.Equal(t, a.TS, a.Message.TS)
		require.Regexp(t, `^\d{10}\.\d{6}$`, a.TS)
		seen[a.TS] = true
	}
	require.Len(t, seen, 100)
	require.Len(t, s.Messages(), 100)
}

func TestAThread(t *testing.T) {
	s := start(t)
	root := ask(t, s, "chat.postMessage", "channel", "#general", "text", "root", "metadata", `{"event_type":"e","event_payload":{"k":"v"}}`)
	quiet := ask(t, s, "chat.postMessage", "channel", root.Channel, "text", "quiet", "thread_ts", root.TS)
	loud := ask(t, s, "chat.postMessage", "channel", root.Channel, "text", "loud", "thread_ts", root.TS, "reply_broadcast", "true")
	require.Equal(t, root.TS, quiet.Message.ThreadTS)

	history := ask(t, s, "conversations.history", "channel", root.Channel, "include_all_metadata", "true")
	require.Len(t, history.Messages, 2, "the channel does not show the quiet reply")
	require.Equal(t, loud.TS, history.Messages[0].TS, "newest first")
	require.Equal(t, "thread_broadcast", history.Messages[0].Subtype)
	require.JSONEq(t, `{"event_type":"e","event_payload":{"k":"v"}}`, string(history.Messages[1].Metadata))

	replies := ask(t, s, "conversations.replies", "channel", root.Channel, "ts", root.TS)
	require.Len(t, replies.Messages, 3)
	require.Equal(t, root.TS, replies.Messages[0].TS)
	require.Nil(t, replies.Messages[0].Metadata, "only for those who ask")

	s.Delete(root.Channel, root.TS)
	orphan := ask(t, s, "chat.postMessage", "channel", root.Channel, "text", "late", "thread_ts", root.TS)
	require.True(t, orphan.OK)
	require.Empty(t, orphan.Message.ThreadTS)
	require.Equal(t, "thread_not_found", ask(t, s, "conversations.replies", "channel", root.Channel, "ts", root.TS).Error)
}

func TestPagesOfAChannel(t *testing.T) {
	s := start(t)
	var posted []string
	for range 5 {
		posted = append(posted, ask(t, s, "chat.postMessage", "channel", "C1", "text", "x").TS)
	}
	first := ask(t, s, "conversations.history", "channel", "C1", "limit", "2", "oldest", posted[0])
	require.True(t, first.HasMore)
	second := ask(t, s, "conversations.history", "channel", "C1", "limit", "2", "oldest", posted[0], "cursor", first.Next.Cursor)
	require.False(t, second.HasMore)
	require.Equal(t, posted[4], first.Messages[0].TS)
	require.Equal(t, posted[1], second.Messages[1].TS)
}

func TestAnUpdateChangesTheMessage(t *testing.T) {
	s := start(t)
	const blocks = `[{"type":"section","text":{"type":"mrkdwn","text":"b"}}]`
	posted := ask(t, s, "chat.postMessage", "channel", "C1", "text", "before", "blocks", blocks, "attachments", `[{"color":"red"}]`)
	require.True(t, ask(t, s, "chat.update", "channel", "C1", "ts", posted.TS, "text", "after").OK)
	m := s.Messages()[0]
	require.Equal(t, "after", m.Text)
	require.True(t, m.Edited)
	require.Nil(t, m.Blocks, "an update without blocks removes them")
	require.NotNil(t, m.Attachments, "and keeps attachments")
	require.Contains(t, ask(t, s, "chat.getPermalink", "channel", "C1", "message_ts", posted.TS).Link, "/archives/C1/p")
	require.Equal(t, "message_not_found", ask(t, s, "chat.update", "channel", "C1", "ts", "1.2", "text", "x").Error)
	require.Equal(t, "message_not_found", ask(t, s, "chat.getPermalink", "channel", "C1", "message_ts", "1.2").Error)
}

func TestWhatSlackRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	section := func(text string) string {
		return `{"type":"section","text":{"type":"mrkdwn","text":"` + text + `"}}`
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no token":                 {[]string{"token", ""}, "not_authed"},
		"a wrong token":            {[]string{"token", "xoxb-other"}, "invalid_auth"},
		"no channel":               {[]string{"channel", ""}, "channel_not_found"},
		"what is no channel":       {[]string{"channel", "general"}, "channel_not_found"},
		"an archived channel":      {[]string{"channel", "COLD"}, "is_archived"},
		"nothing to say":           {[]string{"text", ""}, "no_text"},
		"too long a text":          {[]string{"text", long(40_001)}, "msg_too_long"},
		"blocks that are no JSON":  {[]string{"blocks", "["}, "invalid_blocks_format"},
		"too long a section":       {[]string{"blocks", "[" + section(long(3001)) + "]"}, "invalid_blocks"},
		"an empty section":         {[]string{"blocks", `[{"type":"section"}]`}, "invalid_blocks"},
		"too long a header":        {[]string{"blocks", `[{"type":"header","text":{"type":"plain_text","text":"` + long(151) + `"}}]`}, "invalid_blocks"},
		"too long a field":         {[]string{"blocks", `[{"type":"section","fields":[{"type":"mrkdwn","text":"` + long(2001) + `"}]}]`}, "invalid_blocks"},
		"a context of nothing":     {[]string{"blocks", `[{"type":"context","elements":[]}]`}, "invalid_blocks"},
		"too many blocks":          {[]string{"blocks", "[" + strings.Repeat(`{"type":"divider"},`, 50) + `{"type":"divider"}]`}, "invalid_blocks"},
		"a block id that is twice": {[]string{"blocks", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`}, "invalid_blocks"},
		"a block of another kind":  {[]string{"blocks", `[{"type":"alert"}]`}, "invalid_blocks"},
		"a bad attachment":         {[]string{"attachments", "[{\"blocks\":[" + section(long(3001)) + "]}]"}, "invalid_attachments"},
		"too much in all": {[]string{"blocks", "[" + section(long(3000)) + "," + section(long(3000)) + "," + section(long(3000)) + "," +
			section(long(3000)) + "]"}, "msg_blocks_too_long"},
		"metadata without a type": {[]string{"metadata", `{"event_payload":{}}`}, "invalid_metadata_format"},
		"too much metadata":       {[]string{"metadata", `{"event_type":"e","event_payload":{"x":"` + long(20_000) + `"}}`}, "metadata_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Archive("COLD")
			a := ask(t, s, "chat.postMessage", append([]string{"channel", "C1", "text", "hello"}, tc.args...)...)
			require.False(t, a.OK)
			require.Equal(t, tc.want, a.Error)
			require.Empty(t, s.Messages())
			require.Len(t, s.Requests(), 1)
		})
	}
}

func TestTheTokenMayComeInAHeader(t *testing.T) {
	s := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"auth.test", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+fakeslack.Token)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.NotEmpty(t, response.Header.Get("X-OAuth-Scopes"))
	var a answer
	require.NoError(t, json.NewDecoder(response.Body).Decode(&a))
	require.True(t, a.OK)
	require.NotEmpty(t, a.BotID)
	require.Equal(t, "unknown_method", ask(t, s, "chat.dance").Error)
}

// hook posts to a webhook and returns status and body.
func hook(t *testing.T, address, body string) (int, string) {
	t.Helper()
	response, err := client.Post(address, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(said)
}

func TestTheWebhook(t *testing.T) {
	s := start(t)
	for name, tc := range map[string]struct {
		address, body string
		status        int
		says          string
	}{
		"a message is taken":           {s.WebhookURL(), `{"text":"hello"}`, 200, "ok"},
		"another address is no hook":   {s.WebhookURL() + "x", `{"text":"hello"}`, 404, "no_service"},
		"what is no JSON is refused":   {s.WebhookURL(), `hello`, 400, "invalid_payload"},
		"an empty message is refused":  {s.WebhookURL(), `{}`, 400, "no_text"},
		"blocks are checked here, too": {s.WebhookURL(), `{"text":"x","blocks":[{"type":"section"}]}`, 400, "invalid_blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			status, says := hook(t, tc.address, tc.body)
			require.Equal(t, tc.status, status)
			require.Equal(t, tc.says, says)
		})
	}
	require.Len(t, s.Messages(), 1)
	require.True(t, s.Messages()[0].Webhook)
	s.Archive(fakeslack.WebhookChannel)
	status, says := hook(t, s.WebhookURL(), `{"text":"hello"}`)
	require.Equal(t, http.StatusGone, status)
	require.Equal(t, "channel_is_archived", says)
}

func TestAwaitReturnsAsSoonAsTheMessageIsThere(t *testing.T) {
	s := start(t)
	got := make(chan []fakeslack.Message, 1)
	go func() { got <- s.Await(t.Context(), 1) }()
	ask(t, s, "chat.postMessage", "channel", "C1", "text", "hello")
	require.Len(t, <-got, 1)

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.Len(t, s.Await(short, 2), 1, "what is there when the time is over")
}

func Example() {
	slack, err := fakeslack.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer slack.Close()
	response, err := client.PostForm(slack.URL()+"chat.postMessage", url.Values{
		"token": {fakeslack.Token}, "channel": {"C0ONCALL"}, "text": {"hello"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	for _, m := range slack.Messages() {
		fmt.Println(m.Channel, m.Text)
	}
	// Output: C0ONCALL hello
}
