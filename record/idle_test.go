package record_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// alert makes probes that are watched by all rules.
func alert(o *record.Options) {
	for i := range o.Probes {
		p := o.Probes[i].Policy
		p.Timeout, p.Rules, p.RemindEvery = 10*time.Second, incident.UsualRules(), time.Hour
	}
}

// pass lets time pass by ticks of 15 s from one instant up to another.
func (d *desk) pass(from, to time.Time) {
	for at := from; !at.After(to); at = at.Add(15 * time.Second) {
		d.Idle(at)
		synctest.Wait()
	}
}

// changes are all changes of incidents that were committed, as "opened no_data".
func (d *desk) changes() (all []string) {
	time.Sleep(time.Second)
	synctest.Wait()
	for _, b := range d.disk.durable() {
		for _, e := range b.Effects {
			for _, t := range e.Transitions {
				all = append(all, t.Change.String()+" "+t.Problem.Kind.String())
			}
		}
	}
	return all
}

func TestAProbeOfWhichNothingComesIsFoundByTheClock(t *testing.T) {
	atDeskWith(t, 3, alert, func(t *testing.T, d *desk) {
		d.pass(slot(0).Add(-15*time.Second), slot(0))
		for n := range 6 {
			for id := probe.ID(1); id <= 3; id++ {
				if id < 3 || n == 0 {
					d.Record(result(id, slot(n), good, 1))
				}
			}
			d.pass(slot(n).Add(15*time.Second), slot(n+1))
			if n == 2 {
				require.Empty(t, d.changes(), "three intervals are not over, and what began in them has not ended")
			}
		}
		require.Equal(t, []string{"opened no_data"}, d.changes())
		require.Equal(t, probe.KindNoData, d.memory.States[3].Problems[0].Kind)
		idle := 0
		for _, e := range d.disk.entries() {
			if e.Input.Kind == incident.Idle {
				idle++
				require.Equal(t, probe.ID(3), e.Probe)
			}
		}
		require.Equal(t, 1, idle, "only what says something is stored")
		d.Record(result(3, slot(6), good, 1))
		require.Equal(t, []string{"opened no_data", "resolved no_data"}, d.changes())
		d.end(t)
	})
}

func TestAProberThatStallsIsToldOnce(t *testing.T) {
	atDeskWith(t, 4, alert, func(t *testing.T, d *desk) {
		for id := probe.ID(1); id <= 4; id++ {
			d.Record(result(id, slot(0), good, 1))
		}
		d.pass(slot(0), slot(6))
		require.Equal(t, []string{"opened prober"}, d.changes(), "and not of each probe")
		for id := probe.ID(1); id <= 3; id++ {
			d.Record(result(id, slot(6), good, 1))
		}
		d.pass(slot(6).Add(15*time.Second), slot(7))
		require.Equal(t, []string{"opened prober", "resolved prober", "opened no_data"}, d.changes(), "one is still without data, and that is its own")
		d.end(t)
	})
}

func TestNobodyMissesWhatNobodyWaitedFor(t *testing.T) {
	for name, sleep := range map[string]func(d *desk){
		"the service was started just now": func(d *desk) { d.pass(slot(600), slot(602)) },
		"the clock jumped": func(d *desk) {
			d.pass(slot(0), slot(1))
			d.pass(slot(600), slot(602))
		},
	} {
		t.Run(name, func(t *testing.T) {
			atDeskWith(t, 2, alert, func(t *testing.T, d *desk) {
				d.Record(result(1, slot(0), good, 1))
				d.Record(result(2, slot(0), good, 1))
				sleep(d)
				require.Empty(t, d.changes())
				d.end(t)
			})
		})
	}
}

func TestRemindersAndClosingsComeWithoutResults(t *testing.T) {
	off := func(o *record.Options) {
		alert(o)
		for i := range o.Probes {
			o.Probes[i].Policy.Rules.NoData, o.Probes[i].Policy.Rules.Prober = incident.NoData{}, false
		}
	}
	atDeskWith(t, 1, off, func(t *testing.T, d *desk) {
		for n := range 3 {
			d.Record(result(1, slot(n), broken, 1))
		}
		d.pass(slot(3), slot(64))
		require.Equal(t, []string{"opened down", "reminded down"}, d.changes())
		for n := 65; n < 69; n++ {
			d.Record(result(1, slot(n), good, 1))
		}
		d.pass(slot(69), slot(140))
		require.Equal(t, []string{"opened down", "reminded down", "resolved down", "closed down"}, d.changes())
		d.end(t)
	})
}

// What is stored is all that there is to know: whoever replays it comes to the same.
func TestWhatTheClockBringsFollowsFromWhatIsStored(t *testing.T) {
	atDeskWith(t, 4, alert, func(t *testing.T, d *desk) {
		verdicts := []probe.Verdict{good, denied, judge(probe.ServerError, 502), judge(probe.ProberNetwork, 0), broken}
		for n := range 240 {
			if n < 90 || n > 110 {
				for id := probe.ID(1); id <= 4; id++ {
					if v := verdicts[n/16%len(verdicts)]; n%7 != 3 || id > 2 {
						d.Record(result(id, slot(n).Add(time.Duration(id)*time.Second), v, 1))
					}
				}
			}
			d.pass(slot(n).Add(15*time.Second), slot(n+1))
		}
		changes := d.changes()
		for _, change := range []string{"opened prober", "opened prober_network", "resolved prober_network", "opened down"} {
			require.Contains(t, changes, change)
		}
		d.end(t)
		again := store.NewMemory()
		probes := make([]store.Probe, 4)
		o := record.Options{Probes: probes}
		for i := range probes {
			probes[i] = watched("probe")
			probes[i].ID = probe.ID(i + 1)
		}
		alert(&o)
		circles := store.Circles(probes)
		var effects []store.Effect
		for _, e := range d.disk.entries() {
			var fx incident.Effects
			if e.Probe > 0 {
				fx = again.Step(probes[e.Probe-1].Policy, &e)
			}
			again.Correlate(circles, &e, &fx)
			effects = append(effects, store.Effect{Probe: e.Probe, Effects: fx})
		}
		require.NotEmpty(t, effects)
		again.Seq = d.memory.Seq
		require.Equal(t, d.memory, again)
	})
}
