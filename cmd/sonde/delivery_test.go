package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/store"
	"sonde/text"
)

// office is a store, a Slack and what delivers between them, in the time of a synctest bubble.
type office struct {
	t       *testing.T
	path    string
	store   *store.Store
	slack   *fakeslack.Server
	begin   time.Time
	dead    *atomic.Bool // of the deliveries that are running
	wake    func(destination string)
	stop    func()
	senders func() map[string]notify.Sender
}

// newOffice opens one whose only destination is a channel. It is to be closed before the bubble ends.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, path: filepath.Join(t.TempDir(), "sonde.db"), slack: fakeslack.New(), begin: time.Now()}
	var err error
	o.store, err = store.Open(t.Context(), o.path, "here", "here")
	require.NoError(t, err)
	o.senders = func() map[string]notify.Sender { return map[string]notify.Sender{"ops": o.bot("ops", "C0OPS")} }
	return o
}

func (o *office) bot(name, channel string) notify.Sender {
	sender, err := slack.New(slack.Config{
		Name: name, Token: text.NewSecret(fakeslack.Token), Channel: channel, APIURL: o.slack.URL(),
		Client: &http.Client{Transport: o.slack.Transport(), Timeout: 10 * time.Second},
	})
	require.NoError(o.t, err)
	return sender
}

func (o *office) hook(name string) notify.Sender {
	sender, err := slack.New(slack.Config{
		Name: name, Webhook: text.NewSecret(o.slack.WebhookURL()), Client: &http.Client{Transport: o.slack.Transport(), Timeout: 10 * time.Second},
	})
	require.NoError(o.t, err)
	return sender
}

// mortal is an outbox that a killed process cannot write to any more.
type mortal struct {
	*notify.Relay
	dead *atomic.Bool
}

func (m mortal) Settle(ctx context.Context, id notify.MessageID, s notify.Settlement) error {
	if m.dead.Load() {
		return context.Canceled
	}
	return m.Relay.Settle(ctx, id, s)
}

func (m mortal) Renew(ctx context.Context, r *notify.Root, end notify.Renewal) error {
	if m.dead.Load() {
		return context.Canceled
	}
	return m.Relay.Renew(ctx, r, end)
}

// run begins to deliver, as the service does when it starts.
func (o *office) run(fallbacks ...string) {
	o.t.Helper()
	senders := o.senders()
	var names []string
	for name := range senders {
		names = append(names, name)
	}
	_, err := o.store.RecoverOutbox(o.t.Context(), names, time.Now())
	require.NoError(o.t, err)
	o.dead = &atomic.Bool{}
	d := notify.NewDispatcher(mortal{notify.NewRelay(o.store), o.dead}, senders, newLogger(o.t.Output()))
	for i := 0; i+1 < len(fallbacks); i += 2 {
		d.FallBack(fallbacks[i], fallbacks[i+1])
	}
	o.wake = d.Wake
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	o.stop = func() {
		cancel()
		require.NoError(o.t, <-ended)
	}
}

// kill ends the deliveries without their last word.
func (o *office) kill() {
	o.dead.Store(true)
	o.stop()
}

func (o *office) close() {
	o.stop()
	require.NoError(o.t, o.store.Close())
	o.slack.Close()
}

// tell commits a change of an incident.
func (o *office) tell(destination string, id incident.ID, change incident.Change, severity probe.Severity) notify.Message {
	o.t.Helper()
	now := time.Now().UTC()
	m := notify.Message{
		Key: fmt.Sprintf("%s:%s:%s:%d", id, destination, change, now.UnixNano()), Destination: destination, Incident: id, Change: change, CreatedAt: now,
		Body: notify.Body{
			Probe: fmt.Sprintf("probe-%d", id), Location: "here", Kind: probe.KindDown, Severity: severity, Cause: probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError},
			Since: o.begin, OpenedAt: o.begin, At: now, Openings: 1, Failures: 3,
		},
	}
	require.NoError(o.t, o.store.Commit(o.t.Context(), &store.Batch{At: now, Messages: []notify.Message{m}}))
	o.wake(destination)
	return m
}

// posts are the rows of the outbox.
func (o *office) posts() []store.Post {
	o.t.Helper()
	reader, err := store.OpenReader(o.t.Context(), o.path)
	require.NoError(o.t, err)
	defer func() { require.NoError(o.t, reader.Close()) }()
	all, err := reader.Outbox(o.t.Context(), notify.StatePending, notify.StateSending, notify.StateSent, notify.StateDead, notify.StateSuperseded, notify.StateExpired, notify.StateDropped)
	require.NoError(o.t, err)
	return all
}

// metadataOf is what a message is found again by.
func metadataOf(t *testing.T, m fakeslack.Message) (key, change string) {
	t.Helper()
	var metadata struct {
		Payload struct {
			Key    string `json:"dedupe_key"`
			Change string `json:"change"`
		} `json:"event_payload"`
	}
	require.NoError(t, json.Unmarshal(m.Metadata, &metadata), "%s", m.Metadata)
	return metadata.Payload.Key, metadata.Payload.Change
}

