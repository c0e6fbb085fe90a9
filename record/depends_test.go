package record_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"sonde/store"
)

// behind is a probe that depends on others.
func behind(name string, parents ...string) store.Probe {
	p := watched(name)
	p.Subject.DependsOn = parents
	return p
}

const said = "SELECT json_extract(body, '$.Probe'), change FROM outbox ORDER BY id"

func TestWhatIsKeptBackIsKnownAfterARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gateway := watched("gateway")
				gateway.Subject.Group = "network"
				p := newPlace(t, gateway, behind("shop", "group:network"), behind("docs", "gateway"), watched("else"))
				p.begin(t0)
				for n := range 3 {
					for _, probe := range []string{"gateway", "shop", "docs", "else"} {
						p.Record(resultOf(p, probe, n, broken))
					}
				}
				p.committed()
				require.ElementsMatch(t, []string{"gateway opened", "else opened"}, p.query(said))
				require.Equal(t, []string{"depends_on", "depends_on"}, p.query("SELECT json_extract(held, '$.Why') FROM incidents WHERE held IS NOT NULL"))
				require.Equal(t, []string{"2"}, p.query("SELECT json_extract(body, '$.Dependents.Total') FROM outbox WHERE json_extract(body, '$.Probe') = 'gateway'"))
				end(p)

				p.begin(slot(3))
				for n := range 4 {
					p.Record(resultOf(p, "gateway", n+3, good))
					p.Record(resultOf(p, "shop", n+3, broken))
					p.Record(resultOf(p, "docs", n+3, good))
				}
				p.committed()
				require.Equal(t, []string{"gateway resolved", "shop opened"}, p.query(said)[2:])
				require.Equal(t, []string{"depends_on gateway"}, p.query("SELECT json_extract(body, '$.Held.Why'), json_extract(body, '$.Held.By') FROM outbox WHERE json_extract(body, '$.Probe') = 'shop'"))
				p.end()
			})
		})
	}
}

func TestNobodyHearsThatWhatTheyNeverHeardOfIsNotWatchedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("gateway"), behind("shop", "gateway"))
		p.begin(t0)
		for n := range 3 {
			p.Record(resultOf(p, "gateway", n, broken))
			p.Record(resultOf(p, "shop", n, broken))
		}
		p.committed()
		p.end()
		p.probes = nil
		p.begin(slot(4))
		p.committed()
		p.end()
		require.Equal(t, []string{"gateway opened", "gateway withdrawn"}, p.query(said))
	})
}

func TestWhatNothingKeepsBackAnyMoreIsToldAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("gateway"), behind("shop", "gateway"))
		p.begin(t0)
		for n := range 3 {
			p.Record(resultOf(p, "gateway", n, broken))
			p.Record(resultOf(p, "shop", n, broken))
		}
		p.committed()
		p.end()
		p.probes[1] = watched("shop") // it does not depend on the gateway any more
		p.begin(slot(4))
		p.Record(resultOf(p, "shop", 4, broken))
		p.committed()
		p.end()
		require.Equal(t, []string{"gateway opened", "shop opened"}, p.query(said))
	})
}
