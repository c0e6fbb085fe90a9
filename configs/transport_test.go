package configs_test

import (
	"crypto/tls"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/probe"
)

// transports reads testdata/good/transport.yaml.
func transports(t *testing.T, env map[string]string, secrets bool) map[string]*probe.Target {
	t.Helper()
	data, err := os.ReadFile("testdata/good/transport.yaml")
	require.NoError(t, err)
	config, warnings, err := configs.Parse("transport.yaml", data, configs.Options{Env: environment(env), Secrets: secrets})
	require.NoError(t, err)
	require.Empty(t, warnings)
	targets := map[string]*probe.Target{}
	for i := range config.Probes {
		targets[config.Probes[i].Name] = config.Probes[i].Target
	}
	return targets
}

func TestHowATargetIsReached(t *testing.T) {
	targets := transports(t, map[string]string{"PASSWORD": "p@ss: w/rd?", "PROXY": "https://bob:x@proxy.example.com"}, true)
	require.Equal(t, probe.Transport{
		Protocol: probe.HTTP1, Family: probe.IPv4, MinTLS: tls.VersionTLS13, ServerName: "other.example.com", MaxBody: 512 << 10,
		Resolvers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.53:53"), netip.MustParseAddrPort("[::1]:5353")},
	}, targets["all"].Transport)

	inherits := targets["inherits"].Transport
	require.Equal(t, "socks5://[::1]", inherits.Proxy.String())
	require.Equal(t, int64(4<<20), inherits.MaxBody)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.1/32")}, inherits.AllowNetworks)

	require.Equal(t, probe.HTTP3, targets["quic"].Transport.Protocol)
	require.Equal(t, probe.HTTP2, targets["h2"].Transport.Protocol)
	require.Equal(t, probe.BothFamilies, targets["h2"].Transport.Family)
	require.Equal(t, int64(64<<10), targets["h2"].Transport.MaxBody)

	secret := targets["secret"].Transport.Proxy
	require.Equal(t, "http://proxy.example.com:3128", secret.String())
	require.Equal(t, []string{"ann", "p@ss: w/rd?"}, []string{secret.User.Reveal(), secret.Password.Reveal()}, "what a reference stands for may hold anything")
	whole := targets["whole"].Transport.Proxy
	require.Equal(t, "https://proxy.example.com", whole.String())
	require.Equal(t, []string{"bob", "x"}, []string{whole.User.Reveal(), whole.Password.Reveal()})
}

func TestAProxyIsCheckedWithoutItsSecrets(t *testing.T) {
	targets := transports(t, nil, false)
	require.Equal(t, "http://proxy.example.com:3128", targets["secret"].Transport.Proxy.String())
	require.Nil(t, targets["whole"].Transport.Proxy, "nothing is known of it")
}

func TestARequestThatGoesAnotherWayIsAnotherRequest(t *testing.T) {
	hash := func(keys string) string {
		config, _, err := configs.Parse("x.yaml", []byte("probes: [{name: a, url: 'https://example.com/'"+keys+"}]"), configs.Options{Env: nothing})
		require.NoError(t, err)
		return config.Probes[0].RequestHash
	}
	usual := hash("")
	for _, keys := range []string{", protocol: 2", ", proxy: 'http://proxy.example.com'", ", server_name: b.example.com"} {
		require.NotEqual(t, usual, hash(keys), keys)
	}
	for _, keys := range []string{", protocol: any", ", proxy: ''", ", max_body: 2MiB", ", family: ip4", ", insecure: true", ", login_hosts: idp.example.com"} {
		require.Equal(t, usual, hash(keys), keys)
	}
}
