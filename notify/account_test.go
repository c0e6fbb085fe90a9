package notify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

// service is what tenants deliver to.
type service struct {
	mu    sync.Mutex
	down  error
	asked []time.Time
}

func (s *service) be(down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *service) answer() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// times are when it was asked.
func (s *service) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// tenant is a sender that shares its service with others.
type tenant struct {
	scripted
	at *service
}

func newTenant(at *service) *tenant {
	return &tenant{at: at, scripted: scripted{answer: func(context.Context, notify.Message, int) error { return at.answer() }}}
}

func (*tenant) Account() string { return "one" }

func (t *tenant) Ask(context.Context) error {
	t.at.mu.Lock()
	defer t.at.mu.Unlock()
	t.at.asked = append(t.at.asked, time.Now())
	return t.at.down
}

func TestAServiceThatDoesNotAnswerIsLeftAloneAndAskedWhetherItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &service{down: failure(notify.Transient)}
		a, b := newTenant(slack), newTenant(slack)
		for id := incident.FirstID; id < incident.FirstID+5; id++ {
			outbox.add("a", id, incident.Opened)
			outbox.add("b", id, incident.Opened)
		}
		_, log, stop := start(t, outbox, map[string]notify.Sender{"a": a, "b": b})
		time.Sleep(time.Hour)
		synctest.Wait()
		posts := len(a.all()) + len(b.all())
		require.Equal(t, 5, posts, "after five failures nothing is sent to either")
		require.InDelta(t, 4*60, len(slack.times()), 4, "it is asked every 15 s, once for both")
		slack.be(nil)
		back := time.Now()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, 10, outbox.in(notify.StateSent))
		first := append(a.sent(), b.sent()...)
		for _, d := range first {
			require.LessOrEqual(t, d.at.Sub(back), 20*time.Second)
		}
		asked := len(slack.times())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, slack.times(), asked, "nobody asks while all is well")
		stop()
		require.Equal(t, 1, strings.Count(log.String(), "service does not answer"))
		require.Equal(t, 1, strings.Count(log.String(), "service answers again"))
	})
}

func TestASingleMessageTriesWhetherAServiceTakesAnyAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &service{}
		var takes atomic.Bool
		a := &tenant{at: slack, scripted: scripted{answer: func(context.Context, notify.Message, int) error {
			if takes.Load() {
				return nil
			}
			return failure(notify.Transient)
		}}}
		for id := incident.FirstID; id < incident.FirstID+20; id++ {
			outbox.add("a", id, incident.Opened)
		}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"a": a})
		defer stop()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.LessOrEqual(t, len(a.all()), 5+40, "one every 15 s, though it answers when it is asked")
		takes.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 20, outbox.in(notify.StateSent))
	})
}

func TestAnOutboxThatFailsWhileAMessageIsToTryTheServiceStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &service{down: failure(notify.Transient)}
		a, b := newTenant(slack), newTenant(slack)
		for id := incident.FirstID; id < incident.FirstID+5; id++ {
			outbox.add("a", id, incident.Opened)
			outbox.add("b", id, incident.Opened)
		}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"a": a, "b": b})
		defer stop()
		time.Sleep(time.Hour)
		outbox.breakWith(errors.New("disk I/O error"))
		slack.be(nil)
		time.Sleep(10*time.Minute + time.Millisecond)
		outbox.breakWith(nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, 10, outbox.in(notify.StateSent))
	})
}

func TestARefusedCredentialStopsAllThatUseIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := newMemory(), &service{down: failure(notify.Unauthorized)}
		a, b := newTenant(slack), newTenant(slack)
		outbox.add("a", incident.FirstID, incident.Opened)
		d, _, stop := start(t, outbox, map[string]notify.Sender{"a": a, "b": b})
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		outbox.add("b", incident.FirstID, incident.Opened)
		d.Wake("b")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, a.all(), 1)
		require.Empty(t, b.all())
		require.Len(t, slack.times(), 6, "every ten minutes")
		slack.be(nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, 2, outbox.in(notify.StateSent))
	})
}

