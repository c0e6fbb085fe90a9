package store

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/slo"
)

// A look at the 90-day objectives of a thousand probes at 60 s: some failures of each in a month,
// one slow answer of a hundred, and groups of ten.
func BenchmarkNinetyDays(b *testing.B) {
	for _, bench := range []struct {
		name    string
		own     []string
		pledge  []string
		combine slo.Combine
	}{
		{name: "availability", own: []string{"99.9% over 90d"}},
		{name: "latency", own: []string{"99.9% over 90d", "latency 500ms for 98% over 90d"}},
		{name: "sum", own: []string{"99.9% over 90d"}, pledge: []string{"99.9% over 90d"}, combine: slo.Sum},
		{name: "worst", own: []string{"99.9% over 90d"}, pledge: []string{"99% over 90d"}, combine: slo.Worst},
		{name: "all", own: []string{"99.9% over 90d", "latency 500ms for 98% over 90d"}, pledge: []string{"99% over 90d", "latency 500ms for 90% over 90d"}, combine: slo.Worst},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s, now := ninetyDays(b, bench.own, Pledge{Combine: bench.combine, Objectives: promised(b, bench.pledge)})
			b.Run("anew", func(b *testing.B) {
				measured(b, func() {
					r, err := OpenReader(b.Context(), s.Path())
					require.NoError(b, err)
					lookAtPromises(b, r, now)
					require.NoError(b, r.Close())
				})
			})
			b.Run("again", func(b *testing.B) {
				r, err := OpenReader(b.Context(), s.Path())
				require.NoError(b, err)
				lookAtPromises(b, r, now)
				measured(b, func() { lookAtPromises(b, r, now) })
				require.NoError(b, r.Close())
			})
		})
	}
}

func promised(b *testing.B, written []string) (all []slo.Objective) {
	for _, s := range written {
		o, err := slo.ParseObjective(s)
		require.NoError(b, err)
		all = append(all, o)
	}
	return all
}

// lookAtPromises takes a snapshot and sums up what every promise is about.
func lookAtPromises(b *testing.B, r *Reader, now time.Time) {
	snapshot, err := r.Snapshot(b.Context(), now)
	require.NoError(b, err)
	windows := func(o slo.Objective, t interface {
		Tally(after, until time.Time) slo.Tally
	}) {
		for _, after := range []time.Time{o.Window.Span(now).After, now.Add(-time.Hour), now.Add(-6 * time.Hour), now.Add(-3 * day)} {
			if t.Tally(after, now) == (slo.Tally{}) {
				b.Fatal("nothing is known")
			}
		}
	}
	for i := range snapshot.Probes {
		p := &snapshot.Probes[i]
		for j, o := range p.Objectives {
			if o.Kind == slo.Latency {
				windows(o, p.Latencies[j])
			} else {
				windows(o, &p.Ledger)
			}
		}
	}
	for i := range snapshot.Groups {
		g := &snapshot.Groups[i]
		for j, o := range g.Objectives {
			if o.Kind == slo.Latency {
				windows(o, g.Latencies[j])
			} else {
				windows(o, &g.Ledger)
			}
		}
	}
}

// ninetyDays is a database of a thousand probes with 90 days behind them, summed up.
func ninetyDays(b *testing.B, own []string, pledge Pledge) (*Store, time.Time) {
	const probes, days = 1000, 91
	rnd := rand.New(rand.NewPCG(9, 0))
	s := open(b, newPath(b))
	memory := NewMemory()
	known := make([]Probe, probes)
	for i := range known {
		p := watched(fmt.Sprintf("probe-%d", i), time.Minute)
		p.Objectives = promised(b, own)
		policy := *p.Policy
		policy.Budgets = nil
		policy.Thresholds, _ = incident.NewThresholds(append(promised(b, own), pledge.Objectives...))
		p.Policy = &policy
		if len(pledge.Objectives) > 0 {
			p.Pledge, p.Subject.Group = pledge, fmt.Sprintf("group-%d", i/10)
		}
		known[i] = p
	}
	require.NoError(b, s.Revise(b.Context(), &Revision{At: t0, Memory: memory, Probes: known}))
	first := t0.Truncate(day).Add(-days * day)
	for i, p := range known {
		state := memory.State(p.ID)
		grid := slo.Stretch{First: first.Add(time.Duration(i) * 60 * time.Millisecond), Step: time.Minute}
		grid.Last = grid.First.Add(t0.Sub(grid.First) / time.Minute * time.Minute)
		state.Account.Grid = grid
		state.Last = incident.Last{At: grid.Last, Verdict: answers[0]}
		for _, threshold := range p.Policy.Thresholds {
			if threshold > 0 {
				state.Lags = append(state.Lags, incident.Lag{Since: grid.First, Run: incident.Slow{Threshold: threshold}})
			}
		}
	}
	require.NoError(b, s.Revise(b.Context(), &Revision{At: t0, Memory: memory, Probes: known}))
	require.NoError(b, s.change(b.Context(), func(tx *sql.Tx) error {
		rows := repeat(tx)
		for d := range days {
			for _, p := range known {
				at := memory.State(p.ID).Account.Grid.First.Add(time.Duration(d) * day)
				if rnd.IntN(2) == 0 {
					bad := at.Add(time.Duration(rnd.IntN(1440)) * time.Minute).UnixMilli()
					err := rows.exec(b.Context(), "INSERT INTO ledger(probe, location, first, last, step, outcome, reason) VALUES (?, 1, ?, ?, 60000, 'bad', 'server_error')", p.ID, bad, bad)
					if err != nil {
						return err
					}
				}
				for range 14 {
					if p.Policy.Thresholds == (incident.Thresholds{}) {
						break
					}
					slow := at.Add(time.Duration(rnd.IntN(1440)) * time.Minute).UnixMilli()
					err := rows.exec(b.Context(), "INSERT INTO slow(probe, location, threshold, first, last, step, failed) VALUES (?, 1, 500, ?, ?, 60000, 0)", p.ID, slow, slow)
					if err != nil {
						return err
					}
				}
			}
		}
		return nil
	}))
	for range 6 {
		_, err := s.Compact(b.Context(), t0)
		require.NoError(b, err)
	}
	require.Equal(b, days, countDays(b, s))
	return s, t0
}
