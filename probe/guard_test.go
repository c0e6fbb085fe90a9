package probe

import (
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// reaches are addresses and how far they may be reached: at least one of each kind of
// network, the first and last of the large ones, and their neighbours.
var reaches = map[string]reach{
	"8.8.8.8": public, "1.1.1.1": public, "2606:4700::1111": public, "9.255.255.255": public, "11.0.0.0": public,
	"126.255.255.255": public, "128.0.0.0": public, "172.15.255.255": public, "172.32.0.0": public, "192.167.255.255": public, "192.169.0.0": public,
	"100.63.255.255": public, "100.128.0.0": public, "169.253.255.255": public, "169.255.0.0": public, "198.17.255.255": public, "198.20.0.0": public,
	"192.0.0.9": public, "192.0.0.10": public, "192.31.196.1": public, "192.52.193.1": public, "192.175.48.1": public, "223.255.255.255": public,
	"2001:1::1": public, "2001:3::1": public, "2001:4:112::1": public, "2001:20::1": public, "2001:30::1": public, "2620:4f:8000::1": public,
	"2000::": public, "3ffe::": public, "::ffff:8.8.8.8": public, "64:ff9b::808:808": public, "2002:808:808::1": public,

	"0.0.0.0": private, "0.255.255.255": private, "10.0.0.0": private, "10.255.255.255": private, "127.0.0.1": private, "127.255.255.255": private,
	"100.64.0.0": private, "100.127.255.255": private, "172.16.0.0": private, "172.31.255.255": private, "192.168.0.0": private, "192.168.255.255": private,
	"192.0.0.1": private, "192.0.2.1": private, "198.18.0.0": private, "198.19.255.255": private, "198.51.100.7": private, "203.0.113.7": private,
	"192.88.99.1": private, "240.0.0.1": private, "255.255.255.254": private,
	"::": private, "::1": private, "::8.8.8.8": private, "64:ff9b:1::8.8.8.8": private, "100::1": private, "100:0:0:1::1": private,
	"2001:2::1": private, "2001:10::1": private, "2001:db8::1": private, "3fff::1": private, "5f00::1": private, "fc00::1": private,
	"fd12:3456::1": private, "fec0::1": private, "2001:100::1": private,
	"::ffff:127.0.0.1": private, "::ffff:10.0.0.1": private, "64:ff9b::10.0.0.1": private, "64:ff9b::127.0.0.1": private,
	"2002:a00:1::1": private, "2002:7f00:1::": private, "::127.0.0.1": private,
	"2001:0:808:808:0:0:f5ff:fffe": private, // Teredo of 10.0.0.1

	"169.254.169.254": never, "169.254.0.1": never, "169.254.255.255": never, "169.254.170.2": never, "100.100.100.200": never, "168.63.129.16": never,
	"192.0.0.192": never, "224.0.0.1": never, "239.255.255.255": never, "255.255.255.255": never,
	"fd00:ec2::254": never, "fd20:ce::254": never, "fd00:c1::a9fe:a9fe": never, "fd00:42::42": never, "fe80::1": never, "fe80::1%eth0": never, "febf::1": never, "ff02::1": never,
	"::ffff:169.254.169.254": never, "64:ff9b::169.254.169.254": never, "64:ff9b:1::169.254.169.254": never, "2002:a9fe:a9fe::1": never, "::169.254.169.254": never,
	"2001:0:808:808:0:0:5601:5601": never, // Teredo of 169.254.169.254
	"64:ff9b:1:a9fe:a9:fe00::":     never, // the same behind a prefix of 48 bits
}

func TestWhoMayBeSentToAnAddress(t *testing.T) {
	for written, want := range reaches {
		got := networkOf(netip.MustParseAddr(written))
		require.Equal(t, want, got.reach, "%s is in %s (%s)", written, got.prefix, got.name)
		require.Equal(t, want == never, CheckAddress(netip.MustParseAddr(written)) != nil, written)
	}
}

func TestTheTableOfNetworksIsWellFormed(t *testing.T) {
	seen := map[netip.Prefix]bool{}
	for _, n := range networks {
		require.Equal(t, n.prefix.Masked(), n.prefix, "the bits behind a prefix are 0")
		require.False(t, seen[n.prefix], "%s is there once", n.prefix)
		seen[n.prefix] = true
		require.NotEmpty(t, n.name)
		require.NotEmpty(t, n.source)
	}
}

func TestWhatTheGuardPermits(t *testing.T) {
	ten := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	local := []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("0.0.0.0/0")}
	for name, tc := range map[string]struct {
		guard   guard
		address string
		want    Reason
	}{
		"a public address":                                        {guard{}, "8.8.8.8:443", OK},
		"a private address that is configured":                    {guard{}, "10.0.0.1:80", OK},
		"loopback that is configured":                             {guard{}, "[::1]:80", OK},
		"a redirect from private to private":                      {guard{redirected: true}, "192.168.0.1:80", OK},
		"a redirect from public to public":                        {guard{redirected: true, exposed: true}, "1.1.1.1:80", OK},
		"a redirect from public to private":                       {guard{redirected: true, exposed: true}, "10.0.0.1:80", RedirectBlocked},
		"a redirect from public to loopback":                      {guard{redirected: true, exposed: true}, "[::ffff:127.0.0.1]:80", RedirectBlocked},
		"a redirect from public to a network that is allowed":     {guard{allowed: ten, redirected: true, exposed: true}, "10.1.2.3:80", OK},
		"a redirect from public to an allowed one that is mapped": {guard{allowed: ten, redirected: true, exposed: true}, "[::ffff:10.1.2.3]:80", OK},
		"a redirect from public beside what is allowed":           {guard{allowed: ten, redirected: true, exposed: true}, "192.168.0.1:80", RedirectBlocked},
		"metadata that is configured":                             {guard{}, "169.254.169.254:80", AddressBlocked},
		"metadata inside NAT64 that is configured":                {guard{}, "[64:ff9b::a9fe:a9fe]:80", AddressBlocked},
		"a link-local address with its zone":                      {guard{}, "[fe80::1%eth0]:80", AddressBlocked},
		"a redirect to metadata":                                  {guard{redirected: true}, "169.254.169.254:80", RedirectBlocked},
		"metadata, whatever is allowed":                           {guard{allowed: local}, "169.254.169.254:80", AddressBlocked},
		"metadata by a redirect, whatever is allowed":             {guard{allowed: local, redirected: true, exposed: true}, "[fd00:ec2::254]:80", RedirectBlocked},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.guard.control(t.Context(), "tcp", tc.address, nil)
			if tc.want == OK {
				require.NoError(t, err)
				return
			}
			require.Equal(t, tc.want.String(), cause(t.Context(), err, connecting).String())
			note := noteOn(err, AnyFamily)
			require.Contains(t, note, networkOf(netip.MustParseAddrPort(tc.address).Addr()).name)
			require.True(t, strings.Contains(note, "; "), "a way out stands behind the semicolon: %s", note)
		})
	}
	require.Error(t, new(guard).control(t.Context(), "tcp", "no address", syscall.RawConn(nil)))
}

