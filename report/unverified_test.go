package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

func TestAProbeWhoseCertificatesAreNotVerifiedIsShownAsThat(t *testing.T) {
	weak := watched("weak\x1b[2J", 60, "99% over 24h")
	weak.Subject.Unverified = true
	s := newLab(t, watched("strong", 60), weak).status()
	written, err := json.Marshal(s)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(written), `"unverified":true`))
	require.NotContains(t, string(written), `"unverified":false`)
	var out strings.Builder
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	require.Contains(t, out.String(), `unverified (insecure: true), so that anybody on the way can answer: weak\x1b[2J`)
	require.NotContains(t, out.String(), "strong,")
}

func TestTheHistoryOfAnUnverifiedProbeSaysSo(t *testing.T) {
	weak := watched("weak", 60)
	weak.Subject.Unverified = true
	l := newLab(t, watched("strong", 60), weak)
	for name, unverified := range map[string]bool{"weak": true, "strong": false} {
		h := l.history(name, time.Hour, 0)
		require.Equal(t, unverified, h.Unverified)
		var out strings.Builder
		require.NoError(t, h.WriteText(&out))
		require.Equal(t, unverified, strings.Contains(out.String(), "\nunverified (insecure: true), so that anybody on the way can answer\n"))
	}
}

func TestFewUnverifiedProbesAreNamed(t *testing.T) {
	var s report.Status
	for range 23 {
		s.Probes = append(s.Probes, report.Probe{Name: "a", Unverified: true})
	}
	var out strings.Builder
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	require.Contains(t, out.String(), ", and 3 probes more")
}
