package record_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
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

// journal is a log that notes what became durable.
type journal struct {
	record.Log
	batches *[]store.Batch
}

func (j journal) Commit(ctx context.Context, b *store.Batch) error {
	err := j.Log.Commit(ctx, b)
	if err == nil {
		*j.batches = append(*j.batches, store.Batch{Seq: b.Seq, Entries: slices.Clone(b.Entries), Commands: slices.Clone(b.Commands)})
	}
	return err
}

// retold is who would be told of what, if the log were stepped anew, with each command where it
// came in force.
func (p *place) retold(batches []store.Batch) (lines []string, states map[probe.ID]*incident.State) {
	p.t.Helper()
	commands := map[string]incident.Command{}
	for _, b := range batches {
		for _, c := range b.Commands {
			commands[strconv.FormatInt(int64(c.ID), 10)] = c
		}
	}
	type spot struct {
		seq     int64
		entries int
	}
	orders := map[spot][]incident.Command{}
	since := map[spot]time.Time{}
	for _, row := range p.query("SELECT id, behind, place, since FROM commands WHERE behind IS NOT NULL ORDER BY id") {
		f := strings.Fields(row)
		behind, _ := strconv.ParseInt(f[1], 10, 64)
		entries, _ := strconv.Atoi(f[2])
		ms, _ := strconv.ParseInt(f[3], 10, 64)
		at := spot{behind, entries}
		orders[at], since[at] = append(orders[at], commands[f[0]]), time.UnixMilli(ms).UTC()
	}
	memory := store.NewMemory()
	memory.IDs.Next = incident.FirstID
	teller := record.NewTeller(p.probes, memory.States, nil)
	told := func(id incident.ID, at time.Time, names []string) {
		for _, name := range names {
			lines = append(lines, fmt.Sprintf("%s %s %d", id, name, at.UnixMilli()))
		}
	}
	enforce := func(at spot) {
		if len(orders[at]) == 0 {
			return
		}
		teller.Expire(since[at], told)
		for _, c := range orders[at] {
			teller.Order(c)
		}
		teller.Release(0, since[at], told)
	}
	policies := map[probe.ID]*incident.Policy{}
	for i := range p.probes {
		policies[p.probes[i].ID] = p.probes[i].Policy
	}
	circles := store.Circles(p.probes)
	last := int64(0)
	for _, b := range batches {
		if len(b.Entries) == 0 {
			continue
		}
		for n := range b.Entries {
			enforce(spot{b.Seq - 1, n})
			e := b.Entries[n]
			teller.Expire(e.Input.Until(), told)
			fx := incident.Effects{}
			if e.Probe != 0 {
				fx = memory.Step(policies[e.Probe], &e)
			}
			var about []probe.ID
			for _, f := range memory.Correlate(circles, &e, &fx) {
				for _, t := range f.Transitions {
					teller.Hear(f.Circle.ID, t, told)
				}
				about = append(about, f.Circle.ID)
			}
			for _, t := range fx.Transitions {
				teller.Hear(e.Probe, t, told)
			}
			if e.Probe != 0 {
				about = append(about, e.Probe)
			}
			for _, id := range about {
				teller.Release(id, e.Input.Until(), told)
			}
		}
		last = b.Seq
	}
	enforce(spot{last, 0})
	return lines, memory.States
}

func TestTheLogWithItsCommandsSaysWhatWasTold(t *testing.T) {
	kinds := 0
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 3))
				gateway := watched("gateway")
				probes := []store.Probe{gateway, behind("shop", "gateway"), behind("docs", "gateway"), watched("else")}
				for i := range probes {
					policy := *probes[i].Policy
					policy.Rules, policy.RemindEvery = incident.UsualRules(), 10*time.Minute
					probes[i].Policy = &policy
					probes[i].Subject.Routes = notify.Routes{Default: []string{"ops"}, ByKind: map[probe.Kind][]string{probe.KindDegraded: {"team"}}}
				}
				p := newPlace(t, probes...)
				var batches []store.Batch
				p.log = func(s *store.Store) record.Log { return journal{s, &batches} }
				time.Sleep(time.Until(t0)) // commands go by the wall clock
				p.begin(t0)
				names := []string{"gateway", "shop", "docs", "else"}
				mood := map[string]int{}
				key := 0
				for n := range 150 {
					time.Sleep(time.Until(slot(n).Add(time.Second)))
					for _, name := range names {
						if rnd.IntN(30) == 0 {
							mood[name] = []int{0, 0, 40, 100}[rnd.IntN(4)]
						}
						v := good
						if rnd.IntN(100) < mood[name] {
							v = broken
						}
						p.Record(resultOf(p, name, n, v))
						if rnd.IntN(3) == 0 {
							time.Sleep(time.Duration(rnd.IntN(400)+1) * time.Millisecond)
						}
						if rnd.IntN(15) == 0 {
							key++
							p.disturb(rnd, key)
						}
					}
					time.Sleep(time.Until(slot(n).Add(20 * time.Second)))
					p.Idle(time.Now())
					if rnd.IntN(60) == 0 {
						if rnd.IntN(2) == 0 {
							p.committed()
							p.end()
						} else {
							p.kill() // what is not durable is lost, and so is what would have been told of it
						}
						time.Sleep(time.Until(slot(n).Add(30 * time.Second)))
						p.begin(time.Now())
					}
				}
				p.committed()
				p.end()
				want := p.query("SELECT incident, destination, created_at FROM outbox WHERE coalesce(json_extract(body, '$.Quiet'), 0) = 0 ORDER BY id")
				for i, line := range want {
					f := strings.Fields(line)
					id, _ := strconv.ParseInt(f[0], 10, 64)
					want[i] = fmt.Sprintf("%s %s %s", incident.ID(id), f[1], f[2])
				}
				got, states := p.retold(batches)
				require.Equal(t, want, got)
				require.Greater(t, len(got), 10)
				require.Contains(t, p.query("SELECT count(behind) > 5 FROM commands"), "1")
				kinds += len(got)
				final := map[probe.ID]*incident.State{}
				maps.Copy(final, p.memory.States)
				require.Equal(t, final, states)
			})
		})
	}
	require.Greater(t, kinds, 60)
}

// disturb has somebody ask for something.
func (p *place) disturb(rnd *rand.Rand, key int) {
	now := time.Now()
	c := incident.Command{Key: fmt.Sprint("order ", key), By: "kim"}
	switch rnd.IntN(4) {
	case 0:
		c.Kind, c.From, c.Until = incident.Silence, now, now.Add(time.Duration(rnd.IntN(3600))*time.Second)
		c.Scope = incident.Scope{Names: []string{[]string{"gateway", "shop", "docs", "else"}[rnd.IntN(4)]}}
	case 1:
		c.Kind, c.Of = incident.End, incident.CommandID(1+rnd.IntN(key))
	default:
		c.Kind, c.Incident = incident.Acknowledge, incident.FirstID+incident.ID(rnd.IntN(12))
	}
	_, _ = p.Order(p.t.Context(), c) // which may not be obeyed: that is told by the test of orders
}
