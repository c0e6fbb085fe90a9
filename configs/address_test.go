package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestListenIsNowhereOrAnAddressAndWarnsBeyondThisMachine(t *testing.T) {
	for name, tc := range map[string]struct{ written, problem, warning string }{
		"nothing turns the page off":       {`""`, "", ""},
		"loopback is for this machine":     {"127.0.0.2:9320", "", ""},
		"so is its IPv6 form":              {`"[::1]:9320"`, "", ""},
		"so is localhost":                  {"localhost:9320", "", ""},
		"port 0 lets the system choose":    {"127.0.0.1:0", "", ""},
		"every address is for everyone":    {":9320", "", "everyone who reaches this machine can see the page; write 127.0.0.1:9320"},
		"a name is for who resolves it":    {"status.example.com:80", "", "everyone who reaches this machine"},
		"a host needs a port":              {"127.0.0.1", "is no host:port", ""},
		"a port is not a host":             {"9320", "is no host:port; write one like 127.0.0.1:9320", ""},
		"a port is a number":               {"127.0.0.1:http", "is no host:port", ""},
		"a port is below 65536":            {"127.0.0.1:65536", "is no host:port", ""},
		"a host is a name or an address":   {"'a b:80'", `the host "a b" is neither a name nor an address`, ""},
		"an IPv4 address has four numbers": {"127.0.1:80", "ends in a number but is no IPv4 address", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := "listen: " + tc.written + "\ndefaults: {notify: []}\nprobes: [{name: a, url: 'http://127.0.0.1/'}]\n"
			_, warnings, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
			if tc.problem != "" {
				require.ErrorContains(t, err, tc.problem)
				return
			}
			require.NoError(t, err)
			if tc.warning == "" {
				require.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1)
			require.Contains(t, warnings[0].String(), "sonde.yaml:1:9: listen: "+tc.warning)
		})
	}
}

func TestAddressesThatPathsAreAddedToHaveNoQuery(t *testing.T) {
	for _, written := range []string{"https://example.com/?a=b", "https://example.com/#top"} {
		text := "public_url: " + written + "\nprobes: [{name: a, url: 'http://127.0.0.1/'}]\n"
		_, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
		require.ErrorContains(t, err, "sonde.yaml:1:13: public_url: paths are added to this address, so it cannot have a query or a fragment")
	}
}
