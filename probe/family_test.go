package probe

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func from(f Family) func(*Target) { return over(func(t *Transport) { t.Family = f }) }

// serveFamilies serves at the same port of 127.0.0.1 and ::1; nil refuses connections.
func serveFamilies(t *testing.T, four, six http.Handler) (port string) {
	t.Helper()
	listen := func(network, address string) net.Listener {
		listener, err := net.Listen(network, address)
		require.NoError(t, err)
		return listener
	}
	first := listen("tcp4", "127.0.0.1:0")
	_, port, err := net.SplitHostPort(first.Addr().String())
	require.NoError(t, err)
	second := listen("tcp6", "[::1]:"+port)
	for listener, handler := range map[net.Listener]http.Handler{first: four, second: six} {
		if handler == nil {
			require.NoError(t, listener.Close())
			continue
		}
		server := httptest.NewUnstartedServer(handler)
		require.NoError(t, server.Listener.Close())
		server.Listener = listener
		server.Start()
		t.Cleanup(server.Close)
	}
	return port
}

func failing(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

func TestBothFamiliesMustBeGood(t *testing.T) {
	dual := quick()
	dual.Resolver = serveNames(t, map[string][]string{"both.test.": {"127.0.0.1", "::1"}, "four.test.": {"127.0.0.1"}})
	for name, tc := range map[string]struct {
		four, six http.Handler
		host      string
		want      Reason
		attempts  int
		note      string
	}{
		"both answer":                         {ok, ok, "both.test.", OK, 2, ""},
		"IPv6 refuses":                        {ok, nil, "both.test.", ConnectRefused, 3, "IPv6 failed: connect_refused; IPv4 is good"},
		"IPv4 refuses":                        {nil, ok, "both.test.", ConnectRefused, 3, "IPv4 failed: connect_refused; IPv6 is good"},
		"both refuse":                         {nil, nil, "both.test.", ConnectRefused, 4, "IPv4 failed: connect_refused; IPv6 failed too: connect_refused"},
		"IPv6 answers with an error":          {ok, failing(500), "both.test.", ServerError, 3, "IPv6 failed: server_error; IPv4 is good"},
		"IPv6 does not exist":                 {ok, nil, "four.test.", DNSNotFound, 3, "IPv6 failed: dns_not_found; IPv4 is good"},
		"a refusal goes before a wrong token": {failing(401), nil, "both.test.", ConnectRefused, 3, "IPv6 failed: connect_refused; IPv4 failed too: unauthenticated"},
	} {
		t.Run(name, func(t *testing.T) {
			port := serveFamilies(t, tc.four, tc.six)
			asked := target(t, "http://"+tc.host+":"+port+"/", from(BothFamilies), retrying(1))
			got := runOnce(t, dual, asked)
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Len(t, got.Attempts, tc.attempts)
			require.Equal(t, got.Verdict.Reason, got.Attempts[len(got.Attempts)-1].Verdict.Reason, "the family that decides comes last")
			var notes []string
			for _, a := range got.Attempts {
				notes = append(notes, a.Evidence.Notes...)
			}
			require.Contains(t, strings.Join(notes, "\n"), tc.note)
			if tc.want == OK {
				require.Empty(t, notes)
				require.Equal(t, "127.0.0.1:"+port, got.Attempts[0].Evidence.RemoteAddr)
				require.Equal(t, "[::1]:"+port, got.Attempts[1].Evidence.RemoteAddr)
			}
			require.Equal(t, BothFamilies, asked.Transport.Family, "the target stays as it is")
			require.NotNil(t, got.Beside)
			require.NotEqual(t, got.Attempts[len(got.Attempts)-1].StartedAt, got.Beside.StartedAt, "the other family's last attempt stands beside")
		})
	}
}

func TestOneFamilyIsUsed(t *testing.T) {
	runner := quick()
	runner.Resolver = serveNames(t, map[string][]string{"both.test.": {"127.0.0.1", "::1"}, "four.test.": {"127.0.0.1"}})
	port := serveFamilies(t, ok, ok)
	for name, tc := range map[string]struct {
		host   string
		family Family
		want   Reason
		remote string
	}{
		"IPv4 of a name that has both":   {"both.test.", IPv4, OK, "127.0.0.1"},
		"IPv6 of a name that has both":   {"both.test.", IPv6, OK, "::1"},
		"IPv6 of a name that has only 4": {"four.test.", IPv6, DNSNotFound, ""},
		"IPv4 of an IPv6 address":        {"[::1]", IPv4, DNSNotFound, ""},
		"IPv6 of an IPv6 address":        {"[::1]", IPv6, OK, "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, runner, target(t, "http://"+tc.host+":"+port+"/", from(tc.family)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			if tc.remote != "" {
				require.Equal(t, net.JoinHostPort(tc.remote, port), got.Evidence.RemoteAddr)
			}
			if tc.host == "four.test." {
				require.Contains(t, got.Evidence.Notes, "there is no IPv6 address for four.test.")
			}
		})
	}
}

func TestHappyEyeballsFindTheFamilyThatAnswers(t *testing.T) {
	runner := quick()
	runner.Resolver = serveNames(t, map[string][]string{"both.test.": {"127.0.0.1", "::1"}})
	port := serveFamilies(t, ok, nil)
	got := lastAttempt(t, runner, target(t, "http://both.test.:"+port+"/"))
	require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
	require.Equal(t, "127.0.0.1:"+port, got.Evidence.RemoteAddr)
}

func TestResolversAreAskedInTurn(t *testing.T) {
	late := watchLag(t)
	server := serveRaw(t, says("HTTP/1.1 204 No Content\r\n\r\n"))
	port := server.url[strings.LastIndexByte(server.url, ':'):]
	good := serveNameServer(t, map[string][]string{"shop.test.": {"127.0.0.1"}})
	empty := serveNameServer(t, nil)
	silent := netip.MustParseAddrPort(silentUDP(t))
	closed := closedUDP(t)
	for name, tc := range map[string]struct {
		servers []netip.AddrPort
		want    Reason
	}{
		"one that knows":                     {[]netip.AddrPort{good}, OK},
		"one that knows behind a silent one": {[]netip.AddrPort{silent, good}, OK},
		"one that knows behind a closed one": {[]netip.AddrPort{closed, good}, OK},
		"one that says no is believed":       {[]netip.AddrPort{empty, good}, DNSNotFound},
		"only silent ones":                   {[]netip.AddrPort{silent, silent}, DNSTimeout},
		"the last says no":                   {[]netip.AddrPort{silent, empty}, DNSNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			result := runOnce(t, quick(), target(t, "http://shop.test."+port, within(600*time.Millisecond), over(func(o *Transport) { o.Resolvers = tc.servers })))
			got := result.Attempts[0]
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Positive(t, got.Timings.DNS)
			if tc.want != OK {
				require.Contains(t, got.Evidence.Error, "lookup shop.test. on 127.0.0.1:", "who was asked is told")
			}
			require.Less(t, result.Elapsed, 600*time.Millisecond+late())
			requireBounded(t, got)
		})
	}
}

func TestANameWhoseAddressesAreAllOfTheOtherFamily(t *testing.T) {
	failure := &net.OpError{Op: "dial", Err: &net.AddrError{Err: "no suitable address found", Addr: "localhost"}} // from a file of hosts
	require.Same(t, failure, ofFamily(failure, "localhost", AnyFamily))
	err := ofFamily(failure, "localhost", IPv6)
	require.EqualError(t, err, "localhost has no IPv6 address")
	require.Equal(t, DNSNotFound, cause(t.Context(), err, connecting))
}
