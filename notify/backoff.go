package notify

import (
	"math/rand/v2"
	"time"
)

// The waits of the dispatcher.
const (
	backoffFirst = time.Second
	backoffLast  = time.Minute
	backoffFloor = 500 * time.Millisecond

	unreachableFirst = time.Minute
	unreachableThen  = 10 * time.Minute

	throttledUnsaid = 30 * time.Second // when the destination does not say how long
	throttledJitter = time.Second

	maxAge        = 7 * 24 * time.Hour // older messages are given up
	settleTimeout = 2 * time.Second    // of the last word after the context has ended
)

// backoff is how long to wait after so many failures in a row (at least 1): a
// random time between half a second and a bound of 1, 2, 4 ... 60 s, so that
// senders which failed together do not come back together.
func backoff(failures int) time.Duration {
	bound := backoffLast
	if failures < 7 { // 1 s << 6 is more than the last bound
		bound = backoffFirst << max(0, failures-1)
	}
	return backoffFloor + rand.N(bound-backoffFloor+1)
}