func TestAPauseHoldsForAllWhereTwoPlacesAreAskedForIt(t *testing.T) {
	pause := &notify.Failure{Trouble: notify.Throttled, After: time.Minute, Err: errors.New("429")}
	for name, tc := range map[string]struct {
		apart time.Duration
		third bool // whether the third place is held up
	}{
		"just after one another":         {time.Second, true},
		"not when it is long in between": {40 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox, slack := newMemory(), &service{}
				once := func() *tenant {
					return &tenant{at: slack, scripted: scripted{answer: func(_ context.Context, _ notify.Message, call int) error {
						if call == 1 {
							return pause
						}
						return nil
					}}}
				}
				third := newTenant(slack)
				d, _, stop := start(t, outbox, map[string]notify.Sender{"a": once(), "b": once(), "c": third})
				defer stop()
				say := func(name string) {
					outbox.add(name, incident.FirstID, incident.Opened)
					d.Wake(name)
					synctest.Wait()
				}
				say("a")
				time.Sleep(tc.apart)
				synctest.Wait()
				say("b")
				time.Sleep(time.Second)
				synctest.Wait()
				say("c")
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, tc.third, len(third.all()) == 0)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				require.Equal(t, 3, outbox.in(notify.StateSent))
			})
		})
	}
}

// passing is an outbox that can pass messages on.
type passing struct {
	*memory
	asked []notify.Forwarding
}

// forwarded is what was to be passed on.
func (p *passing) forwarded() []notify.Forwarding {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *passing) Forward(_ context.Context, f notify.Forwarding) (int, error) {
	p.mu.Lock()
	p.asked = append(p.asked, f)
	first := len(p.asked) == 1
	p.mu.Unlock()
	if !first {
		return 0, nil
	}
	p.add(f.To, incident.FirstID, incident.Opened)
	return 1, nil
}

func TestWhatCannotBeToldIsToldElsewhere(t *testing.T) {
	for name, tc := range map[string]struct {
		trouble  notify.Trouble
		after    time.Duration
		critical bool
	}{
		"at once, where the place is wrong":             {notify.Unreachable, 0, false},
		"at once, where the credential is":              {notify.Unauthorized, 0, false},
		"what is critical after two minutes of silence": {notify.Transient, 2 * time.Minute, true},
	} {
		for kind, sender := range map[string]func(*service) notify.Sender{
			" of a tenant":         func(s *service) notify.Sender { return newTenant(s) },
			" of one by itself":    func(s *service) notify.Sender { return &scripted{answer: newTenant(s).answer} },
			" of one who can look": func(s *service) notify.Sender { return &seeing{scripted: scripted{answer: newTenant(s).answer}} },
		} {
			t.Run(name+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					outbox, slack, backup := &passing{memory: newMemory()}, &service{down: failure(tc.trouble)}, &scripted{}
					outbox.add("ops", incident.FirstID, incident.Opened)
					d := notify.NewDispatcher(outbox, map[string]notify.Sender{"ops": sender(slack), "backup": backup}, quiet())
					d.FallBack("ops", "backup")
					d.FallBack("backup", "nowhere")
					ctx, cancel := context.WithCancel(t.Context())
					ended := make(chan error, 1)
					go func() { ended <- d.Run(ctx) }()
					time.Sleep(max(0, tc.after-time.Second))
					synctest.Wait()
					require.Equal(t, tc.after == 0, len(outbox.forwarded()) > 0)
					time.Sleep(30 * time.Second)
					synctest.Wait()
					require.NotEmpty(t, outbox.forwarded())
					f := outbox.forwarded()[0]
					require.Equal(t, "ops", f.From)
					require.Equal(t, "backup", f.To)
					require.Equal(t, "no luck", f.Why)
					require.Equal(t, tc.critical, f.Critical)
					require.Len(t, backup.sent(), 1)
					slack.be(nil)
					time.Sleep(time.Hour)
					synctest.Wait()
					asked := len(outbox.forwarded())
					require.Equal(t, 2, outbox.in(notify.StateSent), "and at last where it was to be told")
					d.Wake("ops")
					synctest.Wait()
					require.Len(t, outbox.forwarded(), asked, "nothing is passed on any more")
					cancel()
					require.NoError(t, <-ended)
				})
			})
		}
	}
}
