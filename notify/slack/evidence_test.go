package slack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

func TestAnAlertSaysWhoAnsweredAndByWhichTrace(t *testing.T) {
	m := sample(incident.Opened, causes["5xx"])
	m.Body.Gateway = "503 after 60.0 s from the edge (<nginx>): upstream `timeout`"
	m.Body.Trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	r := told(m).fit(formFull)
	within(t, r)
	file := filepath.Join("testdata", "opened-evidence.json")
	if *update {
		require.NoError(t, os.WriteFile(file, golden(t, r), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(golden(t, r)))
}
