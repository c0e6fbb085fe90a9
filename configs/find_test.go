package configs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestFindTakesWhatWasNamedBeforeWhatIsThere(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sonde.yaml", nil, 0o600))
	for name, tc := range map[string]struct {
		flag string
		env  map[string]string
		want string
	}{
		"the flag comes first":            {"x.yaml", map[string]string{"SONDE_CONFIG": "y.yaml"}, "x.yaml"},
		"then the environment":            {"", map[string]string{"SONDE_CONFIG": "y.yaml"}, "y.yaml"},
		"then the file in this folder":    {"", nil, "./sonde.yaml"},
		"an empty variable names nothing": {"", map[string]string{"SONDE_CONFIG": ""}, "./sonde.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			path, err := configs.Find(tc.flag, environment(tc.env))
			require.NoError(t, err)
			require.Equal(t, tc.want, path)
		})
	}
}

func TestAFileThatCannotBeReadIsNoProblemOfItsContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yaml")
	config, warnings, err := configs.Load(path, configs.Options{Env: nothing})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Nil(t, config)
	require.Empty(t, warnings)
	_, _, err = configs.Load(t.TempDir(), configs.Options{Env: nothing})
	require.ErrorContains(t, err, "is a directory")
}
