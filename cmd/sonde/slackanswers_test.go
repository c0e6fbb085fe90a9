package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// hears starts the service of the scene with an app token, and waits until it hears Slack.
func (s *scene) hears(t *testing.T) *process {
	t.Helper()
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	config := strings.Replace(string(written), "channel: C0OPS", `channel: C0OPS, app_token: "${env:SLACK_APP_TOKEN}"`, 1)
	config = strings.Replace(config, "destinations:", "api: {token: \"${env:API_TOKEN}\"}\ndestinations:", 1)
	s.write(t, config)
	s.slack.Join("C0OPS", "U0KIM")
	p := begin(t, hearing, "serve", "-c", s.config)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.True(t, s.slack.Connected(ctx, 1), p.output.String())
	return p
}

const apiToken = "canary-token-of-the-api"

// hearing is the environment of a service that hears Slack.
var hearing = []string{"SLACK_TOKEN=" + fakeslack.Token, "SLACK_APP_TOKEN=" + fakeslack.AppToken, "API_TOKEN=" + apiToken}

// press presses a button in Slack.
func (s *scene) press(t *testing.T, n int, action, value string) {
	t.Helper()
	a := map[string]any{"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": fmt.Sprintf("1700000000.%06d", n)}
	if strings.Contains(value, "|") {
		a = map[string]any{"action_id": action, "block_id": "b", "type": "static_select", "selected_option": map[string]string{"value": value}, "action_ts": a["action_ts"]}
	}
	roots, _ := s.told()
	id, err := s.slack.Deliver("interactive", map[string]any{
		"type": "block_actions", "api_app_id": fakeslack.AppID, "trigger_id": "t", "user": map[string]string{"id": "U0KIM", "username": "kim", "team_id": fakeslack.TeamID},
		"channel": map[string]string{"id": "C0OPS"}, "container": map[string]string{"channel_id": "C0OPS", "message_ts": roots[0].TS}, "actions": []any{a},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, acked := s.slack.Acked(ctx, id)
	require.True(t, acked)
}

func (s *scene) replied(t *testing.T, what string) {
	t.Helper()
	var said []string
	require.Eventually(t, func() bool {
		said = nil
		_, replies := s.told()
		for _, m := range replies {
			said = append(said, m.Text)
		}
		return strings.Contains(strings.Join(said, "\n"), what)
	}, 15*time.Second, 50*time.Millisecond, "%s\nsaid: %q\nwhispered: %v", what, &said, s.slack.Whispers())
}

// shows waits until the first message shows something.
func (s *scene) shows(t *testing.T, what string) {
	t.Helper()
	s.eventually(t, "the first message shows "+what, func() bool {
		roots, _ := s.told()
		return strings.Contains(string(roots[0].Attachments), what)
	})
}

func TestAnIncidentIsAnsweredInSlack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.hears(t)
	id := s.down(t)
	s.eventually(t, "it is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	roots, _ := s.told()
	require.Contains(t, string(roots[0].Attachments), `"action_id":"ack"`)

	s.press(t, 1, "ack", id)
	s.replied(t, "checkout: acknowledged by kim.")
	status, _ := s.report(t)
	require.Equal(t, "kim", status.Probes[0].Incidents[0].AcknowledgedBy)
	s.shows(t, `"action_id":"unack"`)
	s.press(t, 2, "silence", id+"|recovered")
	s.replied(t, "checkout: silenced until it recovers, by kim.")
	s.press(t, 3, "run_now", id)
	s.replied(t, "checkout was run now by kim.")

	slash, err := s.slack.Deliver("slash_commands", map[string]string{
		"command": "/sonde", "text": "status", "user_id": "U0KIM", "user_name": "kim", "team_id": fakeslack.TeamID, "channel_id": "C0OPS",
		"trigger_id": "t1", "response_url": s.slack.ResponseURL(),
	})
	require.NoError(t, err)
	require.NotEmpty(t, slash)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	whispers := s.slack.AwaitWhispers(ctx, 1)
	require.Contains(t, whispers[0].Text, "checkout")
	require.Contains(t, whispers[0].Text, "down")

	s.status.Store(http.StatusOK)
	s.eventually(t, "it is over", func() bool { status, _ := s.report(t); return status.Probes[0].State == report.Up })
	s.shows(t, `"action_id":"false_alarm"`)
	s.press(t, 4, "false_alarm", id)
	s.replied(t, "checkout: a false alarm, says kim.")
	s.press(t, 4, "false_alarm", id)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.listen+"/api/v1/incidents/"+id+"/false-alarm", strings.NewReader(`{"undo":true}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+apiToken)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	s.replied(t, "checkout: no false alarm after all, says api.")
	require.Equal(t, 0, p.end(syscall.SIGTERM))

	seen := p.output.String()
	for _, file := range []string{"sonde.db", "sonde.db-wal"} {
		content, err := os.ReadFile(filepath.Join(s.folder, file))
		require.NoError(t, err)
		seen += string(content)
	}
	for _, secret := range []string{fakeslack.Token, fakeslack.AppToken, apiToken, "fakeanswer", "ticket-"} {
		require.NotContains(t, strings.ReplaceAll(seen, "\x00", ""), secret)
	}
}

func TestASlackThatRefusesTheAppTokenStopsNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.slack.Fail(fakeslack.Fault{Method: "apps.connections.open", Error: "invalid_auth"})
	s.slack.Join("C0OPS", "U0KIM")
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	s.write(t, strings.Replace(string(written), "channel: C0OPS", `channel: C0OPS, app_token: "`+fakeslack.AppToken+`"`, 1))
	p := s.serve(t)
	s.down(t)
	s.eventually(t, "it is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Equal(t, 1, strings.Count(p.output.String(), "does not accept the app token"), p.output.String())
	require.NotContains(t, p.output.String(), fakeslack.AppToken)
}
