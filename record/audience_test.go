package record_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

func TestWhoHeardOfAnOpeningIsKnownAfterARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shop := watched("shop")
				shop.Policy.Rules = incident.UsualRules()
				shop.Subject.Routes = notify.Routes{Default: []string{"ops"}, ByKind: map[probe.Kind][]string{probe.KindDegraded: {"team"}}}
				p := newPlace(t, shop)
				p.begin(t0)
				for n, v := range []probe.Verdict{broken, good, broken, good, broken, good, broken, broken, broken} {
					p.Record(resultOf(p, "shop", n, v))
				}
				p.committed()
				require.Equal(t, []string{"team opened", "ops risen", "team risen"}, p.query("SELECT destination, change FROM outbox ORDER BY id"))
				require.Equal(t, []string{`["team","ops"]`}, p.query("SELECT told FROM incidents"))
				end(p)

				p.probes[0].Subject.Routes = notify.Routes{Default: []string{"ops"}} // nobody else is to hear of it
				p.begin(slot(9))
				for n := range 95 {
					p.Record(resultOf(p, "shop", 9+n, good))
				}
				p.committed()
				require.Contains(t, p.query("SELECT destination, change FROM outbox ORDER BY id"), "team resolved")
				require.Equal(t, []string{"[]"}, p.query("SELECT told FROM incidents"))
				p.end()
			})
		})
	}
}
