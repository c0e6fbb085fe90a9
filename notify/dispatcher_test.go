package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// start runs a dispatcher; stop ends it and waits for it.
func start(t *testing.T, outbox notify.Outbox, senders map[string]notify.Sender) (d *notify.Dispatcher, log *bytes.Buffer, stop func()) {
	t.Helper()
	log = &bytes.Buffer{}
	d = notify.NewDispatcher(outbox, senders, slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return d, log, func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func failure(trouble notify.Trouble) error {
	return &notify.Failure{Trouble: trouble, Err: errors.New("no luck")}
}

func TestAnHourWithoutSlackLosesNothingAndKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, begin := newMemory(), time.Now()
		back := begin.Add(time.Hour)
		slack := &scripted{answer: func(context.Context, notify.Message, int) error {
			if time.Now().Before(back) {
				return failure(notify.Ambiguous)
			}
			return nil
		}}
		d, log, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		for id := incident.FirstID; id < incident.FirstID+20; id++ {
			for _, change := range []incident.Change{incident.Opened, incident.Changed, incident.Resolved} {
				outbox.add("ops", id, change)
				d.Wake("ops")
				time.Sleep(time.Minute / 2)
			}
		}
		time.Sleep(time.Until(back))
		require.NotZero(t, d.Health()[0].FailingSince)
		require.Less(t, len(slack.all()), 60+120, "one message finds out at most about twice a minute whether Slack is back")

		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 60, outbox.in(notify.StateSent), "everything is told within a minute")
		last := map[incident.ID]incident.Change{}
		for _, got := range slack.sent() {
			require.Greater(t, changeOrder(got.message.Change), changeOrder(last[got.message.Incident]))
			require.Equal(t, got.message.Change != incident.Opened, !got.thread.IsZero(), "what follows goes to the thread")
			last[got.message.Incident] = got.message.Change
		}
		require.Zero(t, d.Health()[0].FailingSince)
		stop()
		require.Equal(t, 1, strings.Count(log.String(), "destination failing"), "one line when it goes bad")
		require.Equal(t, 1, strings.Count(log.String(), "destination back"), "and one when it comes back")
	})
}

func changeOrder(c incident.Change) int {
	return map[incident.Change]int{incident.Opened: 1, incident.Changed: 2, incident.Resolved: 3}[c]
}

func TestWhatFollowsFromATrouble(t *testing.T) {
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		err             error
		atLeast, atMost time.Duration // until the second attempt; 0: there is none
		repeat          bool
		attempts        int
	}{
		"a transient failure is tried again soon":               {failure(notify.Transient), time.Second / 2, time.Second, false, 1},
		"an ambiguous one is tried again as a possible repeat":  {failure(notify.Ambiguous), time.Second / 2, time.Second, true, 1},
		"an error that nobody classified may have got through":  {errors.New("odd"), time.Second / 2, time.Second, true, 1},
		"a pause that was asked for is kept and does not count": {&notify.Failure{Trouble: notify.Throttled, After: 42 * time.Second, Err: errors.New("429")}, 42 * time.Second, 43 * time.Second, false, 0},
		"a pause of unsaid length is half a minute":             {failure(notify.Throttled), 30 * time.Second, 31 * time.Second, false, 0},
		"a wrong place is tried again in a minute":              {failure(notify.Unreachable), time.Minute, time.Minute, false, 1},
		"a transient failure waits as long as it was asked to":  {&notify.Failure{Trouble: notify.Transient, After: time.Minute, Err: errors.New("503")}, time.Minute, time.Minute, false, 1},
		"a message that will never be taken is not tried again": {failure(notify.Refused), 0, 0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := newMemory()
				slack := &scripted{answer: func(_ context.Context, _ notify.Message, call int) error {
					if call == 1 {
						return tc.err
					}
					return nil
				}}
				begin := time.Now()
				m := outbox.add("ops", incident.FirstID, incident.Opened)
				_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
				time.Sleep(day)
				stop()

				got := outbox.row(m.ID)
				require.Equal(t, tc.repeat, got.message.Repeat)
				require.Equal(t, tc.attempts, got.message.Attempts)
				if tc.atMost == 0 {
					require.Equal(t, notify.StateDead, got.state)
					require.Len(t, slack.all(), 1)
					return
				}
				require.Equal(t, notify.StateSent, got.state)
				second := slack.all()[1]
				require.GreaterOrEqual(t, second.at.Sub(begin), tc.atLeast)
				require.LessOrEqual(t, second.at.Sub(begin), tc.atMost+time.Millisecond)
			})
		})
	}
}

func TestAPauseHoldsForTheWholeDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := &scripted{answer: func(_ context.Context, _ notify.Message, call int) error {
			if call == 1 {
				return &notify.Failure{Trouble: notify.Throttled, After: time.Minute, Err: errors.New("429")}
			}
			return nil
		}}
		outbox.add("ops", incident.FirstID, incident.Opened)
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		time.Sleep(time.Second)
		outbox.add("ops", incident.FirstID+1, incident.Opened)
		d.Wake("ops")
		time.Sleep(58 * time.Second)
		require.Len(t, slack.all(), 1)
		time.Sleep(3 * time.Second)
		require.Len(t, slack.sent(), 2)
	})
}

func TestAMessageThatAlwaysFailsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		bad := outbox.add("ops", incident.FirstID, incident.Opened)
		slack := &scripted{answer: func(_ context.Context, m notify.Message, _ int) error {
			if m.ID == bad.ID {
				return failure(notify.Ambiguous)
			}
			return nil
		}}
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		time.Sleep(time.Hour)
		for id := range 10 {
			outbox.add("ops", incident.FirstID+1+incident.ID(id), incident.Opened)
		}
		d.Wake("ops")
		time.Sleep(20 * time.Minute) // after every failure it is a toss-up who comes next
		require.Equal(t, 10, outbox.in(notify.StateSent))
		require.LessOrEqual(t, len(slack.all()), 10+400)
	})
}

func TestAWrongPlaceIsTriedEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := &scripted{answer: func(context.Context, notify.Message, int) error { return failure(notify.Unreachable) }}
		outbox.add("ops", incident.FirstID, incident.Opened)
		outbox.add("ops", incident.FirstID+1, incident.Opened)
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		time.Sleep(time.Hour + 2*time.Minute)
		require.Len(t, slack.all(), 8, "at 0, 1, 11, 21 ... 61 minutes")
	})
}

func TestNothingIsGivenUpWithinAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		outbox := newMemory()
		slack := &scripted{answer: func(context.Context, notify.Message, int) error { return failure(notify.Transient) }}
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		_, log, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(7*day - time.Hour)
		require.Equal(t, notify.StatePending, outbox.row(m.ID).state)
		time.Sleep(2 * time.Hour)
		require.Equal(t, notify.StateDead, outbox.row(m.ID).state)
		stop()
		require.Contains(t, log.String(), "message undeliverable")
	})
}

func TestADeadMessageDoesNotBlockWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := &scripted{answer: func(_ context.Context, m notify.Message, _ int) error {
			if m.Change == incident.Opened {
				return failure(notify.Refused)
			}
			return nil
		}}
		outbox.add("ops", incident.FirstID, incident.Opened)
		outbox.add("ops", incident.FirstID, incident.Resolved)
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		synctest.Wait()
		require.Len(t, slack.sent(), 1, "at once")
		require.Equal(t, incident.Resolved, slack.sent()[0].message.Change)
		require.True(t, slack.sent()[0].thread.IsZero())
	})
}

func TestASlowDestinationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slow := &scripted{answer: func(ctx context.Context, _ notify.Message, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		quick := &scripted{}
		for id := range incident.ID(50) {
			outbox.add("slow", incident.FirstID+id, incident.Opened)
			outbox.add("quick", incident.FirstID+id, incident.Opened)
		}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"slow": slow, "quick": quick})
		synctest.Wait()
		require.Len(t, quick.sent(), 50)
		require.Len(t, slow.all(), 1)
		stop()
	})
}
