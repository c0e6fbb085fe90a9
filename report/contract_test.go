package report_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// open are the objects whose keys are data.
var open = map[string]bool{
	"summary.classes_24h": true, "probes[].incidents[].codes": true, "attempts[].headers": true, "attempts[].cache": true,
	"total.codes": true, "total.reasons": true, "rows[].codes": true, "rows[].reasons": true, "incidents[].codes": true, "[].codes": true, "codes": true,
}

// requireContract checks that a document has every key of the contract, with a value of
// the same type or null, and at its place no other key than the extra ones.
func requireContract(t *testing.T, contract string, document any, extra ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", contract))
	require.NoError(t, err)
	var promised, found any
	require.NoError(t, json.Unmarshal(data, &promised))
	data, err = json.Marshal(document)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &found))
	compareKeys(t, "", promised, found, extra)
}

func compareKeys(t *testing.T, path string, promised, found any, extra []string) {
	t.Helper()
	if found == nil || promised == nil {
		return
	}
	require.Equal(t, fmt.Sprintf("%T", promised), fmt.Sprintf("%T", found), path)
	switch promised := promised.(type) {
	case map[string]any:
		compareObjects(t, path, promised, found.(map[string]any), extra)
	case []any:
		for _, element := range found.([]any) {
			if len(promised) > 0 {
				compareKeys(t, path+"[]", promised[0], element, extra)
			}
		}
	case string:
		if _, err := time.Parse(time.RFC3339, promised); err == nil {
			requireUTC(t, path, found.(string))
		}
	}
}

func compareObjects(t *testing.T, path string, promised, found map[string]any, extra []string) {
	t.Helper()
	if open[path] {
		return
	}
	prefix := path + "."
	if path == "" {
		prefix = ""
	}
	for _, key := range slices.Sorted(maps.Keys(promised)) {
		require.Contains(t, found, key, "%s%s is promised", prefix, key)
		compareKeys(t, prefix+key, promised[key], found[key], extra)
	}
	for key := range found {
		if _, known := promised[key]; !known {
			require.Contains(t, extra, prefix+key, "a key that nobody knows of")
		}
	}
}

func requireUTC(t *testing.T, path, s string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err, path)
	require.Equal(t, time.UTC, at.Location(), "%s is UTC", path)
}
