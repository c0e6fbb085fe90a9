package webhook

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// request is what a receiver got.
type request struct {
	http.Header
	host, path string
	body       []byte
}

// receiver answers every request in the same way, and keeps what came.
func receiver(t *testing.T, answer func(w http.ResponseWriter)) (*httptest.Server, func() []request) {
	t.Helper()
	got := make(chan request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, r.Host, r.URL.RequestURI(), body}
		answer(w)
	}))
	t.Cleanup(server.Close)
	return server, func() (all []request) {
		for {
			select {
			case one := <-got:
				all = append(all, one)
			default:
				return all
			}
		}
	}
}

func taken(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }

func newSender(t *testing.T, address string, change func(*Config)) *Sender {
	t.Helper()
	cfg := Config{Name: "hook", URL: text.NewSecret(address), UserAgent: "sonde/1.2.3", Secrets: []text.Secret{newSecret, oldSecret},
		Headers: map[string]text.Secret{"Authorization": text.NewSecret("Bearer canary-header")},
		Text:    func(m notify.Message, _ time.Time) string { return "told: " + m.Change.String() }}
	if change != nil {
		change(&cfg)
	}
	sender, err := New(cfg)
	require.NoError(t, err)
	return sender
}

func failed(t *testing.T, err error) *notify.Failure {
	t.Helper()
	failure, ok := errors.AsType[*notify.Failure](err)
	require.True(t, ok, "%v", err)
	return failure
}

func TestAMessageIsPostedSigned(t *testing.T) {
	server, got := receiver(t, taken)
	sender := newSender(t, server.URL+"/hook?key=canary", nil)
	m := sample(incident.Opened)
	thread, err := sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)
	require.True(t, thread.IsZero())
	m.Attempts, m.Repeat = 1, true
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)

	all := got()
	require.Len(t, all, 2)
	first, second := all[0], all[1]
	require.Equal(t, "/hook?key=canary", first.path)
	require.Equal(t, "application/json", first.Get("Content-Type"))
	require.Equal(t, "sonde/1.2.3", first.Get("User-Agent"))
	require.Equal(t, "Bearer canary-header", first.Get("Authorization"))
	require.Equal(t, "incident.opened", first.Get("X-Sonde-Event"))
	require.Equal(t, `"1000:hook:opened:1795444330000"`, first.Get("Idempotency-Key"))
	require.NoError(t, Verify(first.Get("X-Sonde-Signature"), first.body, time.Now(), newSecret))
	require.NoError(t, Verify(first.Get("X-Sonde-Signature"), first.body, time.Now(), oldSecret))

	var p, again payload
	require.NoError(t, json.Unmarshal(first.body, &p))
	require.NoError(t, json.Unmarshal(second.body, &again))
	require.Equal(t, first.Get("X-Sonde-Delivery"), p.DeliveryID)
	require.NotEqual(t, p.DeliveryID, again.DeliveryID, "every attempt is another delivery")
	require.Equal(t, p.DedupeKey, again.DedupeKey, "of the same message")
	require.Equal(t, first.Get("Idempotency-Key"), second.Get("Idempotency-Key"))
	require.False(t, p.Repeat)
	require.True(t, again.Repeat)
	require.Equal(t, 2, again.Attempt)
	require.Equal(t, "told: opened", p.Text)
	require.WithinDuration(t, time.Now(), p.SentAt, time.Minute)
}

func TestNothingIsSignedWithoutASecretAndNoTextIsMadeUp(t *testing.T) {
	server, got := receiver(t, taken)
	sender := newSender(t, server.URL, func(c *Config) {
		c.Secrets, c.Text = nil, nil
		c.Headers = map[string]text.Secret{"Host": text.NewSecret("hooks.example.com"), "User-Agent": text.NewSecret("ours")}
	})
	_, err := sender.Send(t.Context(), surge(incident.Staged, 2), notify.Thread{})
	require.NoError(t, err)
	all := got()
	require.Len(t, all, 1)
	require.NotContains(t, all[0].Header, "X-Sonde-Signature")
	require.NotContains(t, string(all[0].body), `"text"`)
	require.Equal(t, "hooks.example.com", all[0].host)
	require.Equal(t, "ours", all[0].Get("User-Agent"))
}

