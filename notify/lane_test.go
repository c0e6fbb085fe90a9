package notify_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

func TestADeliveryCutShortByTheEndIsAPossibleRepeat(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		repeat bool
	}{
		"when nobody knows how far it got":          {context.Canceled, true},
		"but not when nothing had been sent so far": {failure(notify.Transient), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := newMemory()
				slack := &scripted{answer: func(ctx context.Context, _ notify.Message, _ int) error {
					<-ctx.Done()
					return tc.err
				}}
				m := outbox.add("ops", incident.FirstID, incident.Opened)
				_, log, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
				synctest.Wait()
				stop()
				got := outbox.row(m.ID)
				require.Equal(t, notify.StatePending, got.state)
				require.Equal(t, tc.repeat, got.message.Repeat)
				require.Zero(t, got.message.Attempts, "it was no attempt")
				require.False(t, got.next.After(time.Now()), "it is due at once after a restart")
				require.Empty(t, log.String(), "an orderly end is no failure")
			})
		})
	}
}

func TestADeliveryThatSucceedsWhileWeEndIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := &scripted{answer: func(ctx context.Context, _ notify.Message, _ int) error {
			<-ctx.Done()
			return nil
		}}
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		synctest.Wait()
		stop()
		require.Equal(t, notify.StateSent, outbox.row(m.ID).state)
	})
}

// panicking is a sender with a defect.
type panicking struct{ value any }

func (p *panicking) Send(context.Context, notify.Message, notify.Thread) (notify.Thread, error) {
	panic(p.value)
}

func TestAPanicOfASenderIsAmbiguousAndTellsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		d, log, stop := start(t, outbox, map[string]notify.Sender{"ops": &panicking{errors.New("xoxb-1 is my token")}})
		synctest.Wait()
		stop()
		got := outbox.row(m.ID)
		require.Equal(t, notify.StatePending, got.state)
		require.True(t, got.message.Repeat)
		require.Equal(t, "ambiguous: the sender panicked: a *errors.errorString", d.Health()[0].LastError)
		require.NotContains(t, log.String(), "xoxb-1")
	})
}

func TestAnOutboxThatFailsForAWhileIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := &scripted{answer: func(context.Context, notify.Message, int) error {
			outbox.breakWith(errors.New("disk full")) // before the delivery is written down
			return nil
		}}
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		_, log, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(10 * time.Minute)
		require.Equal(t, notify.StateSending, outbox.row(m.ID).state)
		outbox.breakWith(nil)
		time.Sleep(time.Minute)
		require.Equal(t, notify.StateSent, outbox.row(m.ID).state)
		require.Len(t, slack.all(), 1, "it was not sent again")
		stop()
		require.Equal(t, 1, strings.Count(log.String(), "outbox failing"))
	})
}

func TestWithoutMessagesNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, release := newMemory(), make(chan struct{})
		slack := &scripted{answer: func(context.Context, notify.Message, int) error { <-release; return nil }}
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		time.Sleep(time.Hour)
		require.Equal(t, 1, outbox.claimed())

		d.Wake("nobody")
		outbox.add("ops", incident.FirstID, incident.Opened)
		d.Wake("ops")
		synctest.Wait()
		before := outbox.claimed()
		for range 100 {
			d.Wake("ops") // while a message is on its way
		}
		close(release)
		synctest.Wait()
		require.Len(t, slack.sent(), 1)
		require.LessOrEqual(t, outbox.claimed(), before+2, "a hundred calls are one")
	})
}

func TestADispatcherRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _, stop := start(t, newMemory(), map[string]notify.Sender{"ops": &scripted{}})
		synctest.Wait()
		require.ErrorContains(t, d.Run(t.Context()), "already running")
		stop()
	})
}

func TestALaneThatCannotUseTheOutboxSaysSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": &scripted{}})
		defer stop()
		synctest.Wait()
		require.True(t, d.Health()[0].BlindSince.IsZero())
		outbox.breakWith(errors.New("disk I/O error"))
		d.Wake("ops")
		synctest.Wait()
		since := d.Health()[0].BlindSince
		require.WithinDuration(t, time.Now(), since, 0)
		time.Sleep(10*time.Minute + time.Millisecond)
		synctest.Wait()
		require.Equal(t, since, d.Health()[0].BlindSince)
		outbox.breakWith(nil)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		require.True(t, d.Health()[0].BlindSince.IsZero())
	})
}
