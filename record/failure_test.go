package record_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
)

var errFull = errors.New("database or disk is full")

const ringSize = 10_000

func TestAFailedCommitIsTriedAgainAndLosesNothing(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		d.Record(result(1, slot(0), broken, 3))
		for n := range 10 {
			d.Record(result(2, slot(n), good, 1))
			time.Sleep(time.Second)
		}
		require.Equal(t, []time.Duration{25 * ms, 125 * ms, 325 * ms, 725 * ms, 1525 * ms, 3125 * ms, 6325 * ms}, d.disk.times())
		require.EqualValues(t, 7, d.Stats().Failures)
		require.EqualValues(t, 11, d.Stats().Waiting)
		require.Empty(t, d.heard(), "what is not durable is not told")
		require.Zero(t, d.shown())
		d.disk.breaks(nil)
		time.Sleep(10 * time.Second)

		for _, c := range d.disk.tried()[:8] {
			require.EqualValues(t, 1, c.seq, "under the same key")
			require.Equal(t, d.disk.tried()[0].batch.Entries, c.batch.Entries)
		}
		batches := d.disk.durable()
		require.Len(t, batches, 2)
		require.EqualValues(t, 2, batches[1].Seq)
		require.Len(t, d.disk.entries(), 11)
		require.Len(t, batches[0].Messages, 1)
		require.Empty(t, batches[1].Messages)
		require.Equal(t, []string{"ops"}, d.heard(), "once")
		require.Equal(t, 11, d.shown())
		d.end(t)
		require.NotNil(t, d.memory.States[1].Open(probe.KindDown), "states were never rolled back")
		require.Equal(t, slot(9), d.memory.States[2].Last.At)
		require.EqualValues(t, 11, d.Stats().Recorded)
		require.Zero(t, d.Stats().Lost)
	})
}

func TestRetriesAreAtMostFiveSecondsApart(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(time.Hour)
		times := d.disk.times()
		for i := 7; i < len(times); i++ {
			require.Equal(t, 5*time.Second, times[i]-times[i-1])
		}
		d.disk.breaks(nil)
		d.end(t)
		require.Len(t, d.disk.entries(), 1)
	})
}

func TestWhenTheRingIsFullSlotsAreUnknownAndNeverDown(t *testing.T) {
	const probes, rounds = 100, 105 // 10,500 results
	atDesk(t, probes, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		for n := range rounds {
			v := good
			if n >= 100 {
				v = broken // nobody can know any more
			}
			for id := range probe.ID(probes) {
				d.Record(result(id+1, slot(n), v, 3))
			}
		}
		synctest.Wait()
		require.EqualValues(t, probes*rounds-ringSize, d.Stats().Lost)
		require.EqualValues(t, ringSize, d.Stats().Waiting)
		d.Skip(7, slot(rounds), slot(rounds+2), probe.ProberOverload)
		again := result(8, slot(rounds-1).Add(time.Second), broken, 1)
		again.Run = probe.Recheck
		d.Record(again) // has no slot
		d.disk.breaks(nil)
		time.Sleep(time.Minute)
		require.Zero(t, d.Stats().Waiting)

		missed := map[probe.ID]incident.Input{}
		for _, e := range d.disk.entries()[ringSize:] {
			require.NotContains(t, missed, e.Probe)
			missed[e.Probe] = e.Input
		}
		require.Len(t, missed, probes, "all slots come out as soon as there is room")
		for id, in := range missed {
			to := slot(rounds - 1)
			if id == 7 {
				to = slot(rounds + 2)
			}
			require.Equal(t, incident.Input{Kind: incident.Skipped, At: slot(100), To: to, Verdict: probe.Miss(probe.ProberStorage)}, in)
		}
		d.Record(result(1, slot(rounds), good, 1))
		d.end(t)
		require.Empty(t, d.heard())
		for id, s := range d.memory.States {
			require.Empty(t, s.Problems)
			if id == 1 {
				require.Zero(t, s.Account.Run, "and then it goes on")
				continue
			}
			require.Equal(t, probe.Unknown, s.Account.Run.Outcome)
			require.Equal(t, probe.ProberStorage, s.Account.Run.Reason)
		}
	})
}

