package configs_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

// files lists the YAML files of a folder of testdata.
func files(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// parse reads a file under its base name, so that golden files name no folder.
func parse(t *testing.T, path string) (*configs.Config, []configs.Problem, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return configs.Parse(filepath.Base(path), data, configs.Options{Env: nothing})
}

func TestEveryProblemOfABadFileIsSaidAtOnceWithItsPlace(t *testing.T) {
	for _, path := range files(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			config, _, err := parse(t, path)
			require.Nil(t, config)
			problems, ok := errors.AsType[configs.Problems](err)
			require.True(t, ok, "the error is Problems, not %T", err)
			require.NotEmpty(t, problems)
			requireOrdered(t, problems)
			golden(t, strings.TrimSuffix(path, "yaml")+"golden", problems.Error()+"\n")
		})
	}
}

func requireOrdered(t *testing.T, problems []configs.Problem) {
	t.Helper()
	require.True(t, slices.IsSortedFunc(problems, func(a, b configs.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	}), "sorted by place")
	for _, p := range problems {
		require.Positive(t, p.Line)
		require.Positive(t, p.Column)
		require.NotEmpty(t, p.Text)
	}
}

func TestWarningsSayWhatIsLikelyNotMeantAndNeverFail(t *testing.T) {
	for _, path := range files(t, "warn") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			config, warnings, err := parse(t, path)
			require.NoError(t, err)
			require.NotNil(t, config)
			requireOrdered(t, warnings)
			golden(t, strings.TrimSuffix(path, "yaml")+"golden", configs.Problems(warnings).Error()+"\n")
		})
	}
}

func TestGoodFilesHaveNothingToSay(t *testing.T) {
	for _, path := range files(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			config, warnings, err := parse(t, path)
			require.NoError(t, err)
			require.Empty(t, warnings)
			require.NotEmpty(t, config.Probes)
		})
	}
}
