package probe

import (
	"context"
	"errors"
	"net"
	"sync"
)

// lookups remembers whether the resolver of one exchange could be asked at all.
// A net.DNSError does not wrap what kept it from asking, and being out of file
// descriptors or of network is our own trouble, not the target's.
type lookups struct {
	mu    sync.Mutex
	asked bool
	fault error
}

// resolver is like the given one (nil is the system's), and remembers.
func (l *lookups) resolver(like *net.Resolver) *net.Resolver {
	dial := new(net.Dialer).DialContext
	remembering := new(net.Resolver)
	if like != nil {
		remembering.PreferGo, remembering.StrictErrors = like.PreferGo, like.StrictErrors
		if like.Dial != nil {
			dial = like.Dial
		}
	}
	remembering.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = l.asked || err == nil
		l.fault = err
		return conn, err
	}
	return remembering
}

// explain adds to a failure what kept the resolver from being asked.
func (l *lookups) explain(failure error) error {
	if _, isLookup := errors.AsType[*net.DNSError](failure); !isLookup {
		return failure
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked || l.fault == nil {
		return failure
	}
	return errors.Join(failure, l.fault)
}
