package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDemoTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := sonde(t, "demo", "--for", "20s")
	require.Equal(t, 0, code, stderr)
	require.Empty(t, stderr)
	for _, said := range []string{
		`probe    shop    is up: ok, 200`,
		`probe    shop    is degraded: too_slow, 200`,
		`probe    shop    is down: server_error, 503 \(retry backoff, fault target\)`,
		`slack    5xx: shop is down: 503 Service Unavailable.*It announced to be back by.*\[new thread\]`,
		`slack    5xx: shop recovered after .*\[reply, shown in the channel too\]`,
		`probe    reports is degraded: unauthenticated, 401 \(retry no, fault credential\)`,
		`slack    auth 401/403: reports refuses our credential: 401 Unauthorized.*\[new thread\]`,
		`slack    auth 401/403: reports recovered`,
		`shop     99% over 1h  \d+s of 36s of the error budget is spent`,
		`3 probes: 3 up; last 24 h: 2xx `,
		`up     docs     200 2xx success`,
	} {
		require.Regexp(t, said, stdout)
	}
	require.NotContains(t, stdout, "\x1b", "colour is for terminals only")
	require.NotContains(t, stdout, "probe    docs    is d", "docs is always well")
}

func TestDemoEndsInGoodOrderWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	began := time.Now()
	p := begin(t, nil, "demo")
	require.Eventually(t, func() bool { return time.Since(began) > 2*time.Second }, 10*time.Second, 100*time.Millisecond)
	require.Equal(t, 0, p.end(syscall.SIGINT))
	require.Contains(t, p.output.String(), "STATE  PROBE")
}

func TestDemoRefusesAStoryThatIsTooShort(t *testing.T) {
	code, _, stderr := sonde(t, "demo", "--for", "1s")
	require.Equal(t, 64, code)
	require.Contains(t, stderr, "at least 15s")
}
