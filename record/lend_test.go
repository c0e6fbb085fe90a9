package record_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestStatesAreLentAsTheyBecomeDurable(t *testing.T) {
	atDesk(t, 2, func(t *testing.T, d *desk) {
		d.disk.takes = 20 * ms
		d.Record(result(1, slot(0), good, 1))
		synctest.Wait()
		asked := time.Now()
		m, done, err := d.Lend(t.Context())
		require.NoError(t, err)
		require.Equal(t, 20*ms, time.Since(asked), "a commit, which does not wait for more results")
		require.EqualValues(t, 1, m.Seq)
		require.Len(t, d.disk.durable(), 1)
		require.Equal(t, slot(0), m.States[1].Last.At)

		d.Record(result(1, slot(1), broken, 3))
		time.Sleep(time.Second)
		require.Len(t, d.disk.durable(), 2)
		require.Equal(t, slot(0), m.States[1].Last.At, "what is lent stays as it is")
		require.Empty(t, m.States[1].Problems)

		next, doneToo, err := d.Lend(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, next.Seq, "at once: there is nothing to commit")
		require.NotNil(t, next.States[1].Open(probe.KindDown))
		done()
		doneToo()
		d.end(t)
	})
}

func TestStatesThatAreLentDuringACommitHaveWhatCameMeanwhile(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.takes = 100 * ms
		d.Record(result(1, slot(0), good, 1))
		time.Sleep(300 * ms) // it is being committed
		d.Record(result(1, slot(1), good, 1))
		synctest.Wait()
		m, done, err := d.Lend(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, m.Seq)
		require.Equal(t, slot(1), m.States[1].Last.At)
		require.Len(t, d.disk.durable(), 2)
		done()

		d.Record(result(1, slot(2), good, 1))
		time.Sleep(300 * ms)
		m, done, err = d.Lend(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, m.Seq, "the one that was under way")
		require.Len(t, d.disk.durable(), 3)
		done()

		d.Record(result(1, slot(3), good, 1))
		time.Sleep(time.Second)
		require.Len(t, d.disk.durable(), 4, "a loan for which there was nothing to commit keeps nothing from being committed")
		d.end(t)
	})
}

func TestNothingIsLentThatIsNotDurable(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		d.Record(result(1, slot(0), good, 1))
		synctest.Wait()
		_, _, err := d.Lend(t.Context())
		require.ErrorContains(t, err, "ahead of the database", "who waits for a commit that fails")
		_, _, err = d.Lend(t.Context())
		require.ErrorContains(t, err, "ahead of the database", "and who comes later")
		d.disk.breaks(nil)
		time.Sleep(10 * time.Second)
		m, done, err := d.Lend(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, m.Seq)
		done()
		d.end(t)
		_, _, err = d.Lend(t.Context())
		require.ErrorContains(t, err, "has stopped")
	})
}

func TestWhoDoesNotWaitForALoanGetsNone(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.takes = time.Second
		d.Record(result(1, slot(0), good, 1))
		synctest.Wait()
		brief, cancel := context.WithTimeout(t.Context(), 500*ms)
		defer cancel()
		_, _, err := d.Lend(brief)
		require.Error(t, err)
		d.Record(result(1, slot(1), good, 1))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		state := d.memory.States[1]
		d.Record(result(1, slot(2), good, 1))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Same(t, state, d.memory.States[1], "states are changed where they are again")
		d.end(t)
	})
}
