package probe

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// overrun is how long a run may take beyond its timeout.
const overrun = 100 * time.Millisecond

// watchLag watches how late the machine wakes those who sleep, and returns how much later
// than its timeout a run may end: what is promised, and three times (to notice, to end and
// to say so) the longest lag until then, for which the machine is to blame.
func watchLag(t *testing.T) (late func() time.Duration) {
	t.Helper()
	const nap = 5 * time.Millisecond
	var longest atomic.Int64
	var watching sync.WaitGroup
	quit := make(chan struct{})
	watching.Go(func() {
		for {
			slept := time.Now()
			select {
			case <-quit:
				return
			case <-time.After(nap):
				longest.Store(max(longest.Load(), int64(time.Since(slept)-nap)))
			}
		}
	})
	t.Cleanup(func() { close(quit); watching.Wait() })
	return func() time.Duration { return overrun + 3*time.Duration(longest.Load()) }
}
