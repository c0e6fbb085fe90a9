package probe

import (
	"encoding/binary"
	"net/netip"
)

// reach says what a probe may do with the addresses of a network.
type reach uint8

const (
	public  reach = iota // anybody may be sent there
	private              // only a target may name it, not a redirect from a public address
	never                // nobody is asked there
)

// network is a range of addresses that is not simply a part of the Internet.
type network struct {
	prefix netip.Prefix
	reach  reach
	name   string // as people know it
	source string
}

// networks are the special networks, after the IANA IPv4 and IPv6 Special-Purpose
// Address Registries (RFC 6890) as of 2026, and the addresses at which clouds hand
// credentials to whoever asks from inside. Where prefixes overlap, the longest counts.
var networks = []network{
	// Metadata services of clouds.
	{netip.MustParsePrefix("169.254.169.254/32"), never, "cloud metadata (AWS, Azure, Google Cloud, Oracle, DigitalOcean, Hetzner)", "RFC 3927"},
	{netip.MustParsePrefix("169.254.170.2/32"), never, "cloud metadata (credentials of AWS ECS tasks)", "RFC 3927"},
	{netip.MustParsePrefix("169.254.170.23/32"), never, "cloud metadata (credentials of AWS EKS pods)", "RFC 3927"},
	{netip.MustParsePrefix("100.100.100.200/32"), never, "cloud metadata (Alibaba Cloud)", "Alibaba Cloud ECS documentation"},
	{netip.MustParsePrefix("168.63.129.16/32"), never, "cloud metadata (the Azure host)", "Microsoft Azure documentation"},
	{netip.MustParsePrefix("192.0.0.192/32"), never, "cloud metadata (Oracle Cloud)", "Oracle Cloud documentation"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), never, "cloud metadata (AWS)", "AWS EC2 documentation"},
	{netip.MustParsePrefix("fd00:ec2::23/128"), never, "cloud metadata (credentials of AWS EKS pods)", "AWS EKS documentation"},
	{netip.MustParsePrefix("fd20:ce::254/128"), never, "cloud metadata (Google Cloud)", "Google Cloud documentation"},
	{netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), never, "cloud metadata (Oracle Cloud)", "Oracle Cloud documentation"},
	{netip.MustParsePrefix("fd00:42::42/128"), never, "cloud metadata (Scaleway)", "Scaleway documentation"},

	// IPv4.
	{netip.MustParsePrefix("0.0.0.0/8"), private, "this network", "RFC 791 section 3.2"},
	{netip.MustParsePrefix("10.0.0.0/8"), private, "private use", "RFC 1918"},
	{netip.MustParsePrefix("100.64.0.0/10"), private, "shared address space of carriers", "RFC 6598"},
	{netip.MustParsePrefix("127.0.0.0/8"), private, "loopback", "RFC 1122 section 3.2.1.3"},
	{netip.MustParsePrefix("169.254.0.0/16"), never, "link-local", "RFC 3927"},
	{netip.MustParsePrefix("172.16.0.0/12"), private, "private use", "RFC 1918"},
	{netip.MustParsePrefix("192.0.0.0/24"), private, "IETF protocol assignments", "RFC 6890 section 2.1"},
	{netip.MustParsePrefix("192.0.0.9/32"), public, "port control protocol anycast", "RFC 7723"},
	{netip.MustParsePrefix("192.0.0.10/32"), public, "TURN anycast", "RFC 8155"},
	{netip.MustParsePrefix("192.0.2.0/24"), private, "documentation", "RFC 5737"},
	{netip.MustParsePrefix("192.31.196.0/24"), public, "AS112", "RFC 7535"},
	{netip.MustParsePrefix("192.52.193.0/24"), public, "AMT", "RFC 7450"},
	{netip.MustParsePrefix("192.88.99.0/24"), private, "6to4 relay anycast (deprecated)", "RFC 7526"},
	{netip.MustParsePrefix("192.168.0.0/16"), private, "private use", "RFC 1918"},
	{netip.MustParsePrefix("192.175.48.0/24"), public, "AS112", "RFC 7534"},
	{netip.MustParsePrefix("198.18.0.0/15"), private, "benchmarking", "RFC 2544"},
	{netip.MustParsePrefix("198.51.100.0/24"), private, "documentation", "RFC 5737"},
	{netip.MustParsePrefix("203.0.113.0/24"), private, "documentation", "RFC 5737"},
	{netip.MustParsePrefix("224.0.0.0/4"), never, "multicast", "RFC 5771"},
	{netip.MustParsePrefix("240.0.0.0/4"), private, "reserved", "RFC 1112 section 4"},
	{netip.MustParsePrefix("255.255.255.255/32"), never, "broadcast", "RFC 919"},

	// IPv6. What embeds an IPv4 address is judged by that address too: see embedded.
	{netip.MustParsePrefix("::/128"), private, "unspecified", "RFC 4291 section 2.5.2"},
	{netip.MustParsePrefix("::1/128"), private, "loopback", "RFC 4291 section 2.5.3"},
	{netip.MustParsePrefix("::/96"), private, "IPv4-compatible (deprecated)", "RFC 4291 section 2.5.5.1"},
	{netip.MustParsePrefix("64:ff9b::/96"), public, "IPv4 over NAT64", "RFC 6052"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), private, "local-use NAT64", "RFC 8215"},
	{netip.MustParsePrefix("100::/64"), private, "discard only", "RFC 6666"},
	{netip.MustParsePrefix("100:0:0:1::/64"), private, "dummy prefix", "RFC 9780"},
	{netip.MustParsePrefix("2001::/23"), private, "IETF protocol assignments", "RFC 2928"},
	{netip.MustParsePrefix("2001::/32"), public, "Teredo", "RFC 4380"},
	{netip.MustParsePrefix("2001:1::1/128"), public, "port control protocol anycast", "RFC 7723"},
	{netip.MustParsePrefix("2001:1::2/128"), public, "TURN anycast", "RFC 8155"},
	{netip.MustParsePrefix("2001:1::3/128"), public, "DNS-SD service registration anycast", "RFC 9665"},
	{netip.MustParsePrefix("2001:2::/48"), private, "benchmarking", "RFC 5180"},
	{netip.MustParsePrefix("2001:3::/32"), public, "AMT", "RFC 7450"},
	{netip.MustParsePrefix("2001:4:112::/48"), public, "AS112", "RFC 7535"},
	{netip.MustParsePrefix("2001:10::/28"), private, "ORCHID (deprecated)", "RFC 4843"},
	{netip.MustParsePrefix("2001:20::/28"), public, "ORCHIDv2", "RFC 7343"},
	{netip.MustParsePrefix("2001:30::/28"), public, "drone remote identification", "RFC 9374"},
	{netip.MustParsePrefix("2001:db8::/32"), private, "documentation", "RFC 3849"},
	{netip.MustParsePrefix("2002::/16"), public, "6to4", "RFC 3056"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), public, "AS112", "RFC 7534"},
	{netip.MustParsePrefix("3fff::/20"), private, "documentation", "RFC 9637"},
	{netip.MustParsePrefix("5f00::/16"), private, "segment routing", "RFC 9602"},
	{netip.MustParsePrefix("fc00::/7"), private, "unique local", "RFC 4193"},
	{netip.MustParsePrefix("fe80::/10"), never, "link-local", "RFC 4291 section 2.5.6"},
	{netip.MustParsePrefix("fec0::/10"), private, "site-local (deprecated)", "RFC 3879"},
	{netip.MustParsePrefix("ff00::/8"), never, "multicast", "RFC 4291 section 2.7"},
}

