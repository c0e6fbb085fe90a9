package incident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestProbesThatAreRefusedTogetherAreToldOnce(t *testing.T) {
	f := newFleet(t, 5, nil)
	for id := 1; id <= 3; id++ {
		require.Empty(t, f.gets(id, id, denied), "a single refusal is none yet")
	}
	require.Empty(t, f.gets(1, 61, denied))
	require.Empty(t, f.gets(2, 62, denied))
	require.Equal(t, []string{"opened auth_group 1m3s"}, f.gets(3, 63, denied), "three of five")
	group := f.open(credential, probe.KindAuthGroup)
	require.Equal(t, at(1), group.Since)
	require.Equal(t, probe.Critical, group.Severity)
	require.Equal(t, denied, group.Cause)
	require.Equal(t, 3.0, group.Reading.Now)
	require.Equal(t, 5.0, group.Reading.Usual)
	require.Equal(t, []probe.ID{1, 2, 3}, f.told[0].Hits)

	require.Equal(t, []string{"opened auth_failed 2m1s"}, f.gets(1, 121, denied))
	own := f.told[len(f.told)-1].Problem
	require.Equal(t, group.ID, own.Within, "what each has to say is a part of it")
	require.Equal(t, group.ID, f.states[1].Open(probe.KindAuthFailed).Within)

	require.Empty(t, f.gets(2, 122, good))
	require.Empty(t, f.gets(3, 123, good))
	require.Empty(t, f.gets(1, 181, good), "its own incident is open until it is good for long enough")
	require.Empty(t, f.gets(1, 241, good))
	require.Equal(t, []string{"resolved auth_group 5m1s", "resolved auth_failed 5m1s"}, f.gets(1, 301, good))
	require.Equal(t, group.ID, f.told[len(f.told)-1].Problem.Within)
}

func TestRefusalsThatAreNotTogetherAreToldOfEach(t *testing.T) {
	for name, tc := range map[string]struct {
		probes, refused int
		apart           int // seconds between the first refusals
		change          func(i int, m *incident.Member)
		want            bool
	}{
		"three of six":                      {probes: 6, refused: 3, apart: 1, want: true},
		"three of seven are less than half": {probes: 7, refused: 3, apart: 1},
		"two are too few":                   {probes: 3, refused: 2, apart: 1},
		"within ten minutes":                {probes: 3, refused: 3, apart: 240, want: true},
		"not within ten minutes":            {probes: 3, refused: 3, apart: 361},
		"the rule is off":                   {probes: 3, refused: 3, apart: 1, change: func(_ int, m *incident.Member) { m.Policy.Rules.AuthGroup = incident.AuthGroup{} }},
		"each has a credential of its own":  {probes: 3, refused: 3, apart: 1, change: func(_ int, m *incident.Member) { m.Credential = "of/" + m.Name }},
		"who has turned it off is not one of it": {probes: 4, refused: 3, apart: 1, change: func(i int, m *incident.Member) {
			if i == 3 {
				m.Policy.Rules.AuthGroup = incident.AuthGroup{}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, tc.probes, tc.change)
			for minute := range 30 {
				for id := 1; id <= tc.refused; id++ {
					if begin := (id - 1) * tc.apart; minute*60+id >= begin && minute*60 < begin+300 {
						f.gets(id, minute*60+id, denied)
					}
				}
			}
			opened := false
			for _, told := range f.told {
				opened = opened || told.Problem.Kind == probe.KindAuthGroup
			}
			require.Equal(t, tc.want, opened)
		})
	}
}
