package store

import (
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// entriesOf are the entries of a segment about one probe.
func entriesOf(packed []byte, id probe.ID) (entries []Entry, err error) {
	err = eachEntryOf(packed, id, nil, func(e *Entry) { entries = append(entries, *e) })
	return entries, err
}

func TestEntriesOfOneProbeAreThoseOfTheSegment(t *testing.T) {
	for seed := range uint64(8) {
		segment, _ := packed(t, seed, 10<<seed)
		all, err := unpackEntries(segment)
		require.NoError(t, err)
		for id := range probe.ID(5) {
			var want []Entry
			for _, e := range all {
				if e.Probe == id {
					want = append(want, e)
				}
			}
			got, err := entriesOf(segment, id)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err = entriesOf(segment[:len(segment)-1], 1)
		require.ErrorIs(t, err, errPacked)
	}
}

func TestEntriesBehindOneWithoutATimeAreRead(t *testing.T) {
	verdict := judge(probe.OK, 200)
	segment := packEntries([]Entry{
		{Probe: 1, Input: incident.Input{Verdict: verdict}}, {Probe: 2, Input: incident.Input{At: t0, Verdict: verdict}},
	})
	got, err := entriesOf(segment, 2)
	require.NoError(t, err)
	require.Equal(t, []Entry{{Probe: 2, Input: incident.Input{At: t0, Verdict: verdict}}}, got)
}

// What can be read as a whole gives the same probe by probe, whatever it is; what cannot
// ends in an error at the worst.
func FuzzEntriesOf(f *testing.F) {
	for seed := range uint64(4) {
		segment, _ := packed(f, seed, 5<<seed)
		f.Add(segment[:len(segment)-crc32.Size])
	}
	f.Add([]byte{packing})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, body []byte) {
		data := summed(body)
		if len(body) > 0 && body[0] == 1 {
			data = body
		}
		all, err := unpackEntries(data)
		n := 0
		seen := map[probe.ID]bool{0: true}
		for _, e := range all {
			seen[e.Probe] = true
		}
		for id := range seen {
			some, errOf := entriesOf(data, id)
			if errOf != nil {
				require.ErrorIs(t, errOf, errPacked)
				require.Error(t, err)
			}
			n += len(some)
		}
		if err == nil {
			require.Equal(t, len(all), n)
		}
	})
}