// FuzzNetworkOf compares the table with an independent reading of the same rules.
func FuzzNetworkOf(f *testing.F) {
	for written := range reaches {
		f.Add(netip.MustParseAddr(written).AsSlice())
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		address, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		got := networkOf(address)
		require.Equal(t, got, networkOf(address.WithZone("x")), "a zone changes nothing")
		if address.Is4() {
			require.Equal(t, got, networkOf(netip.AddrFrom16(address.As16())), "nor does a mapping")
			for _, prefix := range []string{"64:ff9b::", "64:ff9b:1::", "::"} {
				wrapped := netip.MustParseAddr(prefix).As16()
				copy(wrapped[12:], bytes)
				require.GreaterOrEqual(t, networkOf(netip.AddrFrom16(wrapped)).reach, got.reach, "wrapped in %s", prefix)
			}
		}
		plain := address.Unmap()
		if plain.IsLinkLocalUnicast() || plain.IsMulticast() {
			require.Equal(t, never, got.reach, address)
		}
		if plain.IsPrivate() || plain.IsLoopback() || plain.IsUnspecified() {
			require.NotEqual(t, public, got.reach, address)
		}
		if got == &elsewhere {
			require.True(t, plain.IsGlobalUnicast() && !plain.IsPrivate(), address)
		}
	})
}

func FuzzCheckHost(f *testing.F) {
	for _, host := range []string{"example.com", "example.com.", "127.0.0.1", "127.0.0.1.", "::1", "fe80::1%eth0", "2130706433", "0x7f.1", "0x7f000001",
		"017700000001", "127.1", "0", "1.2.3.4.5", "127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1", "예시.example", "a..b", "-a", "a%2eb", "", "."} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if CheckHost(host) != nil {
			return
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return
		}
		// What passes as a name is one to every program: nothing that inet_aton or a browser
		// would read as an address.
		name := strings.TrimSuffix(strings.ToLower(wired(&url.URL{Host: host}).Host), ".") // as it is asked
		last := name[strings.LastIndexByte(name, '.')+1:]
		require.NotEmpty(t, strings.Trim(last, "0123456789"), host)
		require.False(t, strings.HasPrefix(last, "0x"), host)
		require.NotContains(t, host, "%")
		require.NotContains(t, host, ":")
	})
}

func TestHostsThatCannotBeAsked(t *testing.T) {
	for host, disguise := range map[string]bool{
		"2130706433": true, "0x7f000001": true, "0x7f.1": true, "017700000001": true, "127.1": true, "127.0.0.1.": true, "0177.0.0.1": true,
		"1.2.3.4.5": true, "127.0.0.0x1": true, "127。0。0。1": true, "１２７.0.0.1": true, "①②⑦.0.0.1": true,
		"a..b": false, "0xf00\x89": false, "-a.example": false, "a b": false, "exa%6dple.com": false, "": false, ".": false, "ex\u00adample\u2028.com": false,
		strings.Repeat("a.", 130) + "com": false,
	} {
		var wrong *HostError
		require.ErrorAs(t, CheckHost(host), &wrong, host)
		require.Equal(t, disguise, wrong.Disguise, host)
		require.Contains(t, wrong.Error(), "; ", "the way out")
	}
	for _, host := range []string{"example.com", "example.com.", "localhost", "a_b.example", "예시.example", "xn--vv4b11d.example", "1.example", "127.0.0.1", "::1", "fe80::1%eth0"} {
		require.NoError(t, CheckHost(host), host)
	}
}

func BenchmarkGuard(b *testing.B) {
	for name, address := range map[string]string{"public": "93.184.215.14:443", "loopback": "127.0.0.1:80", "ipv6": "[2606:4700::1111]:443"} {
		b.Run(name, func(b *testing.B) {
			g := guard{exposed: name == "public"}
			b.ReportAllocs()
			for b.Loop() {
				if err := g.control(b.Context(), "tcp", address, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
