package notify_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// relaying is an outbox that passes everything on.
type relaying struct {
	*memory
	mu   sync.Mutex
	gone map[notify.MessageID]bool
}

func (r *relaying) Forward(_ context.Context, f notify.Forwarding) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	for _, waits := range r.rows {
		m := waits.message
		if m.Destination != f.From || waits.state != notify.StatePending || r.gone[m.ID] || !f.Concerns(&m) {
			continue
		}
		r.gone[m.ID] = true
		if copied, worth := f.Take(m, false); worth {
			copied.ID = notify.MessageID(len(r.rows) + 1)
			r.rows = append(r.rows, &row{message: copied, next: f.At})
			n++
		}
	}
	return n, nil
}

func TestOfSeveralFallbacksTheFirstThatWorksIsTold(t *testing.T) {
	broken, well := failure(notify.Unreachable), error(nil)
	for name, tc := range map[string]struct {
		first, second, third error
		early                bool // the first has been told something before
		told                 string
	}{
		"the first":                             {well, well, well, false, "first"},
		"the second, if the first is broken":    {broken, well, well, true, "second"},
		"the second, if the first turns out so": {broken, well, well, false, "second"},
		"the third":                             {broken, broken, well, false, "third"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox := &relaying{memory: newMemory(), gone: map[notify.MessageID]bool{}}
				senders := map[string]*scripted{}
				all := map[string]notify.Sender{}
				for place, answer := range map[string]error{"ops": broken, "first": tc.first, "second": tc.second, "third": tc.third} {
					senders[place] = &scripted{answer: func(context.Context, notify.Message, int) error { return answer }}
					all[place] = senders[place]
				}
				d := notify.NewDispatcher(outbox, all, quiet())
				d.FallBack("ops", "first", "nowhere", "second", "ops", "third", "first")
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- d.Run(ctx) }()
				if tc.early {
					outbox.add("first", incident.FirstID+1, incident.Opened)
					d.Wake("first")
					time.Sleep(time.Minute)
				}
				outbox.add("ops", incident.FirstID, incident.Opened)
				d.Wake("ops")
				time.Sleep(time.Minute)
				synctest.Wait()
				for place, s := range senders {
					var told []delivery
					for _, got := range s.sent() {
						if got.message.Incident == incident.FirstID {
							told = append(told, got)
						}
					}
					require.Len(t, told, map[bool]int{true: 1}[place == tc.told], place)
					for _, got := range told {
						require.Equal(t, notify.Instead{Of: "ops", Why: "no luck"}, got.message.Body.Instead)
					}
				}
				if tc.early {
					for _, tried := range senders["first"].all() {
						require.Equal(t, incident.FirstID+1, tried.message.Incident, "it is known to be broken: nothing else is sent there")
					}
				}
				cancel()
				require.NoError(t, <-ended)
			})
		})
	}
}
