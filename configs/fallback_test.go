package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestAFallbackIsOneDestinationOrSeveralInTheirOrder(t *testing.T) {
	for written, want := range map[string][]string{
		"":                          nil,
		", fallback: b":             {"b"},
		", fallback: [b]":           {"b"},
		", fallback: [c, b]":        {"c", "b"},
		", fallback: [\"b\", c, d]": {"b", "c", "d"},
	} {
		file := "destinations:\n  a: {webhook: {url: \"http://127.0.0.1/a\"}" + written + "}\n"
		for _, name := range []string{"b", "c", "d"} {
			file += "  " + name + ": {webhook: {url: \"http://127.0.0.1/" + name + "\"}}\n"
		}
		config, warnings, err := configs.Parse("sonde.yaml", []byte(file+"probes: [{name: x, url: \"http://127.0.0.1/\", notify: [a]}]\n"), configs.Options{Env: nothing})
		require.NoError(t, err, written)
		require.Equal(t, want, config.Destinations[0].Fallback)
		require.Len(t, warnings, 3-len(want), "%s: those that nobody uses are warned of", written)
	}
}
