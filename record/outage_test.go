package record_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
	"sonde/store"
)

// grouped are probes of a group that is promised something, each heard of at its own destination.
func grouped(t *testing.T, combine slo.Combine, destinations ...string) (all []store.Probe) {
	o, err := slo.ParseObjective("99.9% over 30d")
	require.NoError(t, err)
	for i, destination := range destinations {
		p := watched(string(rune('a' + i)))
		p.Subject.Group, p.Subject.Routes = "payments", notify.Routes{Default: []string{destination}}
		p.Pledge = store.Pledge{Combine: combine, Objectives: []slo.Objective{o}, Alerts: incident.BudgetRules{Fast: true, Slow: true}}
		p.Policy.DownAfter = 90 * time.Second
		all = append(all, p)
	}
	return all
}

// A group whose budget burns because a member is down, as people know, is not told once more.
func TestABudgetThatBurnsByAnOutageOfAMemberIsNotToldBesides(t *testing.T) {
	quarter := func(n int) bool { return n%4 == 0 }
	for name, tc := range map[string]struct {
		combine      slo.Combine
		destinations []string
		bad          map[string]func(n int) bool // whether the nth slot of a probe is
		atOnce       bool                        // the group is told of while it goes on
	}{
		"one member is down":                            {slo.Sum, []string{"ops", "ops", "ops"}, map[string]func(int) bool{"a": nil}, false},
		"one is down, and the group is as its worst is": {slo.Worst, []string{"ops", "ops"}, map[string]func(int) bool{"a": nil}, false},
		"two are":                             {slo.Sum, []string{"ops", "ops", "ops"}, map[string]func(int) bool{"a": nil, "b": nil}, false},
		"another one fails now and then, too": {slo.Sum, []string{"ops", "ops", "ops"}, map[string]func(int) bool{"a": nil, "b": quarter}, true},
		"none is down, but all fail at times": {slo.Sum, []string{"ops", "ops"}, map[string]func(int) bool{"a": quarter, "b": quarter}, true},
		"somebody else hears of the group":    {slo.Sum, []string{"one", "two"}, map[string]func(int) bool{"a": nil}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t, grouped(t, tc.combine, tc.destinations...)...)
				p.begin(t0)
				play := func(from, until int, bad map[string]func(int) bool) {
					for n := from; n < until; n++ {
						for _, x := range p.probes {
							v := good
							if when, listed := bad[x.Name()]; listed && (when == nil || when(n)) {
								v = broken
							}
							p.Record(result(x.ID, slot(n), v, 1))
							synctest.Wait()
						}
						time.Sleep(time.Second)
					}
					p.committed()
				}
				heard := func() []string {
					return slices.DeleteFunc(p.query("SELECT i.kind || ' ' || o.change FROM outbox o JOIN incidents i ON i.id = o.incident WHERE i.probe < 0 ORDER BY o.id"), func(s string) bool { return s == "" })
				}
				play(0, 10, nil)
				play(10, 60, tc.bad)
				require.NotEmpty(t, p.query("SELECT id FROM incidents WHERE probe < 0 AND kind = 'budget_fast' AND phase = 'open'"), "it burns")
				if tc.atOnce {
					require.Contains(t, heard(), probe.KindBudgetFast.String()+" opened")
					p.end()
					return
				}
				require.Empty(t, heard(), "people know")
				p.end()
				p.begin(slot(60))
				play(60, 66, nil)
				require.Contains(t, heard(), probe.KindBudgetFast.String()+" opened", "once it is over, what has become of the budget is news")
				p.end()
			})
		})
	}
}
