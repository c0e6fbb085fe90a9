package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/slo"
	"sonde/store"
	"sonde/web"
)

// now is the instant at which everything is looked at.
var now = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// answer is the verdict that a reason and a status code stand for.
func answer(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	if status != 0 {
		v.Status, v.Class, v.Retry = status, probe.ClassOf(status), probe.CodeOf(status).Retry
	}
	return v
}

var (
	good    = answer(probe.OK, 200)
	broken  = answer(probe.ServerError, 503)
	refused = answer(probe.ConnectRefused, 0)
	denied  = answer(probe.Unauthenticated, 401)
	blind   = answer(probe.ProberNetwork, 0)
)

// watched is a probe that is asked every minute.
func watched(name string, promises ...string) store.Probe {
	p := store.Probe{
		Subject: notify.Subject{Name: name, URL: "https://example.com/" + name, Interval: time.Minute, Routes: notify.Routes{Default: []string{"ops"}}},
		Policy:  &incident.Policy{Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second, Repeatable: true},
	}
	for _, promise := range promises {
		o, err := slo.ParseObjective(promise)
		if err != nil {
			panic(err)
		}
		p.Objectives = append(p.Objectives, o)
	}
	return p
}

// lab is a real database, and the counts of what was committed to it.
type lab struct {
	store   *store.Store
	reader  *store.Reader
	memory  *store.Memory
	probes  map[string]store.Probe
	tallies *web.Tallies
}

func newLab(t testing.TB, probes ...store.Probe) *lab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sonde.db")
	l := &lab{probes: map[string]store.Probe{}, tallies: web.NewTallies()}
	var err error
	l.store, err = store.Open(t.Context(), path, "seoul-1", "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.store.Close()) })
	l.reader, err = store.OpenReader(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.reader.Close()) })
	require.NoError(t, l.store.Started(t.Context(), "1.2.3", now.Add(-time.Hour)))
	memory, probes, err := record.Begin(t.Context(), l.store, probes, now.Add(-time.Hour))
	require.NoError(t, err)
	l.memory = memory
	for _, p := range probes {
		l.probes[p.Name()] = p
	}
	return l
}

// play gives a probe a result a minute, the latest one now, as the recorder does.
func (l *lab) play(t testing.TB, name string, verdicts ...probe.Verdict) {
	t.Helper()
	inputs := make([]incident.Input, 0, len(verdicts))
	for i, v := range verdicts {
		inputs = append(inputs, incident.Input{
			At: now.Add(time.Duration(i-len(verdicts)+1) * time.Minute), Verdict: v, Attempts: 1,
			Timings: probe.Timings{DNS: time.Millisecond, Connect: 2 * time.Millisecond, TLS: 3 * time.Millisecond,
				FirstByte: 4 * time.Millisecond, Transfer: 5 * time.Millisecond, Total: 20 * time.Millisecond},
		})
	}
	l.feed(t, name, inputs...)
}

// feed steps a probe and commits, as the recorder does.
func (l *lab) feed(t testing.TB, name string, inputs ...incident.Input) {
	t.Helper()
	p := l.probes[name]
	l.memory.Seq++
	b := &store.Batch{Seq: l.memory.Seq, At: now}
	for _, in := range inputs {
		fx := incident.Step(p.Policy, l.memory.State(p.ID), &in, &l.memory.IDs)
		b.Entries = append(b.Entries, store.Entry{Probe: p.ID, Input: in})
		b.Effects = append(b.Effects, store.Effect{Probe: p.ID, Effects: fx})
		for _, transition := range fx.Transitions {
			b.Messages = append(b.Messages, notify.Plan(transition, p.Subject, "seoul-1", nil)...)
		}
	}
	require.NoError(t, l.store.Commit(t.Context(), b))
	l.tallies.Add(b.Entries)
}

// journal is a log that a test can read.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// usual are the options of a service that is well.
func usual(source web.Source, tallies *web.Tallies) web.Options {
	history, _ := source.(web.History)
	return web.Options{
		Source: source, History: history, Now: func() time.Time { return now }, Tallies: tallies,
		Ready:  func(context.Context) error { return nil },
		Gauges: func() web.Gauges { return web.Gauges{} },
		Log:    slog.New(slog.DiscardHandler),
	}
}

// page is a server on loopback, and somebody who looks at it.
type page struct {
	*web.Server
	url    string
	client *http.Client
}

func listen(t testing.TB, o web.Options) *page {
	t.Helper()
	s, err := web.Listen(t.Context(), "127.0.0.1:0", o)
	require.NoError(t, err)
	p := &page{Server: s, url: "http://" + s.Address(), client: &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}}
	s.Serve()
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		require.NoError(t, s.Close(ctx))
	})
	return p
}

// get asks for a path, and returns the status, the header and the body.
func (p *page) get(t testing.TB, path string) (int, http.Header, string) {
	t.Helper()
	return p.ask(t, http.MethodGet, path)
}

func (p *page) ask(t testing.TB, method, path string) (int, http.Header, string) {
	t.Helper()
	code, header, body, err := p.try(method, path)
	require.NoError(t, err)
	return code, header, body
}

// try is ask for goroutines other than the test's own.
func (p *page) try(method, path string) (int, http.Header, string, error) {
	request, err := http.NewRequest(method, p.url+path, nil)
	if err != nil {
		return 0, nil, "", err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, "", fmt.Errorf("read the answer: %w", err)
	}
	return response.StatusCode, response.Header, string(body), nil
}
