package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestWhatNeverWorkedIsKnownToBeSo(t *testing.T) {
	never := func(over time.Duration) incident.Reading {
		return incident.Reading{Level: incident.NeverWorked, Over: over}
	}
	for name, tc := range map[string]struct {
		results   []probe.Verdict
		rewritten int // before the nth result the request is changed; 0: it is not
		kind      probe.Kind
		want      incident.Reading
	}{
		"an outage since the very first slot":            {results: times(3, refused), kind: probe.KindDown, want: never(2 * time.Minute)},
		"refusals since then":                            {results: times(3, denied), kind: probe.KindAuthFailed, want: never(2 * time.Minute)},
		"rejections since then":                          {results: times(3, missing), kind: probe.KindClientFault, want: never(2 * time.Minute)},
		"first this and then that, but nothing good":     {results: []probe.Verdict{blind, denied, broken, broken, broken}, kind: probe.KindDown, want: never(4 * time.Minute)},
		"after more than a day":                          {results: slices.Concat(times(1500, denied), times(3, refused)), kind: probe.KindDown, want: never(1502 * time.Minute)},
		"an outage of what was good at first":            {results: []probe.Verdict{good, refused, refused, refused}, kind: probe.KindDown},
		"of what was good once":                          {results: []probe.Verdict{refused, good, refused, refused, refused}, kind: probe.KindDown},
		"refusals of what was good a day ago":            {results: slices.Concat([]probe.Verdict{denied, good}, times(1500, blind), times(3, denied)), kind: probe.KindAuthFailed},
		"of a request that was another one, and good":    {results: []probe.Verdict{good, refused, refused, refused}, rewritten: 1, kind: probe.KindDown, want: never(0)},
		"of one that was another one, and good later":    {results: []probe.Verdict{refused, good, good, refused, refused, refused}, rewritten: 3, kind: probe.KindDown, want: never(0)},
		"of one that was another one, and good a day on": {results: slices.Concat(times(1500, denied), []probe.Verdict{good, refused, refused, refused}), rewritten: 1501, kind: probe.KindDown, want: never(0)},
		"of one that was another one, and never good":    {results: times(4, refused), rewritten: 1, kind: probe.KindDown, want: never(2 * time.Minute)},
		"what was only degraded until then":              {results: slices.Concat(times(3, shed), times(3, refused)), kind: probe.KindDown, want: never(5 * time.Minute)},
		"what is slow says so of nothing":                {results: times(9, slow), kind: probe.KindDegraded},
	} {
		t.Run(name, func(t *testing.T) {
			w := ruled(nil)
			for i, v := range tc.results {
				if i > 0 && i == tc.rewritten {
					w.state.Rewrite()
				}
				w.feed(60*i, v)
			}
			p := w.state.Open(tc.kind)
			require.NotNil(t, p)
			require.Equal(t, tc.want, p.Reading)
		})
	}
}

// A first good answer is no recovery yet; but nobody says any longer that there was none.
func TestWhatHasWorkedIsNotSaidToHaveNever(t *testing.T) {
	for _, v := range []probe.Verdict{refused, denied, missing} {
		w := ruled(nil)
		w.feed(0, v, v, v, v)
		p := w.state.Open(v.Kind())
		require.Equal(t, incident.NeverWorked, p.Reading.Level)
		told := w.told[0].Problem
		w.feed(240, good, v)
		p = w.state.Open(v.Kind())
		require.NotEqual(t, incident.NeverWorked, p.Reading.Level)
		require.Zero(t, p.Reading.Over)
		require.Equal(t, incident.NeverWorked, told.Reading.Level, "what was told stays as it was")
	}
}
