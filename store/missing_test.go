package store

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

func TestWhatIsMissingIsToldOnceAndNoNumberIsGivenTwice(t *testing.T) {
	killed := leftBy(t, 200)
	path := killed.place(t, t.TempDir())
	marked, err := readStamp(path)
	require.NoError(t, err)
	require.Greater(t, marked.seq, int64(80))
	require.Greater(t, marked.next, incident.FirstID)
	require.NoError(t, os.WriteFile(path+"-wal", []byte("no log at all"), 0o600))
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	_, err = OpenWith(t.Context(), Options{Path: path, Fallback: "here", OnCorrupt: Stop})
	require.ErrorAs(t, err, new(*DamagedError))
	require.ErrorContains(t, err, "of the log are missing")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "who wants to stop finds it as it was")
	log, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	require.Equal(t, "no log at all", string(log))

	for range 2 { // the first is killed before it has told anybody
		s, err := Open(t.Context(), path, "", "here")
		require.NoError(t, err)
		lost, err := s.Lost(t.Context())
		require.NoError(t, err)
		require.Contains(t, lost.Why, "of the log are missing")
		kept, err := os.ReadFile(lost.Aside)
		require.NoError(t, err)
		require.Equal(t, "no log at all", string(kept))
		_, m, err := s.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, marked.mark, mark{m.Seq, m.IDs.Next, false}, "it goes on behind what was told of")
		require.NoError(t, s.closeDB())
		require.NoError(t, s.lock.release())
	}
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	lost, err := s.Lost(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Announce(t.Context(), lost, []string{"ops"}, "here"))
	require.NoError(t, s.Close())
	s = open(t, path)
	lost, err = s.Lost(t.Context())
	require.NoError(t, err)
	require.Nil(t, lost, "people are told once")
	require.Len(t, stillAside(path), 1, "and it is shown for as long as it lies there")
}

func TestTheStampSaysHowFarTheDatabaseWasWritten(t *testing.T) {
	path := newPath(t)
	s, err := Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	p := configure(t, s, t0, watched("a", time.Minute))["a"]
	reached := func() mark {
		marked, err := readStamp(path)
		require.NoError(t, err)
		require.True(t, marked.found)
		return marked.mark
	}
	result := func(seq int64) *Batch {
		at := t0.Add(time.Duration(seq) * time.Minute)
		return &Batch{Seq: seq, At: at, Entries: []Entry{{Probe: p, Input: incident.Input{At: at, Verdict: judge(probe.OK, 200), Attempts: 1}}}}
	}
	s.marker.written = time.Now().Add(-time.Hour)
	require.NoError(t, s.Commit(t.Context(), result(1)))
	require.EqualValues(t, 1, reached().seq, "it was written long ago")
	s.marker.written = time.Now().Add(time.Hour)
	require.NoError(t, s.Commit(t.Context(), result(2)))
	require.EqualValues(t, 1, reached().seq, "it was written just now")
	require.NoError(t, s.Commit(t.Context(), outage(p, 3)))
	require.Equal(t, mark{3, incident.FirstID + 1, false}, reached(), "an incident is noted at once")
	require.NoError(t, s.Commit(t.Context(), result(4)))
	require.NoError(t, s.Close())
	require.EqualValues(t, 4, reached().seq, "at the end")

	for name, tc := range map[string]struct {
		content string
		want    stamp
	}{
		"one of an older sonde":       {stampTitle + stampClosed, stamp{found: true, clean: true}},
		"one of this one":             {stampTitle + mark{7, 9, true}.String() + stampWritten, stamp{found: true, mark: mark{7, 9, true}}},
		"one that says since when":    {stampTitle + mark{7, 9, true}.String() + stampWritten + stampBoot + "3b7f\n", stamp{found: true, boot: "3b7f", mark: mark{7, 9, true}}},
		"a mark that is no number":    {stampTitle + "segment seven, next incident 9, told of what is not stored 0\n" + stampClosed, stamp{found: true, clean: true}},
		"a mark of which half is bad": {stampTitle + "segment 00000000000000000007, next\n" + stampClosed, stamp{found: true, clean: true}},
		"a negative mark":             {stampTitle + "segment -0000000000000000007, next incident 9, told of what is not stored 0\n" + stampClosed, stamp{found: true, clean: true}},
		"no text at all":              {"\x00\xff", stamp{found: true}},
		"nothing":                     {"", stamp{found: true}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(stampPath(path), []byte(tc.content), 0o600))
			got, err := readStamp(path)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			require.NoError(t, writeStamp(path, got))
			again, err := readStamp(path)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestItIsKnownAfterACrashThatPeopleWereToldOfWhatIsNotStored(t *testing.T) {
	path := newPath(t)
	var next incident.ID
	reopen := func(told bool, doubtful bool) {
		s, err := Open(t.Context(), path, "", "here")
		require.NoError(t, err)
		require.Equal(t, doubtful, s.Doubtful())
		_, m, err := s.Load(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, m.IDs.Next, next, "no id is given twice")
		next = m.IDs.Next + 5
		s.Unstored(told, next)
		require.NoError(t, s.closeDB(), "as after a kill")
		require.NoError(t, s.lock.release())
	}
	reopen(true, false)
	reopen(true, true)
	reopen(false, true)
	reopen(false, false)
}
