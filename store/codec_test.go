package store

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
)

// packed are a segment and the states of a random world.
func packed(t testing.TB, seed uint64, steps int) (segment, memory []byte) {
	w := newWorld(t, seed, 3)
	var all []Entry
	for range steps {
		e := w.entry(&w.probes[w.rnd.IntN(3)])
		w.step(e)
		all = append(all, e)
	}
	back, err := unpackEntries(packEntries(all))
	require.NoError(t, err)
	require.Equal(t, all, back)
	return packEntries(all), packMemory(w.memory)
}

// summed is a body with its sum behind it.
func summed(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(append([]byte{}, body...), crc32.Checksum(body, castagnoli))
}

func FuzzUnpackEntries(f *testing.F) {
	for seed := range uint64(4) {
		segment, _ := packed(f, seed, 5<<seed)
		f.Add(segment)
	}
	f.Add([]byte{})
	f.Add([]byte{packing})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := unpackEntries(data)
		if err != nil {
			require.ErrorIs(t, err, errPacked)
			require.Empty(t, entries)
			return
		}
		for _, e := range entries {
			require.True(t, e.Input.Verdict.Valid())
		}
		back, err := unpackEntries(packEntries(entries))
		require.NoError(t, err)
		require.Equal(t, entries, back)
	})
}

func FuzzUnpackMemory(f *testing.F) {
	for seed := range uint64(4) {
		_, memory := packed(f, seed, 100<<seed)
		f.Add(memory[:len(memory)-crc32.Size])
	}
	f.Add([]byte{})
	f.Add([]byte{packing, 0, 0})
	f.Add([]byte{1, 0, 0}) // the packing of the first release
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := unpackMemory(body)
		if err != nil {
			require.ErrorIs(t, err, errPacked, "without its sum")
		}
		m, err := unpackMemory(summed(body))
		if err != nil {
			require.ErrorIs(t, err, errPacked)
			return
		}
		back, err := unpackMemory(packMemory(m))
		require.NoError(t, err)
		m.uncounted = false // an older packing is written again as this one
		require.Equal(t, m, back)
	})
}

// unpackEntries reads a segment of the log.
func unpackEntries(packed []byte) ([]Entry, error) {
	var entries []Entry
	err := eachEntry(packed, func(e *Entry) {
		if entries == nil {
			entries = make([]Entry, 0, len(packed)/8)
		}
		entries = append(entries, *e)
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func TestWhatIsDamagedIsNotRead(t *testing.T) {
	segment, memory := packed(t, 1, 50)
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"a newer packing": append([]byte{packing + 1}, segment[1:]...),
		"cut in an entry": segment[:len(segment)-1],
	} {
		_, err := unpackEntries(data)
		require.ErrorIs(t, err, errPacked, name)
	}
	for name, data := range map[string][]byte{
		"nothing":                 nil,
		"a newer packing":         summed(append([]byte{packing + 1}, memory[1:len(memory)-crc32.Size]...)),
		"a sum of something else": append(append([]byte{}, memory[:len(memory)-1]...), memory[len(memory)-1]^1),
		"only a sum":              summed(nil),
	} {
		_, err := unpackMemory(data)
		require.ErrorIs(t, err, errPacked, name)
	}
}

// A newer build may add to the states; this one steps over it.
func TestStatesWithMoreInThemAreRead(t *testing.T) {
	_, memory := packed(t, 1, 200)
	m, err := unpackMemory(memory)
	require.NoError(t, err)
	p := packer{}
	p.byte(packing)
	p.int(int64(m.IDs.Next))
	p.time(t0)
	p.classes(&m.Classes)
	p.count(len(m.States))
	var seen []probe.Verdict
	var before probe.ID
	for _, id := range slices.Sorted(maps.Keys(m.States)) {
		framed := statePacker{base: t0, seen: seen}
		framed.state(m.States[id])
		framed.buf = append(framed.buf, "what is to come"...)
		seen = framed.seen
		p.int(int64(id - before))
		before = id
		p.count(len(framed.buf))
		p.buf = append(p.buf, framed.buf...)
	}
	back, err := unpackMemory(summed(p.buf))
	require.NoError(t, err)
	require.Equal(t, m, back)
}

func TestAPromiseOfMuchAllocatesLittle(t *testing.T) {
	const size = 1 << 20
	noise := make([]byte, size)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(rnd.UintN(256))
	}
	states := packer{}
	states.byte(packing)
	states.int(1)
	states.time(t0)
	states.count(0)         // classes
	states.count(size - 10) // states, as many as could be if each were a byte long
	states.buf = append(states.buf, noise...)

	problems := packer{}
	problems.byte(packing)
	problems.int(1)
	problems.time(t0)
	problems.count(0)
	problems.count(1)
	problems.int(1)
	problems.count(size + 5)
	problems.uint(hasProblems)
	problems.count(size - 100)
	problems.buf = append(problems.buf, noise...)

	for name, body := range map[string][]byte{"states": states.buf, "problems": problems.buf} {
		data := summed(body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := unpackMemory(data)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, errPacked, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*size), name)
	}
}

func TestTheExtremesArePacked(t *testing.T) {
	verdict := judge(probe.OK, 200)
	for name, e := range map[string]Entry{
		"the least":           {Input: incident.Input{At: instant(1), Verdict: verdict}},
		"no time at all":      {Input: incident.Input{Verdict: verdict}},
		"a clock before 1970": {Probe: 1, Input: incident.Input{At: instant(-5), Verdict: verdict}},
		"the most": {Probe: 1 << 62, Input: incident.Input{
			Run: probe.Manual, At: instant(maxInstant), Verdict: probe.Verdict{Status: 999, Class: probe.ClassServerError, Reason: probe.Canceled, Outcome: probe.Excluded},
			Attempts: 1 << 30, Cured: true, RecoverBy: instant(maxInstant), Elapsed: 24 * time.Hour, Timings: probe.Timings{Total: 24 * time.Hour},
			CertificateEnds: instant(maxInstant - maxInstant%1000), Expiring: true,
		}},
		"years of silence": {Probe: 1, Input: incident.Input{Kind: incident.Skipped, At: t0, To: t0.AddDate(500, 0, 0), Verdict: probe.Miss(probe.ProberClock)}},
	} {
		t.Run(name, func(t *testing.T) {
			entries := []Entry{e, {Probe: 2, Input: incident.Input{At: t0, Verdict: verdict}}, e}
			back, err := unpackEntries(packEntries(entries))
			require.NoError(t, err)
			require.Equal(t, entries, back)
		})
	}
}

func FuzzUnpackProbes(f *testing.F) {
	probes := []Probe{watched("a", time.Minute), watched("b", time.Minute), watched("c", time.Second)}
	probes[1].Subject.Labels = map[string]string{"team": "payments"}
	packed, err := packProbes(probes)
	require.NoError(f, err)
	f.Add(packed[:len(packed)-crc32.Size])
	f.Add([]byte{chunkPacking})
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := unpackProbes(summed(body))
		if err != nil {
			require.ErrorIs(t, err, errPacked)
			return
		}
		again, err := packProbes(all)
		require.NoError(t, err)
		back, err := unpackProbes(again)
		require.NoError(t, err)
		require.Equal(t, all, back)
	})
}
