package store

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// packEntriesV1 packs results as the first release did.
func packEntriesV1(entries []Entry) []byte {
	p := packer{}
	p.byte(1)
	p.int(t0.UnixMilli())
	for i := range entries {
		e, in := &entries[i], &entries[i].Input
		p.uint(uint64(e.Probe))
		p.byte(byte(in.Kind)<<4 | byte(in.Run))
		p.after(in.At, t0)
		p.verdict(in.Verdict)
		if in.Kind == incident.Skipped {
			p.after(in.To, in.At)
			continue
		}
		p.byte(byte(shapeOf(in).flags & (flagCured | flagRecoverBy | flagPhases)))
		p.count(in.Attempts)
		p.duration(in.Elapsed)
		if !in.RecoverBy.IsZero() {
			p.time(in.RecoverBy)
		}
		if t := in.Timings; t != (probe.Timings{}) {
			for _, d := range []time.Duration{t.DNS, t.Connect, t.TLS, t.FirstByte, t.Transfer, t.Total} {
				p.duration(d)
			}
		}
	}
	return p.buf
}

// TestResultsAreGatheredAsTheyWere gathers segments, of which some are of the first release, in
// pieces, and compares with their entries.
func TestResultsAreGatheredAsTheyWere(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		c := &compactor{s: w.s, r: look(t, w.s.Path())}
		want := map[probe.ID][]incident.Input{}
		for seq := range int64(6) {
			for range 80 {
				w.step(w.entry(&w.probes[w.rnd.IntN(len(w.probes))]))
			}
			entries := w.batch.Entries
			w.commit(false)
			if seq%2 == 0 {
				old := packEntriesV1(entries)
				_, err := w.s.db.ExecContext(t.Context(), "UPDATE log SET packed = ? WHERE seq = (SELECT max(seq) FROM log)", old)
				require.NoError(t, err)
				entries, err = unpackEntries(old)
				require.NoError(t, err)
			}
			for _, e := range entries {
				if e.Input.Kind == incident.Ran {
					want[e.Probe] = append(want[e.Probe], inChunks(e.Input))
				}
			}
		}
		x := &span{last: 1 << 40}
		require.NoError(t, c.countResults(t.Context(), x))
		require.Empty(t, c.report.Damaged)
		for id, all := range want {
			results, err := c.gather(t.Context(), x, []probe.ID{id})
			require.NoError(t, err)
			require.Len(t, results[id], c.sizes[id], "the room that was counted is the room that it took")
			x.results -= int64(len(all))
			var got []incident.Input
			for _, p := range c.unpack(results[id]) {
				got = append(got, p.input(&c.bare[p.shape]))
			}
			require.Equal(t, all, got)
		}
		require.Zero(t, x.results)
	})
}

// inChunks is what chunks keep of a result.
func inChunks(in incident.Input) incident.Input {
	s := shapeOf(&in).bare()
	p := point{at: in.At.UnixMilli(), phases: phasesOf(&in)}
	return p.input(&s)
}

func TestProbesAreGatheredInGroupsThatFit(t *testing.T) {
	const most = gatherAtOnce
	for name, tc := range map[string]struct {
		sizes map[probe.ID]int
		want  [][]probe.ID
	}{
		"nothing":                             {nil, nil},
		"all that fit, at once":               {map[probe.ID]int{3: 1, 1: most - 2, 2: 1}, [][]probe.ID{{1, 2, 3}}},
		"one that is too large, alone":        {map[probe.ID]int{1: 1, 2: most + 1, 3: 1}, [][]probe.ID{{1}, {2}, {3}}},
		"what does not fit any more is later": {map[probe.ID]int{1: most / 2, 2: most / 2, 3: 2, 4: 3}, [][]probe.ID{{1, 2}, {3, 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, slices.Collect((&gatherer{sizes: tc.sizes}).groups()))
		})
	}
}