// elsewhere is the network of all other addresses.
var elsewhere = network{reach: public, name: "the Internet"}

// networkOf finds the network of an address. An IPv4 address is the same however it
// is wrapped: what it is wrapped in counts, or what is inside if that reaches less.
func networkOf(address netip.Addr) *network {
	address = address.Unmap().WithZone("")
	found := lookUp(address)
	if address.Is4() {
		return found
	}
	inner, n := embedded(address.As16())
	for _, four := range inner[:n] {
		if inside := lookUp(four); inside.reach > found.reach {
			found = inside
		}
	}
	return found
}

func lookUp(address netip.Addr) *network {
	found, bits := &elsewhere, -1
	for i := range networks {
		if n := &networks[i]; n.prefix.Bits() > bits && n.prefix.Contains(address) {
			found, bits = n, n.prefix.Bits()
		}
	}
	return found
}

// embedded returns the IPv4 addresses to which an IPv6 address may lead.
func embedded(a [16]byte) (inner [2]netip.Addr, n int) {
	four := func(b0, b1, b2, b3 byte) {
		inner[n] = netip.AddrFrom4([4]byte{b0, b1, b2, b3})
		n++
	}
	high := binary.BigEndian.Uint64(a[:8])
	switch {
	case high == 0x0064ff9b_00000000 && binary.BigEndian.Uint32(a[8:12]) == 0: // RFC 6052 section 2.1
		four(a[12], a[13], a[14], a[15])
	case high>>16 == 0x0064ff9b_0001: // RFC 8215, behind 96 bits or behind 48 (RFC 6052 section 2.2)
		four(a[12], a[13], a[14], a[15])
		four(a[6], a[7], a[9], a[10])
	case high>>48 == 0x2002: // RFC 3056 section 2
		four(a[2], a[3], a[4], a[5])
	case high>>32 == 0x20010000: // RFC 4380 section 4: inverted
		four(^a[12], ^a[13], ^a[14], ^a[15])
	case high == 0 && binary.BigEndian.Uint32(a[8:12]) == 0 && binary.BigEndian.Uint32(a[12:]) > 1: // RFC 4291 section 2.5.5.1; not :: and ::1
		four(a[12], a[13], a[14], a[15])
	}
	return inner, n
}
