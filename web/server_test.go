package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/store"
	"sonde/web"
)

var paths = []string{"/healthz", "/readyz", "/api/v1/status", "/api/v1/slo", "/api/v1/incidents", "/metrics"}

func TestHealthzAnswersAsLongAsTheProcessLives(t *testing.T) {
	o := usual(failing{errors.New("no database")}, web.NewTallies())
	o.Ready = func(context.Context) error { return errors.New("not at all") }
	code, _, body := listen(t, o).get(t, "/healthz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok\n", body)
}

func TestReadyzSaysWhyTheServiceIsNotReady(t *testing.T) {
	o := usual(newLab(t).reader, web.NewTallies())
	var why error
	o.Ready = func(ctx context.Context) error {
		_, bounded := ctx.Deadline()
		require.True(t, bounded, "whoever asks does not wait for ever")
		return why
	}
	p := listen(t, o)
	code, _, body := p.get(t, "/readyz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ready\n", body)
	why = errors.New("the recorder has stopped")
	code, _, body = p.get(t, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "not ready: the recorder has stopped\n", body)
}

func TestTheAPIAnswersWhatTheCommandLinePrints(t *testing.T) {
	l := town(t)
	code, header, body := listen(t, usual(l.reader, l.tallies)).get(t, "/api/v1/status")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	snapshot, err := l.reader.Snapshot(t.Context(), now)
	require.NoError(t, err)
	printed, err := json.Marshal(report.NewStatus(snapshot, now))
	require.NoError(t, err)
	require.JSONEq(t, string(printed), body)
	require.True(t, strings.HasSuffix(body, "}\n"))
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	p := listen(t, usual(newLab(t).reader, web.NewTallies()))
	for _, path := range append(paths, "/", "/nothing", "/api/v1/status/") {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions} {
			_, header, _ := p.ask(t, method, path)
			for name, want := range map[string]string{
				"X-Content-Type-Options":  "nosniff",
				"Referrer-Policy":         "no-referrer",
				"Cache-Control":           "no-store",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
			} {
				require.Equal(t, []string{want}, header.Values(name), "%s %s", method, path)
			}
			require.Empty(t, header.Values("Access-Control-Allow-Origin"))
			require.Empty(t, header.Values("Server"))
		}
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	p := listen(t, usual(newLab(t).reader, web.NewTallies()))
	for _, path := range paths {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "BREW"} {
			code, header, _ := p.ask(t, method, path)
			require.Equal(t, http.StatusMethodNotAllowed, code, "%s %s", method, path)
			require.Equal(t, "GET, HEAD", header.Get("Allow"))
		}
		code, _, body := p.ask(t, http.MethodHead, path)
		require.Equal(t, http.StatusOK, code)
		require.Empty(t, body)
	}
}

func TestWhatIsNotThereIs404(t *testing.T) {
	p := listen(t, usual(newLab(t).reader, web.NewTallies()))
	for _, path := range []string{"/", "/index.html", "/debug/pprof/", "/api", "/api/v1", "/api/v1/status/", "/metrics/x", "/healthz%00", "/%2e%2e/healthz/x"} {
		code, _, _ := p.get(t, path)
		require.Equal(t, http.StatusNotFound, code, path)
	}
}

// failing is a source that cannot be read.
type failing struct{ err error }

func (f failing) Snapshot(context.Context, time.Time) (*store.Snapshot, error) { return nil, f.err }

func TestASourceThatFailsIs500AndShowsNothingOfTheInside(t *testing.T) {
	o := usual(failing{errors.New("database /srv/sonde/secret.db is damaged")}, web.NewTallies())
	log := &journal{}
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	p := listen(t, o)
	code, header, body := p.get(t, "/api/v1/status")
	require.Equal(t, http.StatusInternalServerError, code)
	require.Equal(t, "the status cannot be read; the service's log says why\n", body)
	require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, log.String(), "secret.db is damaged", "the log says why")

	code, _, body = p.get(t, "/metrics")
	require.Equal(t, http.StatusOK, code, "what the service knows of itself is told")
	require.Contains(t, body, "sonde_wal_bytes 0")
	require.NotContains(t, body, "sonde_outbox_messages", "what is not known is absent")
	require.NotContains(t, body, "secret.db")
}

func TestAnAddressInUseNamesTheWayOut(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, busy.Close()) }()
	for name, address := range map[string]string{"in use": busy.Addr().String(), "no address": "nonsense", "not ours": "192.0.2.1:9320"} {
		t.Run(name, func(t *testing.T) {
			s, err := web.Listen(t.Context(), address, usual(newLab(t).reader, web.NewTallies()))
			require.Nil(t, s)
			require.ErrorContains(t, err, "listen on "+address)
			require.ErrorContains(t, err, "free the port, or name another in listen")
			_, isNet := errors.AsType[*net.OpError](err)
			require.True(t, isNet, "the cause can be told apart")
		})
	}
}

func TestManyReadersAtOnceAreAllAnswered(t *testing.T) {
	l := town(t)
	p := listen(t, usual(l.reader, l.tallies))
	var readers sync.WaitGroup
	for i := range 12 {
		readers.Go(func() {
			path := []string{"/metrics", "/api/v1/status", "/healthz"}[i%3]
			for range 5 {
				code, _, body, err := p.try(http.MethodGet, path)
				if err != nil || code != http.StatusOK || body == "" {
					t.Errorf("%s: %d, %d bytes, %v", path, code, len(body), err)
				}
			}
		})
	}
	for range 5 {
		l.tallies.Add(nil)
	}
	readers.Wait()
}

// A restart would mend no Slack: a supervisor must not take it for a reason.
func TestHealthSaysThatACriticalMessageWaitsAndStays200(t *testing.T) {
	for name, tc := range map[string]struct {
		since time.Time
		err   error
		want  string
	}{
		"none waits":                        {want: "ok\n"},
		"one waits for two minutes":         {since: now.Add(-2 * time.Minute), want: "ok\n"},
		"one waits for longer":              {since: now.Add(-121 * time.Second), want: "degraded: a critical message waits since 2026-11-23T04:57:59Z; sonde outbox says why\n"},
		"the outbox cannot be read in time": {since: now.Add(-time.Hour), err: context.DeadlineExceeded, want: "ok\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o := usual(failing{errors.New("no")}, web.NewTallies())
			o.Untold = func(ctx context.Context, at time.Time) (time.Time, error) {
				_, bounded := ctx.Deadline()
				require.True(t, bounded, "whoever asks does not wait for ever")
				require.Equal(t, now, at)
				return tc.since, tc.err
			}
			code, _, body := listen(t, o).get(t, "/healthz")
			require.Equal(t, http.StatusOK, code)
			require.Equal(t, tc.want, body)
		})
	}
}

func TestHealthSaysThatTheStorageIsInTroubleAndStays200(t *testing.T) {
	for state, want := range map[report.StorageState]string{
		report.StorageOK:      "ok\n",
		report.StorageLow:     "degraded: room for the database is low\n",
		report.StorageFull:    "degraded: storage is full; results wait in memory\n",
		report.StorageFailing: "degraded: storage is failing; results wait in memory\n",
	} {
		o := usual(failing{errors.New("no")}, web.NewTallies())
		o.Storage = func() report.Storage { return report.Storage{State: state} }
		code, _, body := listen(t, o).get(t, "/healthz")
		require.Equal(t, http.StatusOK, code)
		require.Equal(t, want, body)
	}
}
