package notify

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheClockNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// As if the wall had been an hour ahead when it was last read, and was set back since.
		l := clock{readAt: time.Now(), shown: time.Now().UTC().Round(0).Add(time.Hour)}
		before := l.shown
		time.Sleep(time.Second)
		require.Equal(t, before.Add(time.Second), l.now())
		time.Sleep(time.Second)
		require.Equal(t, before.Add(2*time.Second), l.now())
	})
}

func TestBackoffGrowsToAMinuteAndIsNeverShort(t *testing.T) {
	for failures, bound := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second,
		7: time.Minute, 8: time.Minute, 1000: time.Minute,
	} {
		var longest time.Duration
		for range 2000 {
			got := backoff(failures)
			require.GreaterOrEqual(t, got, backoffFloor)
			require.LessOrEqual(t, got, bound)
			longest = max(longest, got)
		}
		require.Greater(t, longest, bound*8/10, "the whole range is used after %d failures", failures)
	}
}
