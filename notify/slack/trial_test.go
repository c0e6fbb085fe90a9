package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/text"
)

// tried is what is said while a destination is tried.
func tried(t *testing.T, cfg Config) (bool, string) {
	t.Helper()
	var said strings.Builder
	ok := Try(t.Context(), cfg, func(f Finding) {
		require.NotEmpty(t, f.Said)
		require.Equal(t, !f.OK || f.Warning, f.WayOut != "", "what is wrong has a way out: %+v", f)
		fmt.Fprintf(&said, "%s ok=%t note=%t: %s", f.What, f.OK, f.Warning, f.Said)
		if f.WayOut != "" {
			said.WriteString("\n   " + f.WayOut)
		}
		said.WriteString("\n")
	})
	return ok, said.String()
}

func TestADestinationIsTried(t *testing.T) {
	all := fakeslack.UsualScopes
	for name, tc := range map[string]struct {
		server func(*fakeslack.Server)
		change func(*Config)
		ok     bool
	}{
		"all-is-well":          {nil, nil, true},
		"without-an-app":       {nil, func(c *Config) { c.AppToken = text.Secret{} }, true},
		"by-name":              {nil, func(c *Config) { c.Channel = "#ops" }, true},
		"a-wrong-token":        {nil, func(c *Config) { c.Token = text.NewSecret("xoxb-canary") }, false},
		"no-such-channel":      {nil, func(c *Config) { c.Channel = "X1" }, false},
		"an-archived-channel":  {func(s *fakeslack.Server) { s.Archive("C0OPS") }, nil, false},
		"no-member-of-public":  {func(s *fakeslack.Server) { s.Leave("C0OPS") }, nil, true},
		"no-member-of-private": {func(s *fakeslack.Server) { s.Leave("G0OPS") }, func(c *Config) { c.Channel = "G0OPS" }, false},
		"only-posting": {func(s *fakeslack.Server) { s.Grant("chat:write") }, func(c *Config) {
			c.AppToken = text.Secret{}
		}, true},
		"only-posting-and-an-app": {func(s *fakeslack.Server) { s.Grant("chat:write,commands") }, nil, false},
		"no-posting":              {func(s *fakeslack.Server) { s.Grant(strings.Replace(all, "chat:write,", "", 1)) }, nil, false},
		"no-command":              {func(s *fakeslack.Server) { s.Grant(strings.Replace(all, ",commands", "", 1)) }, nil, false},
		"no-groups":               {func(s *fakeslack.Server) { s.Grant(strings.Replace(all, ",usergroups:read", "", 1)) }, func(c *Config) { c.Groups = []string{"S0X"} }, false},
		"a-server-like-slack":     {func(s *fakeslack.Server) { s.Grant("") }, nil, false},
		"a-wrong-app-token":       {nil, func(c *Config) { c.AppToken = text.NewSecret("xapp-canary") }, false},
		"a-socket-that-is-none": {func(s *fakeslack.Server) {
			s.Fail(fakeslack.Fault{Method: "apps.connections.open", Body: `{"ok":true,"url":"ws://127.0.0.1:1/?ticket=canary"}`})
		}, nil, false},
		"no-edits": {func(s *fakeslack.Server) {
			s.Fail(fakeslack.Fault{Method: "chat.update", Error: "cant_update_message"})
		}, nil, false},
		"no-deleting": {func(s *fakeslack.Server) {
			s.Fail(fakeslack.Fault{Method: "chat.delete", Error: "cant_delete_message"})
		}, nil, false},
		"too-much": {func(s *fakeslack.Server) {
			s.Fail(fakeslack.Fault{Method: "chat.postMessage", Status: 429, RetryAfter: "30"})
		}, nil, false},
		"no-configuration": {nil, func(c *Config) { c.Channel = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := startFake(t)
			if tc.server != nil {
				tc.server(s)
			}
			cfg := Config{Name: "ops", Token: text.NewSecret(fakeslack.Token), AppToken: text.NewSecret(fakeslack.AppToken), Channel: "C0OPS", APIURL: s.URL()}
			if tc.change != nil {
				tc.change(&cfg)
			}
			ok, said := tried(t, cfg)
			require.Equal(t, tc.ok, ok, said)
			require.NotContains(t, said, "canary")
			require.NotContains(t, said, fakeslack.Token)
			require.NotContains(t, said, fakeslack.AppToken)
			requireText(t, "trial-"+name, said)
			if ok {
				require.Empty(t, s.Messages(), "nothing is left behind")
			}
		})
	}
}

func TestAWebhookIsTried(t *testing.T) {
	s := startFake(t)
	ok, said := tried(t, Config{Name: "hook", Webhook: text.NewSecret(s.WebhookURL()), Language: probe.Korean})
	require.True(t, ok)
	requireText(t, "trial-webhook", said)
	require.Equal(t, "sonde 알림 대상 시험: hook. 문제가 있는 것은 아닙니다.", s.Messages()[0].Text)
	ok, said = tried(t, Config{Name: "hook", Webhook: text.NewSecret(s.WebhookURL() + "-canary")})
	require.False(t, ok)
	require.NotContains(t, said, "canary")
	requireText(t, "trial-webhook-gone", said)
}

func TestAServerThatIsNoSlackIsTried(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	ok, said := tried(t, Config{Name: "ops", Token: text.NewSecret("xoxb-canary"), Channel: "C1", APIURL: server.URL})
	require.False(t, ok)
	require.Contains(t, said, "token ok=false note=false: auth.test: 404 Not Found")
	server.Close()
	ok, said = tried(t, Config{Name: "ops", Token: text.NewSecret("xoxb-canary"), Channel: "C1", APIURL: server.URL})
	require.False(t, ok)
	require.Contains(t, said, "see whether api_url is right, and whether this machine reaches it")
	require.NotContains(t, said, "canary")
}

func TestWhatIsPostedWhileADestinationIsTried(t *testing.T) {
	for _, language := range probe.Languages() {
		w := trialsIn[language]
		require.Equal(t, []string{"{name}"}, factsOf(w.posted))
		require.Equal(t, []string{"{name}"}, factsOf(w.edited))
		require.Equal(t, []string{"{name}"}, factsOf(w.hooked))
		require.NotEmpty(t, w.replied)
	}
}

// requireText compares a text with a golden file.
func requireText(t *testing.T, name, said string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(said), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), said)
}
