package configs

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkParse reads a file of 10,000 probes: "short" ones have a name and an address,
// "full" ones most of what a probe can have. Compare CPU time: the machine may be busy.
func BenchmarkParse(b *testing.B) {
	const short = "  - {name: probe-%[1]d, url: \"https://host-%[1]d.example.com/healthz\"}\n"
	const full = `  - name: probe-%[1]d
    group: payments
    url: https://host-%[1]d.example.com/healthz?deep=1
    interval: 30s
    timeout: 5s
    headers: {accept: application/json, authorization: "Bearer ${env:TOKEN}"}
    expect: {status: [200, 204], body: {contains: ok}, latency: 2s}
    objective: 99.9%% over 30d
    notify: [ops]
    alert: {down_after: 120s}
    runbook: https://runbooks.example.com/%[1]d
    labels: {team: payments, tier: "1"}
`
	for name, probe := range map[string]string{"short": short, "full": full} {
		b.Run(name, func(b *testing.B) {
			data := []byte(fileOf(10_000, probe))
			env := func(string) (string, bool) { return "https://hooks.slack.com/services/T0/B0/abcdefgh", true }
			b.ReportAllocs()
			began := cpuTime(b)
			n := 0
			for b.Loop() {
				config, _, err := Parse("sonde.yaml", data, Options{Secrets: true, Env: env})
				require.NoError(b, err)
				require.Len(b, config.Probes, 10_000)
				n++
			}
			b.ReportMetric(float64((cpuTime(b)-began).Milliseconds())/float64(n), "cpu-ms/op")
		})
	}
}

// fileOf is a file with so many probes.
func fileOf(probes int, probe string) string {
	var s strings.Builder
	s.WriteString("destinations: {ops: {slack: {webhook: \"${env:WEBHOOK}\"}}}\nprobes:\n")
	for i := range probes {
		_, _ = fmt.Fprintf(&s, probe, i)
	}
	return s.String()
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
