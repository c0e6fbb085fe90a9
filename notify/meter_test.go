package notify_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// plainer is a sender that tells everything in a simpler form.
type plainer struct{ scripted }

func (*plainer) Simplified() uint64 { return 7 }

func TestWhatIsSeenOfADestinationIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := newMemory()
		slow := &plainer{scripted{answer: func(_ context.Context, _ notify.Message, call int) error {
			switch time.Sleep(time.Duration(call) * 200 * time.Millisecond); call {
			case 1:
				return &notify.Failure{Trouble: notify.Throttled, After: time.Second, Err: context.DeadlineExceeded}
			case 2:
				return failure(notify.Transient)
			}
			return nil
		}}}
		outbox.add("ops", incident.FirstID, incident.Opened)
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slow, "idle": &scripted{}})
		time.Sleep(time.Minute)
		synctest.Wait()
		health := d.Health()
		require.Len(t, health, 2)
		require.Zero(t, health[0].Deliveries.Count, "nothing is sent to the other")
		got := health[1].Deliveries
		require.EqualValues(t, 3, got.Count)
		require.Equal(t, 1200*time.Millisecond, got.Sum, "of all attempts")
		require.EqualValues(t, 1, got.Throttled)
		require.EqualValues(t, 7, got.Simplified)
		require.Zero(t, got.Below[100*time.Millisecond])
		require.EqualValues(t, 1, got.Below[250*time.Millisecond])
		require.EqualValues(t, 2, got.Below[500*time.Millisecond])
		require.EqualValues(t, 3, got.Below[30*time.Second])
		stop()
	})
}

func TestADestinationIsPausedWhilePeopleMustActOrNothingGetsThrough(t *testing.T) {
	for name, tc := range map[string]struct {
		trouble notify.Trouble
		tenant  bool
		paused  bool
	}{
		"the place is wrong":                      {notify.Unreachable, false, true},
		"the credential is refused":               {notify.Unauthorized, true, true},
		"a tenant gets nothing through":           {notify.Transient, true, true},
		"one by itself is tried again and again":  {notify.Transient, false, false},
		"a message is refused, and others go out": {notify.Refused, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox, slack := newMemory(), &service{down: failure(tc.trouble)}
				var sender notify.Sender = &scripted{answer: newTenant(slack).answer}
				if tc.tenant {
					sender = newTenant(slack)
				}
				for id := range incident.ID(6) {
					outbox.add("ops", incident.FirstID+id, incident.Opened)
				}
				d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": sender})
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Equal(t, tc.paused, d.Health()[0].Paused)
				slack.be(nil)
				outbox.add("ops", incident.FirstID+9, incident.Opened)
				d.Wake("ops")
				time.Sleep(time.Hour)
				synctest.Wait()
				require.False(t, d.Health()[0].Paused)
				stop()
			})
		})
	}
}
