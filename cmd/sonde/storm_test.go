package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/store"
)

// throng is a number of probes with their recorder, in an office.
type throng struct {
	*office
	recorder *record.Recorder
	probes   []store.Probe
	ended    chan struct{}
	halt     chan struct{}
}

// join has so many probes watched, of which the only destination hears.
func (o *office) join(n int) *throng {
	o.t.Helper()
	wanted := make([]store.Probe, n)
	for i := range wanted {
		wanted[i] = store.Probe{
			Subject: notify.Subject{
				Name: fmt.Sprintf("probe-%03d", i), Group: "shop", URL: fmt.Sprintf("https://api.example.com/%d", i), Method: "GET", Interval: time.Minute,
				Routes: notify.Routes{Default: []string{"ops"}},
			},
			Policy:      &incident.Policy{Interval: time.Minute, RecheckEvery: 30 * time.Second, ResolveAfter: 2 * time.Minute, RemindEvery: 4 * time.Hour, Repeatable: true},
			RequestHash: "1",
		}
	}
	c := &throng{office: o}
	memory, probes, err := record.Begin(o.t.Context(), o.store, wanted, time.Now())
	require.NoError(o.t, err)
	paces, kept, err := o.store.Tact(o.t.Context())
	require.NoError(o.t, err)
	held, _, err := o.store.Held(o.t.Context())
	require.NoError(o.t, err)
	heard, err := o.store.Told(o.t.Context())
	require.NoError(o.t, err)
	c.probes = probes
	c.recorder = record.New(record.Options{
		Log: o.store, Memory: memory, Probes: probes, Location: "here", Held: held, Heard: heard, Manners: map[string]notify.Manners{"ops": {}}, Paces: paces, Kept: kept,
		Recheck: func(probe.ID, time.Time) {}, Hold: func(probe.ID, incident.Hold) {}, Told: o.wake, Published: func([]store.Entry) {}, Logger: newLogger(o.t.Output()),
	})
	c.recorder.Start()
	c.ended, c.halt = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.ended)
		for tick := time.Tick(15 * time.Second); ; {
			select {
			case <-c.halt:
				return
			case now := <-tick:
				c.recorder.Idle(now)
			}
		}
	}()
	return c
}

// leave ends the recorder.
func (c *throng) leave() {
	close(c.halt)
	<-c.ended
	require.NoError(c.t, c.recorder.Stop(c.t.Context()))
}

// round gives some probes a result.
func (c *throng) round(probes []store.Probe, reason probe.Reason, status int) {
	v := probe.Miss(reason)
	v.Status, v.Class = status, probe.ClassOf(status)
	for i := range probes {
		c.recorder.Record(probe.Result{Probe: probes[i].ID, At: time.Now().UTC().Truncate(time.Millisecond), Verdict: v, Attempts: []probe.Attempt{{Verdict: v}, {Verdict: v}, {Verdict: v}}})
	}
}

// wait lets time pass with a result of each probe every minute.
func (c *throng) wait(minutes int, broken []store.Probe) {
	for range minutes {
		time.Sleep(time.Minute)
		c.round(broken, probe.ServerError, 503)
	}
}

// The number of the storm: 500 probes that fail in one second are six messages in ten minutes,
// and each of them is an incident that people find.
func TestFiveHundredProbesThatFailInOneSecondAreSixMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.run()
		c := o.join(500)
		defer func() {
			c.leave()
			o.close()
		}()
		for i := range c.probes {
			c.round(c.probes[i:i+1], probe.ServerError, 503)
			time.Sleep(2*time.Millisecond - 7*time.Microsecond)
		}
		c.wait(4, c.probes)
		c.leave() // a restart in the middle of it
		c = o.join(500)
		c.wait(6, c.probes)
		posted := o.slack.Messages()
		require.Len(t, posted, 6)
		require.Regexp(t, `^storm: 500 of 500 incidents open since .*, 500 share the host api\.example\.com, 500 for the same reason: 503 Service Unavailable: probe-000, probe-001, probe-002 and 497 more\.$`, posted[5].Text)
		requests := map[string]int{}
		for _, r := range o.slack.Requests() {
			requests[r.Method]++
		}
		require.Equal(t, 6, requests["chat.postMessage"])
		require.LessOrEqual(t, requests["chat.update"], 40)

		for range 4 {
			time.Sleep(time.Minute)
			c.round(c.probes[:493], probe.OK, 200)
			c.round(c.probes[493:], probe.ServerError, 503)
		}
		time.Sleep(time.Minute)
		all := o.slack.Messages()
		var said []string
		for _, m := range all[6:] {
			said = append(said, fmt.Sprint(m.Broadcast, " ", m.Text[:min(len(m.Text), 70)]))
		}
		require.Len(t, all[6:], 6, "five in threads of their own, and the end: %q", said)
		require.Contains(t, all[11].Text, "storm over: 500 affected, 493 recovered, 7 still failing")
		require.True(t, all[11].Broadcast)
		require.Equal(t, all[5].TS, all[11].ThreadTS)
		require.Contains(t, all[5].Text, "storm over:", "its first message shows it, too")

		reader, err := store.OpenReader(t.Context(), o.path)
		require.NoError(t, err)
		records, err := reader.Incidents(t.Context(), 0, o.begin, time.Now().Add(time.Hour), 0)
		require.NoError(t, err)
		require.NoError(t, reader.Close())
		names := map[string]bool{}
		for _, x := range report.NewIncidents(records, time.Now()) {
			names[x.Probe] = true
		}
		require.Len(t, names, 500, "each is listed")
	})
}

// The same with the real program, which is killed in the middle of it.
func TestAStormIsOneMessageAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	probes := regexp.MustCompile(`(?s)probes:.*url: "([^"]+)"}`)
	address := probes.FindStringSubmatch(string(written))[1]
	var list strings.Builder
	for i := range 40 {
		_, _ = fmt.Fprintf(&list, "  - {name: probe-%02d, url: %q}\n", i, address+fmt.Sprintf("/%d", i))
	}
	s.write(t, probes.ReplaceAllLiteralString(string(written), "probes:\n"+list.String()))
	first := s.serve(t)
	s.status.Store(http.StatusServiceUnavailable)
	open := func() int {
		_, stdout, _ := s.answered(t, "incidents", "--open", "--json")
		var all []report.PastIncident
		require.NoError(t, json.Unmarshal([]byte(stdout), &all))
		return len(all)
	}
	s.eventually(t, "all are incidents", func() bool { return open() == 40 })
	s.eventually(t, "the storm is told", func() bool { roots, _ := s.told(); return len(roots) == 6 })
	s.settled(t)
	first.kill()
	second := s.serve(t)
	storm := func() fakeslack.Message {
		roots, _ := s.told()
		return roots[len(roots)-1]
	}
	s.eventually(t, "it lists all", func() bool { return strings.Contains(storm().Text, "40 of 40 incidents open") })
	roots, replies := s.told()
	require.Len(t, roots, 6)
	require.Empty(t, replies)
	require.Zero(t, second.end(syscall.SIGTERM))
	require.FileExists(t, filepath.Join(s.folder, "sonde.db"))
}
