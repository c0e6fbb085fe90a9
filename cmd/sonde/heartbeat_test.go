package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/store"
	"sonde/text"
)

// outside is who is pinged, in the time of a test.
type outside struct {
	began time.Time

	mu   sync.Mutex
	came []time.Duration
	down bool
}

func (o *outside) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}

// pings are when pings came, after the beginning.
func (o *outside) pings() []time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.came)
}

func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return nil, errors.New("connection refused")
	}
	o.came = append(o.came, time.Since(o.began))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("OK")), Request: r}, nil
}

func TestPingsComeOnlyWhileTheServiceDoesItsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &transcript{}
		o := &outside{began: time.Now()}
		var mu sync.Mutex
		var sick error
		set := func(err error) { mu.Lock(); defer mu.Unlock(); sick = err }
		h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret("https://hc.example.com/canary"), Every: time.Minute}, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return sick
		}, slog.New(slog.NewTextHandler(log, nil)))
		h.client.Transport = o
		require.True(t, h.lastSuccess().IsZero())
		h.start(t.Context())
		time.Sleep(3*time.Minute + time.Second)
		require.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, o.pings())

		set(errors.New("storage is full: results wait in memory"))
		time.Sleep(9 * time.Minute)
		require.Len(t, o.pings(), 4, "it is silent")
		require.Equal(t, o.began.Add(3*time.Minute).UnixMilli(), h.lastSuccess().UnixMilli())
		require.Equal(t, 1, strings.Count(log.String(), "no heartbeat"), "said once: %s", log)
		require.Equal(t, &store.Heartbeat{State: "withheld", Since: o.began.Add(4 * time.Minute).UTC().Truncate(0), Why: "storage is full: results wait in memory"}, h.state())
		set(errors.New("a critical message waits"))
		time.Sleep(time.Minute)
		require.Equal(t, &store.Heartbeat{State: "withheld", Since: o.began.Add(4 * time.Minute).UTC().Truncate(0), Why: "a critical message waits"}, h.state(), "since the first of them")
		require.Contains(t, log.String(), "withheld: storage is full")

		set(nil)
		time.Sleep(10 * time.Second) // within the period
		require.Len(t, o.pings(), 5, "it is heard again as soon as it is well")
		require.Equal(t, &store.Heartbeat{State: "ok"}, h.state())
		require.Contains(t, log.String(), "heartbeat goes on")
		time.Sleep(2 * time.Minute)
		require.Len(t, o.pings(), 7)
		require.Equal(t, 15*time.Minute, o.pings()[6], "in the old rhythm")
		h.stop()
		time.Sleep(time.Hour)
		require.Len(t, o.pings(), 7, "a service that was stopped is silent")
		require.NotContains(t, log.String(), "canary")
	})
}

func TestAPingThatFailsIsTriedAgainWithinThePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outside{began: time.Now(), down: true}
		h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret("https://hc.example.com/"), Every: time.Minute}, func(context.Context) error { return nil }, slog.New(slog.DiscardHandler))
		h.client.Transport = o
		h.start(t.Context())
		time.Sleep(25 * time.Second)
		synctest.Wait()
		require.Equal(t, "failing", h.state().State)
		require.Equal(t, "connection refused", h.state().Why)
		o.setDown(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}, o.pings())
		h.stop()
	})
}

func TestALongPeriodIsNotLostToAShortTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outside{began: time.Now()}
		h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret("https://hc.example.com/"), Every: 24 * time.Hour}, func(context.Context) error {
			if time.Since(o.began) < time.Hour+time.Second {
				return errors.New("sick")
			}
			return nil
		}, slog.New(slog.DiscardHandler))
		h.client.Transport = o
		h.start(t.Context())
		time.Sleep(49*time.Hour + time.Second)
		synctest.Wait()
		require.Equal(t, []time.Duration{time.Hour + 30*time.Second, 24 * time.Hour, 48 * time.Hour}, o.pings())
		h.stop()
	})
}

// Whatever the other side does, the address is in no line of the log.
func TestAPingIsTakenOrNotAndItsAddressIsNeverSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   string // in the log; empty: taken
	}{
		"taken":            {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "OK") }, ""},
		"no such check":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, "answered 404 Not Found"},
		"a redirect":       {func(w http.ResponseWriter) { w.Header().Set("Location", "/canary"); w.WriteHeader(http.StatusFound) }, "answered 302 Found"},
		"a connection cut": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tc.answer(w) }))
			defer server.Close()
			h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret(server.URL + "/canary"), Every: time.Minute}, func(context.Context) error { return nil }, nil)
			err := h.once(t.Context())
			if tc.want == "" {
				require.NoError(t, err)
				require.WithinDuration(t, time.Now(), h.lastSuccess(), time.Minute)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "canary")
			require.True(t, h.lastSuccess().IsZero())
		})
	}
	h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret("http://127.0.0.1:1/canary"), Every: time.Minute}, func(context.Context) error { return nil }, nil)
	require.NotContains(t, h.once(t.Context()).Error(), "canary")
}

func TestAServiceThatLivesIsHeardOutside(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	pings := make(chan *http.Request, 100)
	checks := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/canary-ping-11d3" {
			pings <- r
		}
	}))
	defer checks.Close()
	s.write(t, fmt.Sprintf("listen: %s\nheartbeat: {url: \"%s/${env:PING}\", every: 10s}\nprobes: [{name: web, url: %q, notify: []}]\n", s.listen, checks.URL, checks.URL))
	p := begin(t, []string{"PING=canary-ping-11d3"}, "serve", "-c", s.config)
	select {
	case r := <-pings:
		require.Equal(t, http.MethodGet, r.Method)
	case <-time.After(30 * time.Second):
		require.Fail(t, "no ping came")
	}
	var metrics string
	s.eventually(t, "a ping is a metric", func() bool {
		_, metrics = s.read("/metrics")
		return strings.Contains(metrics, "\nsonde_heartbeat_last_success_timestamp_seconds 1")
	})
	s.eventually(t, "the status says so", func() bool {
		_, status := s.read("/api/v1/status")
		return strings.Contains(status, "\"heartbeat\": {\n   \"state\": \"ok\"")
	})
	checks.Close()
	s.eventually(t, "the status says why there is none", func() bool {
		_, status := s.read("/api/v1/status")
		return strings.Contains(status, "\"heartbeat\": {\n   \"state\": \"failing\"") && strings.Contains(status, "connection refused")
	})
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.NotContains(t, p.output.String()+metrics, "canary")
}

func TestABeginningIsNoTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := &outside{began: time.Now()}
		h := newHeartbeat(&configs.Heartbeat{URL: text.NewSecret("https://hc.example.com/"), Every: time.Minute}, func(context.Context) error {
			if time.Since(o.began) < 5*time.Second {
				return errors.New("the scheduler has not ticked yet")
			}
			return nil
		}, slog.New(slog.NewTextHandler(&log, nil)))
		h.client.Transport = o
		h.start(t.Context())
		time.Sleep(11 * time.Second)
		synctest.Wait()
		require.Equal(t, []time.Duration{10 * time.Second}, o.pings())
		h.stop()
		require.Empty(t, log.String())
	})
}
