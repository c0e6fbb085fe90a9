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
)

const ms = time.Millisecond

func TestResultsWaitForAQuarterOfASecondAtTheMost(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(200 * ms)
		d.Record(result(2, slot(0), good, 1))
		d.Checkpoint() // does not make them wait for longer
		time.Sleep(100 * ms)
		require.Equal(t, []time.Duration{250 * ms}, d.disk.times())
		require.Len(t, d.disk.entries(), 2, "in one commit")
		require.NotNil(t, d.disk.durable()[0].Checkpoint)
		require.EqualValues(t, 1, d.disk.durable()[0].Seq)
		require.Equal(t, 2, d.shown())
		require.Empty(t, d.heard())
		d.end(t)
	})
}

func TestAThousandResultsDoNotWait(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		for n := range 1000 {
			d.Record(result(1, slot(n), good, 1))
		}
		synctest.Wait()
		require.Equal(t, []time.Duration{0}, d.disk.times())
		require.Len(t, d.disk.entries(), 1000)
		d.end(t)
	})
}

func TestTransitionsWaitForATenthOfThat(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(100 * ms)
		d.Record(result(2, slot(0), broken, 3))
		time.Sleep(20 * ms)
		d.Record(result(1, slot(1), good, 1)) // does not push it back
		time.Sleep(20 * ms)
		require.Equal(t, []time.Duration{125 * ms}, d.disk.times())
		b := d.disk.durable()[0]
		require.Len(t, b.Entries, 3, "what waited goes along")
		require.Len(t, b.Messages, 1)
		require.Equal(t, incident.Opened, b.Messages[0].Change)
		require.Equal(t, []string{"ops"}, d.heard())
		d.end(t)
	})
}

func TestATransitionDoesNotWaitWhenItsResultIsTheFirst(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), broken, 3))
		time.Sleep(25 * ms)
		synctest.Wait()
		require.Equal(t, []time.Duration{25 * ms}, d.disk.times())
		d.end(t)
	})
}

func TestWhatComesDuringACommitWaitsForItsEnd(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.disk.takes = 2 * time.Second
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(time.Second)
		d.Record(result(2, slot(0), good, 1))
		time.Sleep(1200 * ms)
		d.Record(result(1, slot(1), good, 1))
		time.Sleep(3 * time.Second)
		// The first from 0.25 to 2.25 s; the others have waited for long enough by then.
		require.Equal(t, []time.Duration{2250 * ms, 4250 * ms}, d.disk.times())
		require.Len(t, d.disk.durable()[1].Entries, 2)
		d.end(t)
	})
}

func TestAYoungResultWaitsAfterACommitOnlyWhatIsLeft(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.disk.takes = 100 * ms
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(300 * ms) // the commit goes from 250 to 350
		d.Record(result(2, slot(0), good, 1))
		time.Sleep(time.Second)
		require.Equal(t, []time.Duration{350 * ms, 650 * ms}, d.disk.times(), "begun 250 ms after it came")
		d.end(t)
	})
}

func TestStopCommitsWhatWasTakenWithACheckpoint(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		for n := range 100 {
			d.Record(result(1, slot(n), good, 1))
		}
		d.end(t)
		require.Len(t, d.disk.entries(), 100)
		batches := d.disk.durable()
		require.NotNil(t, batches[len(batches)-1].Checkpoint)
		require.EqualValues(t, 100, d.Stats().Recorded)
		require.Zero(t, d.Stats().Waiting)
		require.Equal(t, slot(99), d.memory.States[1].Last.At)
		require.ErrorContains(t, d.Alive(t.Context()), "stopped")
		d.Record(result(1, slot(100), good, 1)) // does not wait for ever
	})
}

func TestStopWithNothingToDoKeepsACheckpoint(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.end(t)
		require.Len(t, d.disk.durable(), 1)
		require.Empty(t, d.disk.entries())
		require.NotNil(t, d.disk.durable()[0].Checkpoint)
	})
}

func TestStopGivesUpOnADeadDisk(t *testing.T) {
	for name, kill := range map[string]func(d *disk){
		"that answers with errors": func(d *disk) { d.broken = errors.New("input/output error") },
		"that does not answer":     func(d *disk) { d.hangs = true },
	} {
		t.Run(name, func(t *testing.T) {
			// The bubble fails the test if a goroutine is left.
			atDesk(t, 1, func(t *testing.T, d *desk) {
				kill(d.disk)
				for n := range 30 {
					d.Record(result(1, slot(n), good, 1))
				}
				time.Sleep(time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				began := time.Now()
				err := d.Stop(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "30 inputs not stored")
				require.Equal(t, 4*time.Second, time.Since(began))
			})
		})
	}
}

func TestTheRecorderIsAliveAlthoughTheDiskIsNot(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		require.NoError(t, d.Alive(t.Context()))
		d.disk.hangs = true
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(time.Minute)
		require.NoError(t, d.Alive(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, d.Stop(ctx))
	})
}

func TestARecheckIsAskedForAtOnce(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Record(result(1, slot(0), broken, 1))
		synctest.Wait()
		require.Equal(t, map[probe.ID]time.Time{1: slot(0).Add(30 * time.Second)}, d.asked())
		require.Empty(t, d.disk.times(), "before it is durable")
		d.end(t)
	})
}
