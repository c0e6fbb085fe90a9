package notify_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// Look reads what waits, which works while nothing can be written.
func (o *memory) Look(_ context.Context, destination string, about []incident.ID) (notify.View, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	view := notify.View{Threads: map[incident.ID]notify.Thread{}}
	for _, r := range o.rows {
		if r.message.Destination == destination && r.state <= notify.StateSending {
			view.Waiting = append(view.Waiting, notify.Waiting{Message: r.message, Next: r.next})
			about = append(about, r.message.Incident)
		}
	}
	for _, id := range about {
		if thread, ok := o.threads[destination+id.String()]; ok {
			view.Threads[id] = thread
		}
	}
	return view, nil
}

// commit stores a stranded message as far as it has got.
func (o *memory) commit(r *notify.Relay, messages ...notify.Message) {
	delivered := r.Delivered(messages)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range messages {
		d := delivered[m.Key]
		m.ID, m.Attempts, m.Repeat = notify.MessageID(len(o.rows)+1), d.Attempts, d.Repeat
		o.rows = append(o.rows, &row{message: m, state: d.State, next: d.Next})
		if !d.Thread.IsZero() {
			o.threads[m.Destination+m.Incident.String()] = d.Thread
		}
	}
}

func stranded(id incident.ID, change incident.Change) notify.Message {
	return notify.Message{Key: fmt.Sprintf("%s:%s", id, change), Destination: "ops", Incident: id, Change: change, CreatedAt: time.Now()}
}

var errDisk = errors.New("database or disk is full")

func atRelay(t *testing.T, answer func(context.Context, notify.Message, int) error, test func(t *testing.T, o *memory, r *notify.Relay, d *notify.Dispatcher, slack *scripted)) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &scripted{answer: answer}
		relay := notify.NewRelay(outbox)
		d, _, stop := start(t, relay, map[string]notify.Sender{"ops": slack})
		defer stop()
		test(t, outbox, relay, d, slack)
	})
}

func TestStrandedMessagesAreToldInOrderAsPossibleRepeatsAndNeverAgain(t *testing.T) {
	atRelay(t, nil, func(t *testing.T, o *memory, r *notify.Relay, d *notify.Dispatcher, slack *scripted) {
		o.add("ops", 7, incident.Opened)
		o.breakWith(errDisk)
		messages := []notify.Message{stranded(7, incident.Changed), stranded(7, incident.Resolved), stranded(8, incident.Opened)}
		r.Strand(messages)
		r.Strand(messages) // a batch is tried again and again
		require.True(t, r.Unstored())
		d.Wake("ops")
		time.Sleep(time.Minute + time.Second) // a lane in trouble looks every 5 s: not now
		require.Len(t, slack.sent(), 4, "nothing waits for the disk")
		for i, change := range []incident.Change{incident.Opened, incident.Changed, incident.Resolved, incident.Opened} {
			require.Equal(t, change, slack.sent()[i].message.Change)
			require.True(t, slack.sent()[i].message.Repeat)
			require.Equal(t, i == 1 || i == 2, !slack.sent()[i].thread.IsZero(), "into the thread that memory knows")
		}
		o.breakWith(nil)
		o.commit(r, messages...)
		r.Committed(messages)
		require.False(t, r.Unstored())
		o.add("ops", 8, incident.Resolved)
		d.Wake("ops")
		time.Sleep(time.Minute)
		require.Len(t, slack.all(), 5, "and nothing is told again")
		require.False(t, slack.all()[4].message.Repeat)
		require.False(t, slack.all()[4].thread.IsZero())
		require.Equal(t, 5, o.in(notify.StateSent))
	})
}

func TestAMessageThatIsCommittedWhileItIsDeliveredIsToldOnce(t *testing.T) {
	slow := func(context.Context, notify.Message, int) error { time.Sleep(2 * time.Second); return nil }
	for name, readBefore := range map[string]time.Duration{
		"the commit ends during the delivery":                time.Second,
		"the delivery ends between reading and the commit":   3 * time.Second,
		"the delivery begins between reading and the commit": 0,
	} {
		t.Run(name, func(t *testing.T) {
			atRelay(t, slow, func(t *testing.T, o *memory, r *notify.Relay, d *notify.Dispatcher, slack *scripted) {
				m := stranded(7, incident.Opened)
				r.Strand([]notify.Message{m})
				if readBefore == 0 {
					o.commit(r, m)
				}
				d.Wake("ops")
				time.Sleep(time.Second)
				if readBefore > 0 {
					o.commit(r, m)
				}
				time.Sleep(max(0, readBefore-time.Second))
				r.Committed([]notify.Message{m})
				d.Wake("ops")
				time.Sleep(time.Minute)
				require.Len(t, slack.all(), 1)
				require.Equal(t, 1, o.in(notify.StateSent))
			})
		})
	}
}

func TestWhatFailsFromMemoryIsStoredWithItsAttempts(t *testing.T) {
	atRelay(t, func(context.Context, notify.Message, int) error { return failure(notify.Transient) },
		func(t *testing.T, o *memory, r *notify.Relay, d *notify.Dispatcher, slack *scripted) {
			o.breakWith(errDisk)
			m := stranded(7, incident.Opened)
			r.Strand([]notify.Message{m})
			d.Wake("ops")
			time.Sleep(20 * time.Second)
			tries := len(slack.all())
			require.Greater(t, tries, 1)
			o.breakWith(nil)
			o.commit(r, m)
			r.Committed([]notify.Message{m})
			require.Equal(t, tries, o.row(1).message.Attempts)
			time.Sleep(5 * time.Minute)
			require.Equal(t, len(slack.all()), o.row(1).message.Attempts, "and goes on counting in the store")
		})
}
