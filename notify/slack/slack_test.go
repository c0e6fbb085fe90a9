package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/text"
)

func TestNewFindsWhatWouldOnlyShowWithTheFirstAlert(t *testing.T) {
	token, webhook := text.NewSecret("xoxb-1"), text.NewSecret("https://hooks.slack.com/services/T/B/x")
	for name, tc := range map[string]struct {
		config Config
		says   string // empty: it is right
	}{
		"a token and a channel":           {Config{Token: token, Channel: "C1"}, ""},
		"a webhook":                       {Config{Webhook: webhook}, ""},
		"a server of one's own":           {Config{Token: token, Channel: "C1", APIURL: "http://127.0.0.1:1/api"}, ""},
		"nothing":                         {Config{}, "neither a token nor a webhook"},
		"both":                            {Config{Token: token, Channel: "C1", Webhook: webhook}, "a token and a webhook"},
		"no channel":                      {Config{Token: token}, "no channel"},
		"a token with a line break":       {Config{Token: text.NewSecret("xoxb-secret\n"), Channel: "C1"}, "line break"},
		"a webhook that is no address":    {Config{Webhook: text.NewSecret("secret")}, "webhook is no http"},
		"a webhook of another scheme":     {Config{Webhook: text.NewSecret("ftp://secret")}, "webhook is no http"},
		"an api_url that is no address":   {Config{Token: token, Channel: "C1", APIURL: "slack.com/api"}, "api_url"},
		"a public_url that is no address": {Config{Webhook: webhook, PublicURL: "/here"}, "public_url"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.config.Name = "ops"
			_, err := New(tc.config)
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, `slack destination "ops": `)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestTheGivenClientIsNotChanged(t *testing.T) {
	given := &http.Client{Timeout: time.Second}
	made := newClient(given)
	require.Equal(t, time.Second, made.Timeout)
	require.Nil(t, given.Transport)
	require.Nil(t, given.CheckRedirect)
}

func TestOurOwnClientUsesNoProxyAndNoOldConnection(t *testing.T) {
	own := ownTransport()
	require.Nil(t, own.Proxy)
	require.True(t, own.DisableKeepAlives)
	require.Equal(t, 10*time.Second, newClient(nil).Timeout)
}

func TestAPauseMayBeADate(t *testing.T) {
	got := pauseOf(time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat), 0)
	require.InDelta(t, 90, got.Seconds(), 2)
	require.Zero(t, pauseOf(time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), time.Minute))
}

// memory counts who asks how a probe was.
type memory struct{ asked int }

func (m *memory) Results(_ context.Context, _ string, _, _ time.Time, f func(*incident.Input) error) error {
	m.asked++
	return f(&incident.Input{At: started, Verdict: causes["5xx"], Timings: probe.Timings{Total: time.Second}})
}

func (m *memory) Spent(context.Context, string, time.Time, time.Time) (time.Duration, error) {
	return time.Minute, nil
}

func (m *memory) Seen(context.Context, string, time.Time, time.Time) ([]probe.Attempt, error) {
	return nil, errors.New("damaged")
}

func TestHowAProbeWasIsLookedUpForWhatShowsIt(t *testing.T) {
	for at, want := range map[place]int{placeRoot: 1, placeEdit: 1, placeReply: 1, placeLine: 0} {
		m := &memory{}
		d := desk{words: &english, zone: time.UTC, history: m}
		r := d.render(t.Context(), sample(incident.Opened, causes["5xx"]), at, formFull)
		require.Equal(t, want, m.asked)
		require.Equal(t, want > 0, strings.Contains(r.readable(), "Last 1 check `×`"))
		require.Equal(t, want > 0, strings.Contains(r.readable(), "of that this incident: 1 min"))
	}
}
