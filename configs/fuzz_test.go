package configs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func FuzzParse(f *testing.F) {
	for _, folder := range []string{"bad", "good", "warn"} {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
		require.NoError(f, err)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Add(configs.Example)
	f.Fuzz(func(t *testing.T, data []byte) {
		config, warnings, err := configs.Parse("sonde.yaml", data, configs.Options{Env: nothing})
		requireSound(t, warnings)
		if err == nil {
			requireComplete(t, config)
			return
		}
		require.Nil(t, config)
		problems, ok := errors.AsType[configs.Problems](err)
		require.True(t, ok)
		require.NotEmpty(t, problems)
		requireSound(t, problems)
	})
}

// requireSound checks that problems can be shown.
func requireSound(t *testing.T, problems []configs.Problem) {
	t.Helper()
	requireOrdered(t, problems)
	for _, p := range problems {
		require.True(t, utf8.ValidString(p.Text+p.Path+p.Source))
		require.NotContains(t, p.String(), "\n")
		require.NotContains(t, p.Source+p.Text+p.Path, "\x1b")
	}
}

// requireComplete checks that nothing behind the configuration needs to check it again.
func requireComplete(t *testing.T, config *configs.Config) {
	t.Helper()
	require.NotEmpty(t, config.Probes)
	names := map[string]bool{}
	for _, p := range config.Probes {
		require.False(t, names[p.Name], "names are unique")
		names[p.Name] = true
		require.NotEmpty(t, p.Target.URL.Host)
		require.Positive(t, p.Target.Timeout)
		require.LessOrEqual(t, p.Target.Timeout, p.Interval)
		require.Equal(t, p.Interval, p.Policy.Interval)
	}
}
