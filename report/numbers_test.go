package report_test

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
	"sonde/slo"
)

// noNumber is what Go, JavaScript and Prometheus write for what is none.
var noNumber = regexp.MustCompile(`(?i)(^|[^a-z])(nan|[+-]?inf|infinity)([^a-z]|$)`)

// requireNumbers asks for what people read of a status.
func requireNumbers(t *testing.T, s *report.Status) {
	var out strings.Builder
	promises := s.Promises()
	require.NoError(t, s.WriteText(&out, report.Palette{}))
	require.NoError(t, report.WritePromises(&out, promises))
	for i := range promises {
		require.NoError(t, promises[i].WriteText(&out, nil))
	}
	require.NotRegexp(t, noNumber, out.String())
}

// TestNoNumberIsEverNaNOrInfinite asks for everything about probes that saw anything: JSON
// knows neither, so that a document with one is none.
func TestNoNumberIsEverNaNOrInfinite(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	answers := []probe.Verdict{good, good, good, broken, denied, throttled, blind, slow, missing}
	span, err := report.ParseMonth("2026-11", "America/St_Johns")
	require.NoError(t, err)
	for range 15 {
		combine := slo.Combine(rnd.IntN(2))
		l := newLab(t, inGroup("g", combine, "99.9999% over day in Asia/Seoul",
			watched("a", 60, "0.0001% over 1h", "99.9999% over 1h", "99% over quarter"), watched("b", 1+rnd.IntN(300), "50% over week"))...)
		for _, name := range []string{"a", "b"} {
			var all []probe.Verdict
			for range rnd.IntN(30) {
				all = append(all, answers[rnd.IntN(len(answers))])
			}
			if len(all) > 0 {
				l.play(name, rnd.IntN(7200), all...)
			}
		}
		if rnd.IntN(2) == 0 {
			l.plan("work", 7200, rnd.IntN(7200), "a")
		}
		status := l.status()
		for _, document := range []any{status, status.Promises(), l.month(span, now), l.month(span, now.Add(time.Minute))} {
			_, err := json.Marshal(document)
			require.NoError(t, err)
		}
		requireNumbers(t, status)
		for _, at := range []time.Time{now, now.Add(time.Minute)} {
			for _, format := range []string{"text", "csv", "html"} {
				var out strings.Builder
				require.NoError(t, l.month(span, at).Write(&out, format))
				require.NotRegexp(t, noNumber, out.String())
			}
		}
	}
}
