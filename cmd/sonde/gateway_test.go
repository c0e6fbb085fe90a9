package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/mail/fakemail"
	"sonde/notify/webhook"
	"sonde/text"
)

// hooked is what a program got by its webhook, verified.
type hooked struct {
	mu     sync.Mutex
	events []string // kind and change
	states []string // of the gateway, without repetitions
	keys   map[string]bool
	wrong  []string
}

func (h *hooked) take(r *http.Request, secret text.Secret) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = webhook.Verify(r.Header.Get("X-Sonde-Signature"), body, time.Now(), secret)
	}
	var said struct {
		Key      string `json:"dedupe_key"`
		Event    string
		Incident struct{ ID, Kind, Change string }
		Gateway  struct{ State string }
	}
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	switch {
	case err != nil:
		h.wrong = append(h.wrong, err.Error())
	case h.keys[said.Key]:
		h.wrong = append(h.wrong, said.Key+" came twice")
	}
	h.keys[said.Key] = true
	h.events = append(h.events, said.Incident.Kind+" "+said.Incident.Change)
	if s := said.Gateway.State; s != "" && (len(h.states) == 0 || h.states[len(h.states)-1] != s) {
		h.states = append(h.states, s)
	}
}

func (h *hooked) turns() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.states)
}

// The whole way, with real parts: gateways fail two probes of a host and come back, a program hears
// how its circuit breaker should stand, and people get mail about it, a thread per incident.
func TestAGatewayHearsWhenToOpenAndWhenToClose(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var well atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer target.Close()
	got := &hooked{keys: map[string]bool{}}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.take(r, text.NewSecret("the-secret-before-this-one"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer hook.Close()
	people, err := fakemail.Start(fakemail.Options{TLS: "none"})
	require.NoError(t, err)
	defer people.Close()
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  gateway: {webhook: {url: %q, secret: ["${env:NEW}", "${env:OLD}"]}}
  people: {smtp: {host: %q, from: sonde@example.com, to: [ann@example.com], tls: none, language: ko}}
defaults:
  interval: 1s
  retries: 0
  notify: {default: [], gateway_surge: [gateway, people]}
  alert: {down_after: 60s, recheck_every: 1s, resolve_after: 3s, gateway_surge: {probes: 2, within: 1m}}
probes:
  - {name: one, url: "%[4]s/1"}
  - {name: two, url: "%[4]s/2"}
`, s.listen, hook.URL, people.Addr(), target.URL))
	p := begin(t, []string{"NEW=the-secret-that-is-newest", "OLD=the-secret-before-this-one"}, "serve", "-c", s.config)
	s.eventually(t, "the breaker opens", func() bool { return slices.Equal(got.turns(), []string{"open"}) })
	well.Store(true)
	s.eventually(t, "and closes", func() bool { return slices.Contains(got.turns(), "closed") })
	s.eventually(t, "people have mail", func() bool { return len(people.Letters()) >= 2 })
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Empty(t, got.wrong)
	turns, events := got.turns(), got.events // a request that was under way may have failed after the first good one
	require.Equal(t, "open half_open", strings.Join(turns[:2], " "))
	require.Equal(t, "half_open closed", strings.Join(turns[len(turns)-2:], " "))
	require.Equal(t, "gateway_surge opened", events[0])
	require.Equal(t, "gateway_surge resolved", events[len(events)-1])
	require.Contains(t, events, "gateway_surge staged")

	letters := people.Letters()
	require.Len(t, letters, 2, "the turn between says nothing to people")
	root := header(letters[0].Data, "Message-ID")
	require.NotEmpty(t, root)
	require.Equal(t, root, header(letters[1].Data, "References"))
	require.Equal(t, "incident.resolved", header(letters[1].Data, "X-Sonde-Event"))
}

// header is a header of a letter that is not folded.
func header(letter, name string) string {
	for line := range strings.Lines(letter) {
		if value, found := strings.CutPrefix(line, name+": "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
