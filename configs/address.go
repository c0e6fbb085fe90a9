package configs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"sonde/probe"
)

// listen reads where the page is: empty for nowhere, else host:port.
func (d *decoder) listen(v value, into *string) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	if s == "" {
		*into = ""
		return
	}
	host, port, err := net.SplitHostPort(s)
	switch {
	case err != nil || portFault(port) != "":
		d.fail(v, "%s is no host:port; write one like 127.0.0.1:9320, or \"\" for no page", quote(s))
		return
	case host != "" && hostFault(&url.URL{Host: s}) != "":
		d.fail(v, "%s", hostFault(&url.URL{Host: s}))
		return
	case !loopback(host):
		d.warn(v, "everyone who reaches this machine can see the page; write 127.0.0.1:%s, and let a proxy with TLS stand before it", port)
	}
	*into = s
}

// loopback reports whether a host is this machine alone.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// hosts reads a host or a list of hosts, without scheme, port and path.
func (d *decoder) hosts(v value) []string {
	read := distinct(d, v, func(s string) (host hostName, why string) {
		err := probe.CheckHost(s)
		if u, parsed := url.Parse(s); err != nil && parsed == nil && u.Scheme != "" && u.Hostname() != "" {
			return "", fmt.Sprintf("is an address, and a host is asked for; write %s", quote(u.Hostname()))
		}
		if name, port, split := net.SplitHostPort(s); err != nil && split == nil && portFault(port) == "" && probe.CheckHost(name) == nil {
			return "", fmt.Sprintf("a host is meant at every port; write %s", quote(name))
		}
		if err != nil {
			return "", err.Error()
		}
		return hostName(strings.ToLower(s)), ""
	})
	var all []string
	for _, host := range read {
		all = append(all, string(host))
	}
	return all
}

type hostName string

func (h hostName) String() string { return quote(string(h)) }

// webAddress reads an address that people open, or that a public name has.
func (d *decoder) webAddress(v value, into *string) {
	s, ok := d.text(v)
	if !ok {
		return
	}
	u, why := parseAddress(s)
	switch {
	case why != "":
		d.fail(v, "%s", why)
	case u.User != nil:
		d.hide(v)
		d.fail(v, "an address that people see cannot hold a user or password; remove what stands before the @")
	default:
		*into = s
	}
}

// baseAddress reads an address that paths are added to; it comes without "/" at its end.
func (d *decoder) baseAddress(v value, into *string) {
	var s string
	if d.webAddress(v, &s); strings.ContainsAny(s, "?#") {
		d.fail(v, "paths are added to this address, so it cannot have a query or a fragment; remove them")
		return
	}
	*into = strings.TrimRight(s, "/")
}

// ParseURL reads the address of a target, which is absolute, http or https, and has a
// host. The error says the way out, and quotes no user-info, path or query.
func ParseURL(s string) (*url.URL, error) {
	u, why := parseAddress(s)
	if why != "" {
		return nil, errors.New(why)
	}
	return u, nil
}

// parseAddress reads an absolute http or https address. Its complaint quotes no
// user-info, path or query.
func parseAddress(s string) (u *url.URL, why string) {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return nil, "is empty; write one like https://example.com/healthz"
	case err != nil:
		return nil, "is no address (URL): check it for spaces, percent signs and the port"
	case u.Scheme == "" || u.Opaque != "" || u.Host == "" && u.Scheme != "http" && u.Scheme != "https":
		return nil, "is not absolute; write one like https://example.com/healthz"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "the scheme " + quote(u.Scheme) + " is not supported; use http or https"
	}
	return u, hostFault(u)
}

// hostFault says why the host of an address cannot be asked; empty if it can.
func hostFault(u *url.URL) string {
	host := u.Hostname()
	if port := u.Port(); port != "" {
		if why := portFault(port); why != "" {
			return why
		}
	}
	if host == "" {
		return "has no host; write one like https://example.com/healthz"
	}
	if err := probe.CheckHost(host); err != nil {
		return err.Error()
	}
	return ""
}

// portFault says why a text is no TCP port; empty if it is one. 0 lets the system choose.
func portFault(s string) string {
	if _, err := strconv.ParseUint(s, 10, 16); err != nil {
		return "the port " + quote(s) + " does not exist; use one from 1 to 65535"
	}
	return ""
}