// someFault is what may happen to a request.
func someFault(chance *rand.Rand) fakeslack.Fault {
	all := []fakeslack.Fault{
		{Status: 500}, {Status: 503, Body: "<html>", RetryAfter: "3"}, {Status: 502, Accept: true}, {Status: 429, RetryAfter: "7"}, {Status: 429}, {Status: 429, RetryAfter: "soon"},
		{Hang: true}, {Hang: true, Accept: true}, {Drop: true}, {Drop: true, Accept: true}, {Truncate: true, Accept: true}, {Refuse: true},
		{Body: "{}"}, {Body: `{"ok":false}`, Accept: true}, {Body: `{"ok":false,"error":"x","errors":{}}`}, {Body: "<html>welcome", Accept: true},
		{Error: "internal_error", Accept: true}, {Error: "fatal_error"}, {Error: "service_unavailable"}, {Error: "ratelimited"}, {Error: "invalid_blocks"}, {Error: "something_new"},
		{Error: "is_archived"}, {Error: "token_revoked"}, {Error: "update_failed"}, {Delay: 4 * time.Second, Fine: true},
	}
	f := all[chance.IntN(len(all))]
	f.Count = 1 + chance.IntN(6)
	f.Method = []string{"", "", "chat.postMessage", "chat.postMessage", "chat.update", "conversations.history", "conversations.replies"}[chance.IntN(7)]
	switch {
	case f.Refuse:
		f.Method = ""
	case f.Error == "invalid_blocks":
		f.Method, f.Count = "chat.postMessage", 1 // the plain sentence is taken, and a look has no blocks
	case f.Error == "something_new":
		f.Method = "chat.update"
	}
	return f
}

// Whatever happens to incidents, and whatever happens to Slack and to us meanwhile: in the end
// every message is there exactly once, in its order, and the first message of every incident shows
// how things are.
func TestWhateverHappensEveryMessageIsToldOnceAndInItsOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chance := rand.New(rand.NewPCG(seed, 6))
				o := newOffice(t)
				defer func() { o.close() }()
				o.slack.Lag(time.Duration(chance.IntN(3000)) * time.Millisecond)
				if chance.IntN(2) == 0 {
					o.slack.Limit("chat.postMessage", 3, 3*time.Second)
				}
				o.run()
				deleted := map[string]bool{}
				last := map[incident.ID]incident.Change{}
				for range 30 {
					switch chance.IntN(12) {
					case 0, 1, 2:
						o.slack.Fail(someFault(chance))
					case 3:
						if all := o.slack.Messages(); len(all) > 0 && chance.IntN(2) == 0 {
							if m := all[chance.IntN(len(all))]; m.ThreadTS == "" {
								key, _ := metadataOf(t, m)
								deleted[key], deleted[m.TS] = true, true
								o.slack.Delete(m.Channel, m.TS)
							}
						}
					case 4:
						o.kill()
						o.run()
					default:
						id := incident.FirstID + incident.ID(chance.IntN(4))
						last[id] = nextChange(chance, last[id])
						o.tell("ops", id, last[id], []probe.Severity{probe.Warning, probe.Critical}[chance.IntN(2)])
					}
					time.Sleep(time.Duration(chance.IntN(20_000))*time.Millisecond + time.Duration(chance.IntN(1000))*time.Microsecond)
				}
				o.slack.Heal()
				time.Sleep(30*time.Minute + 7*time.Microsecond)
				o.judge(deleted)
			})
		})
	}
}

// nextChange is what may happen to an incident after a change.
func nextChange(chance *rand.Rand, last incident.Change) incident.Change {
	switch {
	case last == 0:
		return incident.Opened
	case last == incident.Resolved:
		return incident.Reopened
	}
	return []incident.Change{incident.Changed, incident.Escalated, incident.Overdue, incident.Resolved, incident.Resolved}[chance.IntN(5)]
}

// judge compares the outbox with what Slack shows, but for what people deleted.
func (o *office) judge(deleted map[string]bool) {
	o.t.Helper()
	shown := map[string]int{}
	place := map[string]int{}
	roots := map[string]fakeslack.Message{}
	for i, m := range o.slack.Messages() {
		key, _ := metadataOf(o.t, m)
		if deleted[m.ThreadTS] { // nobody finds it any more
			deleted[key] = true
			continue
		}
		shown[key]++
		place[key] = i
		if m.ThreadTS == "" {
			roots[m.TS] = m
		}
	}
	latest, want := map[incident.ID]int{}, map[incident.ID]store.Post{}
	for _, p := range o.posts() {
		require.NotContains(o.t, []notify.State{notify.StatePending, notify.StateSending, notify.StateDead, notify.StateDropped}, p.State, "%+v", p)
		if p.State != notify.StateSent {
			require.Zero(o.t, shown[p.Key], "%s is %s, and was told", p.Key, p.State)
			continue
		}
		want[p.Incident] = p
		if deleted[p.Key] && shown[p.Key] == 0 {
			continue
		}
		require.Equal(o.t, 1, shown[p.Key], "%s is to be there once", p.Key)
		require.GreaterOrEqual(o.t, place[p.Key], latest[p.Incident], "%s is in its order", p.Key)
		latest[p.Incident] = place[p.Key]
	}
	reader, err := store.OpenReader(o.t.Context(), o.path)
	require.NoError(o.t, err)
	defer func() { require.NoError(o.t, reader.Close()) }()
	for id, p := range want {
		threads, err := reader.Threads(o.t.Context(), id)
		require.NoError(o.t, err)
		require.Len(o.t, threads, 1)
		root, there := roots[threads[0].Thread.Root]
		if !there { // nothing has happened since
			require.True(o.t, deleted[threads[0].Thread.Root])
			continue
		}
		_, change := metadataOf(o.t, root)
		require.Equal(o.t, p.Change, change, "the first message of %s shows the latest change", id)
		if threads[0].Link != "" { // Slack may have refused it for good
			require.Contains(o.t, threads[0].Link, strings.ReplaceAll(root.TS, ".", ""))
		}
	}
	require.True(o.t, slices.IsSortedFunc(o.slack.Messages(), func(a, b fakeslack.Message) int { return a.At.Compare(b.At) }))
}
