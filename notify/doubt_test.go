package notify_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// seeing is a sender whose destination can be looked at.
type seeing struct {
	scripted
	looks []time.Time
	found func(look int) (bool, error)
}

func (s *seeing) Find(_ context.Context, m notify.Message, _ notify.Thread, asOf time.Time) (notify.Thread, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks = append(s.looks, time.Now())
	if asOf.After(time.Now()) {
		return notify.Thread{}, false, errors.New("nobody sees the future")
	}
	if s.found == nil {
		return notify.Thread{}, false, nil
	}
	ok, err := s.found(len(s.looks))
	return notify.Thread{Channel: "C1", Root: "found"}, ok, err
}

// looked is when it was looked.
func (s *seeing) looked() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.looks)
}

// unanswered is a sender whose first answer is lost.
func unanswered(found func(int) (bool, error)) *seeing {
	return &seeing{found: found, scripted: scripted{answer: func(_ context.Context, _ notify.Message, call int) error {
		if call == 1 {
			return failure(notify.Ambiguous)
		}
		return nil
	}}}
}

func TestWhatMayHaveGotThroughIsLookedForBeforeItIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, begin := newMemory(), time.Now()
		slack := unanswered(nil)
		first := outbox.add("ops", incident.FirstID, incident.Opened)
		outbox.add("ops", incident.FirstID, incident.Changed)
		outbox.add("ops", incident.FirstID+1, incident.Opened)
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, outbox.in(notify.StateSent), "the other incident does not wait")
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		require.Len(t, slack.looked(), 2)
		require.GreaterOrEqual(t, slack.looked()[0].Sub(begin), 5*time.Second)
		require.Less(t, slack.looked()[0].Sub(begin), 7*time.Second)
		require.GreaterOrEqual(t, slack.looked()[1].Sub(begin), 30*time.Second)
		require.Less(t, slack.looked()[1].Sub(begin), 33*time.Second)
		again := slack.all()[2]
		require.Equal(t, first.ID, again.message.ID)
		require.False(t, again.message.Repeat, "it is known that it did not get through")
		require.Equal(t, incident.Changed, slack.all()[3].message.Change, "the order is kept")
		require.Equal(t, 3, outbox.in(notify.StateSent))
		require.Zero(t, outbox.row(first.ID).message.Doubt)
	})
}

func TestWhatIsFoundIsNotSentAgain(t *testing.T) {
	for name, at := range map[string]int{"at the first look": 1, "at the second, for it took a while": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := newMemory()
				slack := unanswered(func(look int) (bool, error) { return look == at, nil })
				outbox.add("ops", incident.FirstID, incident.Opened)
				outbox.add("ops", incident.FirstID, incident.Changed)
				_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
				time.Sleep(time.Minute)
				synctest.Wait()
				stop()
				require.Len(t, slack.looked(), at)
				require.Len(t, slack.all(), 2, "the first and the one that follows")
				require.Equal(t, notify.Thread{Channel: "C1", Root: "found"}, slack.all()[1].thread, "which goes on where it was found")
				require.Equal(t, 2, outbox.in(notify.StateSent))
			})
		})
	}
}

func TestWhereNobodyMayLookARepeatSaysThatItMayBeOne(t *testing.T) {
	for name, tc := range map[string]struct {
		change incident.Change
		state  notify.State
		posts  int
	}{
		"an opening":                   {incident.Opened, notify.StateSent, 2},
		"a recovery":                   {incident.Resolved, notify.StateSent, 2},
		"but a reminder is left alone": {incident.Reminded, notify.StateExpired, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := newMemory()
				slack := unanswered(func(int) (bool, error) { return false, failure(notify.Blind) })
				m := outbox.add("ops", incident.FirstID, tc.change)
				_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
				time.Sleep(time.Minute)
				synctest.Wait()
				stop()
				require.Len(t, slack.looked(), 1)
				require.Equal(t, tc.state, outbox.row(m.ID).state)
				require.Len(t, slack.all(), tc.posts)
				require.Equal(t, tc.posts == 2, slack.all()[tc.posts-1].message.Repeat)
			})
		})
	}
}

func TestALookThatFailsIsTakenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slack := unanswered(func(look int) (bool, error) {
			switch look {
			case 1:
				return false, failure(notify.Ambiguous)
			case 2:
				return false, &notify.Failure{Trouble: notify.Throttled, After: time.Minute, Err: errors.New("429")}
			}
			return true, nil
		})
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		stop()
		require.Len(t, slack.looked(), 3)
		require.Equal(t, notify.StateSent, outbox.row(m.ID).state)
		require.Len(t, slack.all(), 1)
	})
}

func TestADeliveryThatACrashCutShortIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		m := outbox.add("ops", incident.FirstID, incident.Opened)
		other := outbox.add("hook", incident.FirstID, incident.Opened)
		for _, id := range []notify.MessageID{m.ID, other.ID} {
			outbox.rows[id-1].message.Doubt = notify.Doubt{Since: time.Now()} // as the store says after a crash
		}
		slack, hook := &seeing{found: func(int) (bool, error) { return true, nil }}, &scripted{}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack, "hook": hook})
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Empty(t, slack.looked())
		require.Len(t, hook.sent(), 1, "where nobody can look, nobody waits")
		require.True(t, hook.sent()[0].message.Repeat)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stop()
		require.Empty(t, slack.all())
		require.Equal(t, notify.StateSent, outbox.row(m.ID).state)
	})
}

func TestWhatIsNotWorthTellingAnyMoreIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &scripted{}
		reminder := outbox.add("ops", incident.FirstID, incident.Reminded)
		opened := outbox.add("ops", incident.FirstID+1, incident.Opened)
		again := outbox.add("ops", incident.FirstID+1, incident.Changed)
		outbox.rows[again.ID-1].message.Body.Continued = true
		short := outbox.add("ops", incident.FirstID+2, incident.Changed)
		outbox.rows[short.ID-1].message.Body.Expires = time.Now().Add(time.Minute)
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		synctest.Wait()
		stop()
		require.Equal(t, notify.StateExpired, outbox.row(reminder.ID).state)
		require.Equal(t, notify.StateSent, outbox.row(opened.ID).state)
		require.Equal(t, notify.StateSuperseded, outbox.row(again.ID).state, "there is a first message again")
		require.Equal(t, notify.StateExpired, outbox.row(short.ID).state)
		require.Len(t, slack.all(), 1)
	})
}