func TestThatAProbeWasAskedSaysNothingToPrograms(t *testing.T) {
	server, got := receiver(t, taken)
	_, err := newSender(t, server.URL, nil).Send(t.Context(), sample(incident.RunNow), notify.Thread{})
	require.NoError(t, err)
	require.Empty(t, got())
}

func TestATestMessageIsAboutNothing(t *testing.T) {
	server, got := receiver(t, taken)
	require.NoError(t, newSender(t, server.URL, nil).Test(t.Context(), "seoul-1", started))
	all := got()
	require.Len(t, all, 1)
	require.Equal(t, "test", all[0].Get("X-Sonde-Event"))
	require.JSONEq(t, `"seoul-1"`, string(fieldOf(t, all[0].body, "location")))
	require.JSONEq(t, `"test:hook:1795444330000"`, string(fieldOf(t, all[0].body, "dedupe_key")))
	require.Nil(t, fieldOf(t, all[0].body, "incident"))
}

func fieldOf(t *testing.T, body []byte, key string) json.RawMessage {
	t.Helper()
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &all))
	return all[key]
}

func TestWhatAnAnswerMeans(t *testing.T) {
	date := time.Now().Add(90 * time.Minute).UTC().Format(http.TimeFormat)
	for name, tc := range map[string]struct {
		status  int
		after   string // Retry-After
		trouble notify.Trouble
		pause   time.Duration
	}{
		"a 300 leads nowhere":                           {300, "", notify.Unreachable, 0},
		"a 302 is not followed":                         {302, "", notify.Unreachable, 0},
		"a 308 is not followed":                         {308, "", notify.Unreachable, 0},
		"a 400 does not take this message":              {400, "", notify.Refused, 0},
		"a 401 is for people":                           {401, "", notify.Unreachable, 0},
		"a 403 is for people":                           {403, "", notify.Unreachable, 0},
		"a 404 is for people":                           {404, "", notify.Unreachable, 0},
		"a 405 is for people":                           {405, "", notify.Unreachable, 0},
		"a 407 is for people":                           {407, "", notify.Unreachable, 0},
		"a 408 may have been taken":                     {408, "", notify.Ambiguous, 0},
		"a 409 does not take this message":              {409, "", notify.Refused, 0},
		"a 410 pauses":                                  {410, "", notify.Unreachable, time.Hour},
		"a 413 does not take this message":              {413, "", notify.Refused, 0},
		"a 415 does not take this message":              {415, "", notify.Refused, 0},
		"a 422 does not take this message":              {422, "", notify.Refused, 0},
		"a 425 may have been taken":                     {425, "", notify.Ambiguous, 0},
		"a 429 asks for a pause":                        {429, "7", notify.Throttled, 7 * time.Second},
		"a 429 until a date far away":                   {429, date, notify.Throttled, time.Hour},
		"a 429 that does not say how long":              {429, "", notify.Throttled, 30 * time.Second},
		"a 429 that says nonsense":                      {429, "soon", notify.Throttled, 30 * time.Second},
		"a 429 that says now":                           {429, "0", notify.Throttled, time.Second},
		"a 500 may have been taken":                     {500, "", notify.Ambiguous, 0},
		"a 500 that says when":                          {500, "9", notify.Ambiguous, 9 * time.Second},
		"a 502 may have been taken":                     {502, "", notify.Ambiguous, 0},
		"a 503 may have been taken":                     {503, "", notify.Ambiguous, 0},
		"a 503 that asks for a pause has taken nothing": {503, "11", notify.Throttled, 11 * time.Second},
		"a 504 may have been taken":                     {504, "", notify.Ambiguous, 0},
		"a code that nobody knows":                      {499, "", notify.Refused, 0},
		"another that nobody knows":                     {599, "", notify.Ambiguous, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server, got := receiver(t, func(w http.ResponseWriter) {
				if tc.after != "" {
					w.Header().Set("Retry-After", tc.after)
				}
				w.Header().Set("Location", "http://127.0.0.1:1/canary")
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, "canary")
			})
			_, err := newSender(t, server.URL, nil).Send(t.Context(), sample(incident.Opened), notify.Thread{})
			f := failed(t, err)
			require.Equal(t, tc.trouble, f.Trouble, f)
			require.Equal(t, tc.pause, f.After, f)
			require.NotContains(t, f.Error(), "canary")
			require.Len(t, got(), 1)
		})
	}
	for _, status := range []int{200, 201, 202, 204, 299} {
		server, _ := receiver(t, func(w http.ResponseWriter) { w.WriteHeader(status) })
		_, err := newSender(t, server.URL, nil).Send(t.Context(), sample(incident.Opened), notify.Thread{})
		require.NoError(t, err, status)
	}
}

