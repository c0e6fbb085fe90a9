package probe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// CheckAddress says why a target may never be at an address; nil if it may. Link-local
// and multicast addresses and the metadata services of clouds are never asked: whoever
// can make sonde ask there may get the credentials of the machine it runs on.
func CheckAddress(address netip.Addr) error {
	if n := networkOf(address); n.reach == never {
		return &blockedError{address: address, network: n}
	}
	return nil
}

// CheckNetwork says why nobody may be sent into a network; nil if somebody may.
func CheckNetwork(prefix netip.Prefix) error {
	if n := networkOf(prefix.Addr()); n.reach == never && n.prefix.Bits() <= prefix.Bits() {
		return &blockedError{address: prefix.Addr(), network: n}
	}
	return nil
}

// blockedError says that an address is not asked.
type blockedError struct {
	address    netip.Addr
	network    *network
	redirected bool // a redirect led there
}

func (e *blockedError) Error() string {
	return fmt.Sprintf("%s is in %s (%s, %s)", e.address, e.network.prefix, e.network.name, e.network.source)
}

// reason is what it means for an attempt.
func (e *blockedError) reason() Reason {
	if e.redirected {
		return RedirectBlocked
	}
	return AddressBlocked
}

// note tells people what was blocked, and the way out.
func (e *blockedError) note() string {
	switch {
	case e.network.reach == private:
		return fmt.Sprintf("not asked: a redirect from a public address led to %s, which is in %s (%s); if that is meant, write allow_networks: [%s]",
			e.address, e.network.prefix, e.network.name, e.network.prefix)
	case e.redirected:
		return fmt.Sprintf("not asked: a redirect led to %s, which is in %s (%s) and never asked; correct what redirects there",
			e.address, e.network.prefix, e.network.name)
	}
	return fmt.Sprintf("not asked: %s is in %s (%s), where sonde never asks; configure another address",
		e.address, e.network.prefix, e.network.name)
}

// guard decides which addresses one exchange may connect to.
type guard struct {
	allowed    []netip.Prefix // into which a redirect may lead
	redirected bool           // this is not the address that the target names
	exposed    bool           // a public address has answered before, and so may have chosen this one
}

// permit says why an address may not be asked; nil if it may.
func (g *guard) permit(address netip.Addr) error {
	address = address.Unmap()
	n := networkOf(address)
	switch {
	case n.reach == public, n.reach == private && !g.exposed:
		return nil
	case n.reach == private && g.allows(address):
		return nil
	}
	return &blockedError{address: address, network: n, redirected: g.redirected}
}

func (g *guard) allows(address netip.Addr) bool {
	address = address.WithZone("")
	return slices.ContainsFunc(g.allowed, func(p netip.Prefix) bool { return p.Contains(address) })
}

// control is a dialer's ControlContext: it sees the address after names were resolved,
// so that no name, redirect or changing answer of a resolver gets around it.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("guard of addresses: %w", err)
	}
	return g.permit(to.Addr())
}
