package web_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the tests of this package see into testdata")

// What scrapers get is as Prometheus's own library writes it, to the byte: it wrote this
// file at first.
func TestTheMetricsReadAsPrometheusWritesThem(t *testing.T) {
	l := town(t)
	o := usual(l.reader, l.tallies)
	o.Gauges = gauges
	code, header, body := listen(t, o).get(t, "/metrics")
	require.Equal(t, 200, code)
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", header.Get("Content-Type"))
	const path = "testdata/metrics.txt"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(ours(body)), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), ours(body))
}