func TestMoreProbesThanTheRingHoldsAreMadeUpForInTurns(t *testing.T) {
	const probes = ringSize + 2000
	atDesk(t, probes, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		for id := range probe.ID(probes) {
			d.Record(result(id+1, slot(0), good, 1))
		}
		for id := range probe.ID(probes) {
			d.Record(result(id+1, slot(1), good, 1))
		}
		synctest.Wait()
		require.EqualValues(t, ringSize, d.Stats().Waiting)
		d.disk.breaks(nil)
		time.Sleep(time.Minute)
		d.Record(result(probes, slot(2), good, 1))
		d.end(t)
		require.Len(t, d.disk.entries(), ringSize+probes+1)
		require.Len(t, d.memory.States, probes)
		for id, s := range d.memory.States {
			if id != probes {
				require.Equal(t, slot(1), s.Account.Grid.Last)
			}
		}
	})
}

func TestLostSlotsAreMadeUpForBeforeTheRecorderStops(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		for n := range ringSize + 10 {
			d.Record(result(1, slot(n), good, 1))
		}
		synctest.Wait()
		go func() {
			time.Sleep(3 * time.Second)
			d.disk.breaks(nil)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, d.Stop(ctx))
		last := d.disk.entries()[ringSize]
		require.Equal(t, []time.Time{slot(ringSize), slot(ringSize + 9)}, []time.Time{last.Input.At, last.Input.To})
		require.Equal(t, slot(ringSize+9), d.memory.States[1].Account.Grid.Last)
	})
}

func TestWhatSaysNothingNewIsDropped(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), good, 1))
		d.Record(result(1, slot(1), good, 1))
		d.Record(result(1, slot(1), broken, 3)) // again
		d.Record(result(1, slot(0), broken, 3)) // late
		d.Skip(1, slot(0), slot(1), probe.ProberOverload)
		d.Skip(99, slot(0), slot(5), probe.ProberOverload) // nobody knows it
		d.Record(result(99, slot(0), broken, 3))
		d.end(t)
		require.Len(t, d.disk.entries(), 2)
		require.EqualValues(t, 3, d.Stats().Stale)
		require.EqualValues(t, 2, d.Stats().Recorded)
		require.NotContains(t, d.memory.States, probe.ID(99))
		require.Equal(t, good, d.memory.States[1].Last.Verdict)
	})
}

func TestAMissingPageCountsOnceTheRequestHasWorked(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		for n, v := range []probe.Verdict{missing, good, missing} {
			d.Record(result(1, slot(n), v, 1))
		}
		d.end(t)
		var outcomes []probe.Outcome
		for _, e := range d.disk.entries() {
			outcomes = append(outcomes, e.Input.Verdict.Outcome)
		}
		require.Equal(t, []probe.Outcome{probe.Excluded, probe.Good, probe.Bad}, outcomes)
	})
}

func TestAManualRunIsKeptAndMovesNothing(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), good, 1))
		manual := result(1, slot(0).Add(time.Second), broken, 3)
		manual.Run = probe.Manual
		d.Record(manual)
		d.end(t)
		require.Len(t, d.disk.entries(), 2)
		require.Equal(t, good, d.memory.States[1].Last.Verdict)
		require.Empty(t, d.heard())
	})
}

func TestWhatIsToldFirstIsAPossibleRepeatWhileThereIsDoubt(t *testing.T) {
	for name, tc := range map[string]struct {
		doubt time.Duration
		want  []bool
	}{
		"without doubt":                {0, []bool{false, false}},
		"the first message of a probe": {time.Hour, []bool{true, false}},
		"not for ever":                 {time.Second, []bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			atDeskWith(t, 1, func(o *record.Options) { o.DoubtUntil = time.Now().Add(tc.doubt) }, func(t *testing.T, d *desk) {
				time.Sleep(10 * time.Second)
				d.Record(result(1, slot(0), broken, 3))
				for n := range 5 {
					d.Record(result(1, slot(n+1), good, 1))
				}
				d.end(t)
				var repeats []bool
				for _, b := range d.disk.durable() {
					for _, m := range b.Messages {
						repeats = append(repeats, m.Repeat)
					}
				}
				require.Equal(t, tc.want, repeats)
			})
		})
	}
}
