package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// lookups remembers whether the resolver of one exchange could be asked at all.
// A net.DNSError does not wrap what kept it from asking, and being out of file
// descriptors or of network is our own trouble, not the target's.
type lookups struct {
	mu    sync.Mutex
	asked bool
	fault error
}

// resolver is like the given one (nil is the system's), remembers, and gives up at a
// time unless that is zero.
func (l *lookups) resolver(like *net.Resolver, until time.Time) *net.Resolver {
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
		return hurry(conn, until), err
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

// resolve asks the target's resolvers in turn, or the system's, until one knows the name
// or knows that there is none. All but the last have their share of the time.
func (x *exchange) resolve(ctx context.Context, ask func(*net.Resolver) error) error {
	var lookup lookups
	x.at = resolving
	named := x.target.Transport.Resolvers
	if len(named) == 0 {
		return lookup.explain(ask(lookup.resolver(x.runner.Resolver, share(ctx, 1))))
	}
	var err error
	for i, server := range named {
		x.at = resolving
		err = ask(lookup.resolver(resolverOf(server), share(ctx, len(named)-i)))
		failure, isLookup := errors.AsType[*net.DNSError](err)
		if isLookup {
			failure.Server = server.String() // package net names the system's
		}
		if !isLookup || failure.IsNotFound || ctx.Err() != nil {
			break
		}
	}
	return lookup.explain(err)
}

// resolverOf asks one server.
func resolverOf(server netip.AddrPort) *net.Resolver {
	address := server.String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// share is until when the first of n may take of the time that is left.
func share(ctx context.Context, n int) (until time.Time) {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Now().Add(time.Until(deadline) / time.Duration(n))
	}
	return time.Time{}
}

// hurry keeps the deadlines of a connection from lying later than a time. A resolver of
// package net detaches its questions from the context that they are asked under, and
// would wait for its own five seconds.
func hurry(conn net.Conn, until time.Time) net.Conn {
	if until.IsZero() {
		return conn
	}
	switch conn := conn.(type) {
	case *net.UDPConn:
		return hurriedPackets{conn, until}
	case *net.TCPConn:
		return hurriedStream{conn, until}
	}
	return conn
}

type (
	hurriedPackets struct {
		*net.UDPConn
		until time.Time
	}
	hurriedStream struct {
		*net.TCPConn
		until time.Time
	}
)

// SetDeadline sets the earlier one of two deadlines.
func (c hurriedPackets) SetDeadline(t time.Time) error {
	return c.UDPConn.SetDeadline(earlier(t, c.until))
}

// SetDeadline sets the earlier one of two deadlines.
func (c hurriedStream) SetDeadline(t time.Time) error {
	return c.TCPConn.SetDeadline(earlier(t, c.until))
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
