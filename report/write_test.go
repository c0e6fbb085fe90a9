package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/report"
	"sonde/slo"
	"sonde/store"
)

func TestAStatusIsWrittenProbeByProbeAsItWouldBeAsAWhole(t *testing.T) {
	full, groups := town(t).snapshot(), trio(t, slo.Worst).snapshot()
	for name, s := range map[string]*store.Snapshot{
		"of many probes":                       full,
		"of a group":                           groups,
		"of one":                               {Service: full.Service, Probes: full.Probes[:1], Classes: full.Classes},
		"of none":                              {Service: full.Service},
		"of a version that looks like a place": {Service: store.Service{Version: "\n \"probes\": []", Running: true}, Probes: full.Probes},
	} {
		t.Run(name, func(t *testing.T) {
			for _, storage := range []*report.Storage{nil, {State: report.StorageLow}} {
				whole := report.NewStatus(s, now)
				if storage != nil {
					whole.Service.Storage = storage
				}
				want, err := json.MarshalIndent(whole, "", " ")
				require.NoError(t, err)
				var got bytes.Buffer
				require.NoError(t, report.WriteStatusJSON(&got, s, now, storage))
				require.Equal(t, string(want)+"\n", got.String())
			}
		})
	}
}

func TestPromisesAreWrittenOneByOneAsTheyWouldBeAsAWhole(t *testing.T) {
	for _, s := range []*store.Snapshot{town(t).snapshot(), trio(t, slo.Worst).snapshot(), {}} {
		want, err := json.MarshalIndent(report.NewStatus(s, now).Promises(), "", " ")
		require.NoError(t, err)
		var got bytes.Buffer
		require.NoError(t, report.WritePromisesJSON(&got, s, now))
		require.Equal(t, string(want)+"\n", got.String())
	}
}

func TestAStatusThatNobodyTakesIsNotWrittenOn(t *testing.T) {
	gone := errors.New("gone")
	require.ErrorIs(t, report.WriteStatusJSON(deaf{gone}, town(t).snapshot(), now, nil), gone)
	require.ErrorIs(t, report.WritePromisesJSON(deaf{gone}, town(t).snapshot(), now), gone)
}

// deaf is a writer that takes nothing.
type deaf struct{ error }

func (d deaf) Write([]byte) (int, error) { return 0, d.error }
