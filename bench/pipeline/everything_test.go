package main

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsJudgedByItsPeaks(t *testing.T) {
	const mb = 1 << 20
	for name, tc := range map[string]struct {
		rss, starting, compacting int64
		want                      string
	}{
		"little all the time":       {60 * mb, 70 * mb, 79 * mb, "reached"},
		"much at the start":         {60 * mb, 81 * mb, 79 * mb, "**missed**"},
		"much while it compacts":    {60 * mb, 70 * mb, 90 * mb, "**missed**"},
		"much in the course of all": {85 * mb, 70 * mb, 79 * mb, "**missed**"},
	} {
		t.Run(name, func(t *testing.T) {
			r := memoryRow(cost{rss: tc.rss, past: &past{starting: tc.starting, peak: tc.compacting, left: "0 results"}})
			require.Equal(t, tc.want, r.verdict)
			require.Contains(t, r.got, "left over: 0 results")
		})
	}
}

func TestAStartIsJudgedByTheSlowerOfStopAndKill(t *testing.T) {
	const ms = time.Millisecond
	require.Equal(t, "reached", startRow(cost{first: 400 * ms, past: &past{killed: 900 * ms, changed: 3000 * ms}}).verdict)
	require.Equal(t, "**missed**", startRow(cost{first: 400 * ms, past: &past{killed: 1100 * ms}}).verdict)
	require.Equal(t, "**missed**", startRow(cost{first: 1100 * ms, past: &past{}}).verdict)
}

// What a process that was killed had sent must not count for the next one.
func TestTheTargetForgetsWhatIsStillOnItsWay(t *testing.T) {
	b := &book{}
	b.reset()
	control := httptest.NewServer(b.serve())
	defer http.DefaultClient.CloseIdleConnections()
	defer control.Close()
	late := time.AfterFunc(30*time.Millisecond, func() { b.arrived(7, time.Now()) })
	defer late.Stop()
	target := &target{control: control.URL}
	require.NoError(t, target.calm(t.Context()))
	seen, err := target.progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, progress{}, seen)

	b.arrived(7, time.Unix(1, 0).UTC())
	b.ended(hit{Probe: 7}, 120)
	seen, err = target.progress(t.Context())
	require.NoError(t, err)
	require.Equal(t, progress{Asked: 1, Probes: 1, First: time.Unix(1, 0).UTC(), Received: 120}, seen)
}

func TestThePeakOfMemoryBeginsAnew(t *testing.T) {
	p := &process{cmd: exec.Command("sleep", "60")}
	require.NoError(t, p.cmd.Start())
	defer func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}()
	require.NoError(t, p.forgetPeak())
	used, err := p.use()
	require.NoError(t, err)
	require.Positive(t, used.peak)
	require.GreaterOrEqual(t, used.peak, used.rss)
}
