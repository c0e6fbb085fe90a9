package store

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// configure makes probes of these names the configuration, and returns their ids.
func configure(t *testing.T, s *Store, at time.Time, probes ...Probe) map[string]probe.ID {
	t.Helper()
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Revise(t.Context(), &Revision{At: at, Probes: probes, Memory: memory}))
	ids := map[string]probe.ID{}
	for i := range probes {
		require.NotZero(t, probes[i].ID)
		ids[probes[i].Name()] = probes[i].ID
	}
	return ids
}

func renamed(name, was string) Probe {
	p := watched(name, time.Minute)
	p.Was = was
	return p
}

func TestAProbeKeepsItsID(t *testing.T) {
	s := open(t, newPath(t))
	first := configure(t, s, t0, watched("a", time.Minute), watched("b", time.Minute))
	require.NotEqual(t, first["a"], first["b"])
	require.NoError(t, s.Commit(t.Context(), outage(first["a"], 1)))

	second := configure(t, s, t0.Add(time.Hour), watched("b", time.Minute), renamed("c", "a"))
	require.Equal(t, first["a"], second["c"], "over a rename")
	require.Equal(t, first["b"], second["b"], "over a change of order")

	third := configure(t, s, t0.Add(2*time.Hour), renamed("c", "a"), watched("a", time.Minute))
	require.Equal(t, first["a"], third["c"], "with was left in the file")
	require.NotContains(t, []probe.ID{first["a"], first["b"]}, third["a"], "the old name is free for another")

	known, _, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"c", "b", "a"}, names(known))
	require.Equal(t, []time.Time{{}, t0.Add(2 * time.Hour), {}}, []time.Time{known[0].RetiredAt, known[1].RetiredAt, known[2].RetiredAt})

	configure(t, s, t0.Add(3*time.Hour), renamed("c", "a"))
	known, _, err = s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, t0.Add(2*time.Hour), known[1].RetiredAt, "who is retired already was so from then on")

	fourth := configure(t, s, t0.Add(4*time.Hour), watched("b", time.Minute))
	require.Equal(t, first["b"], fourth["b"], "over a retirement and a return")
	known, _, err = s.Load(t.Context())
	require.NoError(t, err)
	require.Zero(t, known[1].RetiredAt)
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM ledger WHERE probe = ?", first["a"]), "nothing of a retired probe is forgotten")
}

func names(probes []Probe) (all []string) {
	for i := range probes {
		all = append(all, probes[i].Name())
	}
	return all
}

func TestWhatIsKeptAboutAProbeComesBackWhole(t *testing.T) {
	s := open(t, newPath(t))
	p := watched("a", time.Minute)
	p.Was = "before"
	p.Policy.Count4xx = probe.CountAlways
	p.Subject.Group, p.Subject.Runbook, p.Subject.Labels = "g", "https://r.example.com", map[string]string{"team": "payments", "이름": "값"}
	p.Subject.Routes = notify.Routes{Default: []string{"ops", "backup"}, ByKind: map[probe.Kind][]string{probe.KindAuthFailed: {"security"}, probe.KindRateLimited: nil}}
	p.Subject.Unverified = true
	configure(t, s, t0, p, watched("verified", time.Minute))
	p.ID = 1
	known, _, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, p, known[0])
	require.False(t, known[1].Subject.Unverified)
}

func TestARevisionIsAllOrNothing(t *testing.T) {
	s := open(t, newPath(t))
	ids := configure(t, s, t0, watched("a", time.Minute))
	bad := outage(99, 1)
	r := &Revision{At: t0, Probes: []Probe{watched("b", time.Minute)}, Memory: &Memory{}, Effects: bad.Effects, Messages: bad.Messages}
	require.ErrorContains(t, s.Revise(t.Context(), r), "constraint failed")
	known, _, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, names(known))
	require.Zero(t, known[0].RetiredAt)
	require.Zero(t, count(t, s, "SELECT count(*) FROM outbox"))

	good := outage(ids["a"], 1)
	r.Effects, r.Messages = good.Effects, good.Messages
	require.NoError(t, s.Revise(t.Context(), r))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM outbox"))
	require.Equal(t, 1, count(t, s, "SELECT count(*) FROM incidents"))
}

func TestTwoProbesCannotBeOne(t *testing.T) {
	s := open(t, newPath(t))
	before := configure(t, s, t0, watched("a", time.Minute))
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	r := &Revision{At: t0, Probes: []Probe{watched("a", time.Minute), renamed("b", "a")}, Memory: memory}
	require.ErrorContains(t, s.Revise(t.Context(), r), `register probe "b": it would have the history of another configured probe`)
	known, _, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, before["a"], known[slices.IndexFunc(known, func(p Probe) bool { return p.Name() == "a" })].ID)
}

func TestStatesGoOnUnderTheNewPolicies(t *testing.T) {
	s, id := configured(t)
	_, memory, err := s.Load(t.Context())
	require.NoError(t, err)
	in := incident.Input{At: t0, Verdict: judge(probe.OK, 200), Attempts: 1}
	p := watched("a", time.Minute)
	fx := incident.Step(p.Policy, memory.State(id), &in, &memory.IDs)
	memory.Seq++
	require.NoError(t, s.Commit(t.Context(), &Batch{Seq: memory.Seq, At: t0, Entries: []Entry{{Probe: id, Input: in}}, Effects: []Effect{{id, fx}}}))
	memory.State(id).Rewrite()
	require.NoError(t, s.Revise(t.Context(), &Revision{At: t0, Probes: []Probe{p}, Memory: memory}))
	_, after, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, memory, after, "what the revision changed in the states is not undone by a replay")
	require.False(t, after.States[id].Worked)
}

func TestAChangeWritesTheRowsOfThoseProbesThatItChanges(t *testing.T) {
	s := open(t, newPath(t))
	first := configure(t, s, t0, watched("same", time.Minute), watched("slower", time.Minute), watched("gone", time.Minute), watched("before", time.Minute))
	written := func() map[probe.ID]string {
		all := map[probe.ID]string{}
		_, err := eachRow(t.Context(), s.db, "SELECT id, spec FROM probes WHERE id > 0", nil, func(rows *sql.Rows) error {
			var id probe.ID
			var spec string
			err := rows.Scan(&id, &spec)
			all[id] = spec
			return err
		})
		require.NoError(t, err)
		return all
	}
	_, err := s.db.ExecContext(t.Context(), "UPDATE probes SET spec = spec || ' '")
	require.NoError(t, err)
	marked := written()

	second := configure(t, s, t0.Add(time.Hour), watched("same", time.Minute), watched("slower", time.Hour), renamed("behind", "before"), watched("new", time.Minute))
	now := written()
	require.Equal(t, marked[first["same"]], now[first["same"]], "as it was")
	for _, name := range []string{"slower", "behind", "new"} {
		require.False(t, strings.HasSuffix(now[second[name]], " "), "%s is written anew", name)
	}
	require.Contains(t, now[second["behind"]], `"Was":"before"`)

	configure(t, s, t0.Add(2*time.Hour), watched("same", time.Minute), watched("gone", time.Hour))
	require.Contains(t, written()[first["gone"]], `"Interval":3600000000000`, "who comes back is written, whatever was said of it when it went")
}
