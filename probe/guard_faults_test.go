//go:build faults

package probe

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheGuardInANetworkOfItsOwn dials addresses that look public and private, in a
// network namespace that has nothing but them.
func TestTheGuardInANetworkOfItsOwn(t *testing.T) {
	if os.Getenv("SONDE_IN_NAMESPACE") == "" {
		again := exec.Command("unshare", "-Urn", os.Args[0], "-test.run", "^TestTheGuardInANetworkOfItsOwn$", "-test.v")
		again.Env = append(os.Environ(), "SONDE_IN_NAMESPACE=1")
		said, err := again.CombinedOutput()
		require.NoError(t, err, "a network namespace is needed (unshare -Urn, ip): %s", said)
		require.Contains(t, string(said), "--- PASS: TestTheGuardInANetworkOfItsOwn")
		return
	}
	for _, command := range []string{"link set lo up", "addr add 8.8.8.8/32 dev lo", "addr add 10.0.0.1/32 dev lo", "addr add 169.254.169.254/32 dev lo"} {
		said, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
		require.NoError(t, err, "ip %s: %s", command, said)
	}
	asked := map[string]int{}
	serve := func(address, location string) {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked[address]++
			if location != "" {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
			}
		})}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.Serve(listener)
		}()
		t.Cleanup(func() {
			_ = server.Close()
			<-ended
		})
	}
	serve("8.8.8.8:80", "http://inside.test.:80/") // a name whose address the guard alone can see
	serve("10.0.0.1:80", "")
	serve("169.254.169.254:80", "")
	runner := quick()
	runner.Resolver = serveNames(t, map[string][]string{"inside.test.": {"10.0.0.1"}, "public.test.": {"8.8.8.8"}, "metadata.test.": {"169.254.169.254"}})
	allowed := over(func(o *Transport) { o.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })

	require.Equal(t, RedirectBlocked, lastAttempt(t, runner, target(t, "http://public.test./")).Verdict.Reason, "from public to private by name")
	require.Zero(t, asked["10.0.0.1:80"])
	require.Equal(t, OK, lastAttempt(t, runner, target(t, "http://public.test./", allowed)).Verdict.Reason)
	require.Equal(t, OK, lastAttempt(t, runner, target(t, "http://inside.test./")).Verdict.Reason, "a private address that is configured")
	require.Equal(t, AddressBlocked, lastAttempt(t, runner, target(t, "http://metadata.test./", allowed)).Verdict.Reason)
	require.Zero(t, asked["169.254.169.254:80"])
	require.Equal(t, 2, asked["10.0.0.1:80"])
}
