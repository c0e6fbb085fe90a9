package fakeslack_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

func open(t *testing.T, s *fakeslack.Server) string {
	t.Helper()
	a := ask(t, s, "apps.connections.open", "token", fakeslack.AppToken)
	require.True(t, a.OK, a.Error)
	return a.URL
}

func TestAConnectionOfSocketMode(t *testing.T) {
	s := start(t)
	require.Equal(t, "invalid_auth", ask(t, s, "apps.connections.open").Error, "the bot's token opens none")
	url := open(t, s)
	conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), url, http.Header{"Origin": {"https://api.slack.com"}})
	if answer != nil {
		require.Equal(t, 101, answer.StatusCode)
	}
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	var hello struct {
		Type string `json:"type"`
		Info struct {
			App string `json:"app_id"`
		} `json:"connection_info"`
	}
	require.NoError(t, conn.ReadJSON(&hello))
	require.Equal(t, "hello", hello.Type)
	require.Equal(t, fakeslack.AppID, hello.Info.App)
	require.True(t, s.Connected(t.Context(), 1))

	id, err := s.Deliver("slash_commands", map[string]string{"command": "/sonde"})
	require.NoError(t, err)
	var envelope struct {
		ID      string            `json:"envelope_id"`
		Payload map[string]string `json:"payload"`
	}
	require.NoError(t, conn.ReadJSON(&envelope))
	require.Equal(t, id, envelope.ID)
	require.Equal(t, "/sonde", envelope.Payload["command"])
	require.NoError(t, conn.WriteJSON(map[string]any{"envelope_id": id, "payload": map[string]string{"text": "hi"}}))
	ack, ok := s.Acked(t.Context(), id)
	require.True(t, ok)
	require.JSONEq(t, `{"text":"hi"}`, string(ack.Payload))

	_, _, err = websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake, "a ticket is good for once")
	s.Disconnect(false)
	var farewell struct {
		Type string `json:"type"`
	}
	require.NoError(t, conn.ReadJSON(&farewell))
	require.Equal(t, "disconnect", farewell.Type)
	s.Disconnect(true)
	_, _, err = conn.ReadMessage()
	require.Error(t, err)
	require.Eventually(t, func() bool { _, err := s.Deliver("x", nil); return err != nil }, 5*time.Second, time.Millisecond)
}
