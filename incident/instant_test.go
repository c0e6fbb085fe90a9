package incident_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

func TestAnInstantIsTheTimeThatItWasMadeOf(t *testing.T) {
	for name, tc := range map[string]time.Time{
		"none":                         {},
		"now":                          t0,
		"before 1970":                  time.Date(1969, 7, 20, 20, 17, 40, 123e6, time.UTC),
		"the earliest a state can see": time.UnixMilli(1).UTC(),
	} {
		t.Run(name, func(t *testing.T) {
			i := incident.InstantOf(tc)
			require.Equal(t, tc, i.Time())
			text, err := json.Marshal(i)
			require.NoError(t, err)
			same, err := json.Marshal(tc)
			require.NoError(t, err)
			require.Equal(t, string(same), string(text))
			var again incident.Instant
			require.NoError(t, json.Unmarshal(text, &again))
			require.Equal(t, i, again)
		})
	}
	require.Error(t, new(incident.Instant).UnmarshalText([]byte("yesterday")))
	require.Equal(t, t0, incident.InstantOf(t0.Add(time.Microsecond)).Time(), "to the millisecond")
}
