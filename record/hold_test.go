package record_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
)

var (
	throttled = judge(probe.Throttled, 429)
	denied    = judge(probe.Unauthenticated, 401)
)

// announcing is a result of one attempt whose answer says when to come back.
func announcing(id probe.ID, at time.Time, v probe.Verdict, after time.Duration) probe.Result {
	r := result(id, at, v, 1)
	r.Elapsed = 0
	r.Attempts[0].RetryAfter = probe.Announcement{Wait: after, Made: true}
	return r
}

func TestWhatATargetAsksForIsPassedOn(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(announcing(1, slot(0), broken, 5*time.Minute))
		synctest.Wait()
		hold := incident.Hold{Until: slot(5), Why: probe.ServerError}
		require.Equal(t, []incident.Hold{hold}, d.held())
		require.Equal(t, slot(0).Add(30*time.Second), d.asked()[1], "a re-check is asked for all the same: it will be skipped")

		d.SkipRecheck(1, slot(0).Add(30*time.Second), probe.ServerError)
		d.Skip(1, slot(1), slot(1), probe.ServerError)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"ops"}, d.heard(), "three looks, two of which were forbidden")
		require.Len(t, d.held(), 1, "nothing has changed about the hold")

		d.Skip(1, slot(2), slot(4), probe.ServerError)
		d.Record(result(1, slot(5), good, 1))
		d.end(t)
		require.Equal(t, []incident.Hold{hold, {}}, d.held())
		require.Equal(t, slot(5), d.memory.States[1].Account.Grid.Last)
	})
}

func TestARecheckThatWasSkippedIsStoredOnce(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(announcing(1, slot(0), broken, 5*time.Minute))
		at := slot(0).Add(30 * time.Second)
		d.SkipRecheck(1, at.Add(-time.Second), probe.ServerError) // nobody waits for it
		d.SkipRecheck(1, at, probe.ServerError)
		d.SkipRecheck(1, at, probe.ServerError)
		d.SkipRecheck(9, at, probe.ServerError)
		d.end(t)
		entries := d.disk.entries()
		require.Len(t, entries, 2)
		require.Equal(t, incident.Input{Kind: incident.Skipped, Run: probe.Recheck, At: at, To: at, Verdict: probe.Miss(probe.ServerError)}, entries[1].Input)
		require.Equal(t, slot(0), d.memory.States[1].Account.Grid.Last, "it has no slot")
		require.EqualValues(t, 2, d.Stats().Stale)
	})
}

func TestARecheckThatFindsTheRingFullHasNoSlot(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		for n := range ringSize {
			d.Record(announcing(1, slot(n), broken, time.Second))
		}
		state := func() *incident.State { return d.memory.States[1] }
		synctest.Wait()
		require.EqualValues(t, ringSize, d.Stats().Waiting)
		d.SkipRecheck(1, slot(ringSize), probe.ServerError)
		d.disk.breaks(nil)
		time.Sleep(time.Minute)
		d.end(t)
		require.Equal(t, slot(ringSize-1), state().Account.Grid.Last)
	})
}

func TestAHoldIsKnownAfterARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t, watched("limited"), watched("away"), watched("denied"), watched("fine"), watched("changed"))
				p.begin(t0)
				p.Record(announcing(p.id("limited"), slot(0), throttled, 10*time.Minute))
				p.Record(announcing(p.id("away"), slot(0), broken, 24*time.Hour))
				p.Record(announcing(p.id("changed"), slot(0), broken, 24*time.Hour))
				for n := range 6 {
					p.Record(resultOf(p, "denied", n, denied))
				}
				p.committed()
				require.Equal(t, slot(9), p.memory.States[p.id("denied")].Hold.Until, "four intervals after the sixth refusal")
				end(p)

				p.probes[4].RequestHash = "2"
				p.begin(slot(1))
				held := func(name string) incident.Hold { return record.Held(p.memory, p.id(name)) }
				require.Equal(t, incident.Hold{Until: slot(10), Why: probe.Throttled}, held("limited"))
				require.Equal(t, incident.Hold{Until: slot(15), Why: probe.ServerError}, held("away"))
				require.Zero(t, held("denied"), "the credential may be another one now")
				require.Zero(t, held("changed"), "it was about another request")
				require.Zero(t, held("fine"))
				require.Zero(t, record.Held(p.memory, 99))
				p.Record(resultOf(p, "denied", 7, denied))
				p.committed()
				require.Equal(t, incident.Hold{Until: slot(15), Why: probe.Unauthenticated}, p.memory.States[p.id("denied")].Hold, "but one more refusal brings it back, and longer")
				p.end()
			})
		})
	}
}

// A prober that asks targets with all kinds of announcements is stopped and killed at any
// time; whoever replays what it stored comes to the same states, holds among them.
func TestHoldsAreAFunctionOfWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"), watched("c"))
		answers := map[string][]probe.Result{
			"a": {announcing(0, t0, broken, 200*time.Second), announcing(0, t0, throttled, 90*time.Second), result(0, t0, good, 1)},
			"b": {announcing(0, t0, judge(probe.LoadShed, 503), 130*time.Second)},
			"c": {result(0, t0, denied, 1), result(0, t0, denied, 1), result(0, t0, denied, 1), announcing(0, t0, broken, 0)},
		}
		p.begin(t0)
		for n := range 120 {
			held := map[string]incident.Hold{} // read while the recorder waits
			for name := range answers {
				if s := p.memory.States[p.id(name)]; s != nil {
					held[name] = s.Hold
				}
			}
			for name, all := range answers {
				id, hold := p.id(name), held[name]
				switch {
				case hold.Until.After(slot(n)):
					p.Skip(id, slot(n), slot(n), hold.Why)
					p.SkipRecheck(id, slot(n).Add(30*time.Second), hold.Why)
				default:
					r := all[n*7/10%len(all)]
					r.Probe, r.At = id, slot(n)
					p.Record(r)
				}
			}
			p.committed()
			if n%10 != 9 {
				continue
			}
			want := map[probe.ID]*incident.State{}
			for id, s := range p.memory.States {
				want[id] = s.Clone()
			}
			if n%20 == 9 {
				p.kill()
			} else {
				p.end()
			}
			p.begin(slot(n))
			require.Equal(t, want, p.memory.States)
		}
		for _, name := range []string{"a", "c"} {
			require.NotEmpty(t, p.query("SELECT 1 FROM ledger WHERE probe = "+idOf(p, name)))
		}
		require.NotEmpty(t, p.query("SELECT 1 FROM incidents WHERE kind = 'degraded'"))
		p.end()
	})
}

func idOf(p *place, name string) string {
	return p.query("SELECT id FROM probes WHERE name = '" + name + "'")[0]
}
