package incident_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

func TestID(t *testing.T) {
	for text, id := range map[string]incident.ID{
		"0": 0, "1": 1, "Z": 31, "10": 32, "1000": incident.FirstID, "1001": incident.FirstID + 1, "ZZZZ": 32*32*32*32 - 1, "7Q2K": 253_011,
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, text, id.String())
			got, err := incident.ParseID(text)
			require.NoError(t, err)
			require.Equal(t, id, got)
		})
	}
	require.Equal(t, "0", incident.ID(-5).String())
}

func TestParseIDReadsWhatPeopleType(t *testing.T) {
	for typed, meant := range map[string]string{"7q2k": "7Q2K", "1oo0": "1000", "IO0L": "1001", "il0O": "1100", "07Q2K": "7Q2K"} {
		t.Run(typed, func(t *testing.T) {
			id, err := incident.ParseID(typed)
			require.NoError(t, err)
			require.Equal(t, meant, id.String())
		})
	}
	for name, typed := range map[string]string{
		"nothing": "", "a U": "7QUK", "a space": "7Q 2K", "a hash": "#7Q2K", "too many digits": "1234567890123", "another script": "７Q２K",
	} {
		t.Run(name, func(t *testing.T) {
			id, err := incident.ParseID(typed)
			require.ErrorContains(t, err, "7Q2K", "the error shows how an id looks")
			require.Zero(t, id)
		})
	}
}

func TestSequenceIsContinued(t *testing.T) {
	w := world{policy: usual(60), ids: incident.Sequence{Next: 50_000}}
	w.feed(0, broken, broken, broken)
	require.Equal(t, incident.ID(50_000), w.told[0].Problem.ID)
	require.Equal(t, incident.ID(50_001), w.ids.Next)
}

func TestTextForms(t *testing.T) {
	type forms struct {
		ID     incident.ID
		Phase  incident.Phase
		Change incident.Change
	}
	for phase, name := range map[incident.Phase]string{incident.Closed: "closed", incident.Open: "open", incident.Recovered: "recovered"} {
		for change, word := range map[incident.Change]string{
			incident.Opened: "opened", incident.Changed: "changed", incident.Reminded: "reminded", incident.Resolved: "resolved",
			incident.Reopened: "reopened", incident.ClosedNow: "closed", incident.Withdrawn: "withdrawn",
		} {
			in := forms{incident.FirstID, phase, change}
			text, err := json.Marshal(in)
			require.NoError(t, err)
			require.JSONEq(t, `{"ID":"1000","Phase":"`+name+`","Change":"`+word+`"}`, string(text))
			var out forms
			require.NoError(t, json.Unmarshal(text, &out))
			require.Equal(t, in, out)
		}
	}
	var c incident.Change
	require.ErrorContains(t, c.UnmarshalText([]byte("exploded")), "use one of opened, changed")
	require.ErrorContains(t, c.UnmarshalText(nil), "is no change of an incident", "no change is not a change")
	var p incident.Phase
	require.ErrorContains(t, p.UnmarshalText([]byte("half")), "use one of closed, open, recovered")
	var id incident.ID
	require.ErrorContains(t, id.UnmarshalText([]byte("!")), "is no incident id")
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"7Q2K", "1000", "oil", "ZZZZZZZZZZZZ", "0", "-1", "ſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := incident.ParseID(text)
		if err != nil {
			require.Zero(t, id)
			return
		}
		require.GreaterOrEqual(t, id, incident.ID(0))
		again, err := incident.ParseID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}