func TestARedirectLeadsNoSecretAway(t *testing.T) {
	other, stolen := receiver(t, taken)
	server, _ := receiver(t, func(w http.ResponseWriter) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, err := newSender(t, server.URL, nil).Send(t.Context(), sample(incident.Opened), notify.Thread{})
	require.Equal(t, notify.Unreachable, failed(t, err).Trouble)
	require.Contains(t, err.Error(), "write the address that it leads to")
	require.Empty(t, stolen())
}

func TestNoAnswerMeansThatNobodyKnows(t *testing.T) {
	m := sample(incident.Opened)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = newSender(t, "http://"+silent.Addr().String(), nil).Send(ctx, m, notify.Thread{})
	require.Equal(t, notify.Ambiguous, failed(t, err).Trouble)
	require.Contains(t, err.Error(), "timeout")

	cut, _ := receiver(t, func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	_, err = newSender(t, cut.URL, nil).Send(t.Context(), m, notify.Thread{})
	require.Equal(t, notify.Ambiguous, failed(t, err).Trouble)

	gone, _ := receiver(t, taken)
	gone.Close()
	_, err = newSender(t, gone.URL, nil).Send(t.Context(), m, notify.Thread{})
	require.Equal(t, notify.Transient, failed(t, err).Trouble, "nothing was sent")
	require.Contains(t, err.Error(), "connection refused")
}

func TestTheReceiversCertificateIsVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { taken(w) }))
	defer server.Close()
	_, err := newSender(t, server.URL, nil).Send(t.Context(), sample(incident.Opened), notify.Thread{})
	require.Equal(t, notify.Unreachable, failed(t, err).Trouble, "people must act")
	require.Contains(t, err.Error(), "certificate")

	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	roots, err := probe.LoadRoots(file)
	require.NoError(t, err)
	trusting := newSender(t, server.URL, func(c *Config) { c.Roots = roots })
	_, err = trusting.Send(t.Context(), sample(incident.Opened), notify.Thread{})
	require.NoError(t, err)
}

// Whatever fails, no error holds what is secret: errors are logged and stored.
func TestNoErrorHoldsASecret(t *testing.T) {
	const path = "/canary-path?key=canary-query"
	closed, _ := receiver(t, taken)
	closed.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1"+r.URL.RequestURI()+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusFound)
	}))
	defer echo.Close()
	for name, address := range map[string]string{
		"nobody listens": closed.URL + path, "an unknown authority": tls.URL + path, "a redirect": echo.URL + path,
		"a user": strings.Replace(closed.URL, "http://", "http://canary-user:canary-password@", 1) + path,
		"no TLS": strings.Replace(echo.URL, "http:", "https:", 1) + path,
	} {
		t.Run(name, func(t *testing.T) {
			sender := newSender(t, address, func(c *Config) { c.Headers["X-Bad"] = text.NewSecret("canary-\x00") })
			if name != "a user" {
				sender = newSender(t, address, nil)
			}
			_, err := sender.Send(t.Context(), sample(incident.Opened), notify.Thread{})
			said := failed(t, err).Error()
			require.NotContains(t, said, "canary")
			require.NotContains(t, said, "secret-of-32")
		})
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no address":         {Name: "hook"},
		"another scheme":     {Name: "hook", URL: text.NewSecret("ftp://canary.example.com/")},
		"no host":            {Name: "hook", URL: text.NewSecret("https:///canary")},
		"no address at all":  {Name: "hook", URL: text.NewSecret("https://\x00canary")},
		"a secret is no one": {Name: "hook", URL: text.NewSecret("https://hooks.example.com/canary"), Secrets: []text.Secret{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(cfg)
			require.ErrorContains(t, err, `webhook destination "hook": `)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}
