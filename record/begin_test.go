package record_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

const messages = "SELECT incident, destination, change FROM outbox ORDER BY id"

func TestTheFirstBeginningIsEmpty(t *testing.T) {
	s, err := store.Open(t.Context(), newPlace(t).path, "here", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	memory, probes, err := record.Begin(t.Context(), s, []store.Probe{watched("a"), watched("b")}, t0)
	require.NoError(t, err)
	require.Empty(t, memory.States)
	require.NotZero(t, probes[0].ID)
	require.NotEqual(t, probes[0].ID, probes[1].ID)
	require.Zero(t, record.LastSlot(memory))
	slot, result := record.Slots(memory, probes[0].ID)
	require.Zero(t, slot)
	require.Zero(t, result)
}

func TestAnIncidentGoesOnOverARestart(t *testing.T) {
	for name, end := range map[string]func(*place){"in good order": (*place).end, "after a kill": (*place).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t, watched("a"))
				p.begin(t0)
				p.down("a", 0)
				end(p)

				now := watched("b") // renamed
				now.Was = "a"
				p.probes = []store.Probe{now}
				p.begin(slot(1))
				require.NotNil(t, p.memory.States[p.id("b")].Open(probe.KindDown))
				last, result := record.Slots(p.memory, p.id("b"))
				require.Equal(t, []time.Time{slot(0), slot(0), slot(0)}, []time.Time{last, result, record.LastSlot(p.memory)})
				for n := range 3 {
					p.Record(resultOf(p, "b", n+1, good))
				}
				p.end()
				require.Equal(t, []string{"32768 ops opened", "32768 ops resolved"}, p.query(messages), "told once")
				require.Equal(t, []string{"recovered 1"}, p.query("SELECT phase, openings FROM incidents"))
			})
		})
	}
}

// stamp is an instant as the database has it.
func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// resultOf is a result of a probe at its n-th slot.
func resultOf(p *place, name string, n int, v probe.Verdict) probe.Result {
	return result(p.id(name), slot(n), v, 1)
}

func TestAnIncidentOfAProbeThatIsGoneIsWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"))
		p.begin(t0)
		p.down("a", 0)
		p.end()
		gone := p.id("a")

		p.probes = []store.Probe{watched("b")}
		p.begin(slot(5))
		require.Equal(t, []string{"closed " + stamp(slot(5))}, p.query("SELECT phase, closed_at FROM incidents"))
		require.Equal(t, []string{"32768 ops opened", "32768 ops withdrawn"}, p.query(messages))
		require.Empty(t, p.memory.States[gone].Problems)
		p.Record(result(gone, slot(5), broken, 3)) // of a run that was under way
		p.end()
		require.Len(t, p.query("SELECT id FROM incidents"), 1)

		p.probes = []store.Probe{watched("b"), watched("a")}
		p.begin(slot(10))
		require.Equal(t, gone, p.id("a"), "it comes back as itself")
		require.Len(t, p.query(messages), 2, "and nothing is told again")
		p.down("a", 10)
		p.end()
		require.Equal(t, []string{"32768 closed", "32769 open"}, p.query("SELECT id, phase FROM incidents ORDER BY id"))
	})
}

func TestAProbeThatReplacesAnotherDoesNotKeepItsIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"))
		p.begin(t0)
		p.down("a", 0)
		p.end()
		b := watched("b") // is known by its own name, so that the former one says nothing
		b.Was = "a"
		p.probes = []store.Probe{b}
		p.begin(slot(1))
		p.end()
		require.Equal(t, []string{"closed"}, p.query("SELECT phase FROM incidents"))
		require.Equal(t, []string{"32768 ops opened", "32768 ops withdrawn"}, p.query(messages))
	})
}

func TestAWithdrawalIsNotDatedBeforeTheIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.down("a", 9)
		p.end()
		p.probes = nil
		p.begin(slot(3)) // the clock went back
		p.end()
		require.Equal(t, []string{"closed " + stamp(slot(9))}, p.query("SELECT phase, closed_at FROM incidents"))
	})
}

func TestARecoveredIncidentOfAProbeThatIsGoneClosesInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.down("a", 0)
		for n := range 3 {
			p.Record(resultOf(p, "a", n+1, good))
		}
		p.end()
		p.probes = nil
		p.begin(slot(5))
		p.end()
		require.Equal(t, []string{"closed"}, p.query("SELECT phase FROM incidents"))
		require.Equal(t, []string{"32768 ops opened", "32768 ops resolved"}, p.query(messages))
	})
}

func TestARequestThatChangedHasYetToWork(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(p *store.Probe)
		want   string
	}{
		"the same request":       {func(*store.Probe) {}, "bad"},
		"another request":        {func(p *store.Probe) { p.RequestHash = "2" }, "excluded"},
		"the request is renamed": {func(p *store.Probe) { p.Was, p.Subject.Name = "a", "b" }, "bad"},
		"renamed and another":    {func(p *store.Probe) { p.Was, p.Subject.Name, p.RequestHash = "a", "b", "2" }, "excluded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t, watched("a"))
				p.begin(t0)
				p.Record(resultOf(p, "a", 0, good))
				p.end()
				now := watched("a")
				tc.change(&now)
				p.probes = []store.Probe{now}
				p.begin(slot(1))
				p.Record(resultOf(p, now.Name(), 1, missing))
				p.Record(resultOf(p, now.Name(), 2, good))
				p.Record(resultOf(p, now.Name(), 3, missing))
				p.Record(resultOf(p, now.Name(), 4, good))
				p.end()
				require.Equal(t, []string{tc.want, "bad"}, p.query("SELECT outcome FROM ledger ORDER BY id"))
			})
		})
	}
}

func TestRechecksThatWereDueAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"), watched("b"), watched("c"))
		p.begin(t0)
		p.Record(resultOf(p, "a", 0, broken))
		p.Record(resultOf(p, "b", 0, good))
		p.Record(resultOf(p, "c", 0, broken))
		p.committed()
		due := slot(0).Add(30 * time.Second)
		require.Equal(t, map[probe.ID]time.Time{p.id("a"): due, p.id("c"): due}, p.asked())
		p.kill()
		p.probes = []store.Probe{watched("a"), watched("b")}
		p.begin(slot(0).Add(10 * time.Second))
		synctest.Wait()
		require.Equal(t, map[probe.ID]time.Time{p.id("a"): due}, p.asked(), "but not those of probes that are gone")
		p.end()
	})
}

func TestTheSlotsOfASilenceAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("a"))
		p.begin(t0)
		p.Record(resultOf(p, "a", 0, good))
		p.end()
		p.begin(slot(60))
		p.Record(resultOf(p, "a", 60, good))
		p.end()
		require.Equal(t, []string{"unknown " + stamp(slot(1)) + " " + stamp(slot(59))}, p.query("SELECT outcome, first, last FROM ledger"))
	})
}

func TestADestinationThatIsNamedTwiceHearsOnce(t *testing.T) {
	p := watched("a")
	p.Subject.Routes = notify.Routes{Default: []string{"ops", "ops"}}
	synctest.Test(t, func(t *testing.T) {
		place := newPlace(t, p)
		place.begin(t0)
		place.down("a", 0)
		place.end()
		require.Equal(t, []string{"32768 ops opened"}, place.query(messages))
		require.Equal(t, []string{incident.FirstID.String() + ":ops:opened:" + stamp(slot(0))}, place.query("SELECT key FROM outbox"))
	})
}
