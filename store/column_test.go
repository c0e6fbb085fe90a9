package store

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func packColumn(values []int64) []byte {
	p := packer{}
	p.column(values)
	return p.buf
}

func unpackColumn(t testing.TB, packed []byte, n int) []int64 {
	t.Helper()
	u := unpacker{buf: packed}
	values := make([]int64, n)
	u.column(values)
	require.NoError(t, u.err)
	require.False(t, u.more(), "all of it was read")
	return values
}

func TestAColumnComesBackAsItWas(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, value := range map[string]func(i int) int64{
		"all the same":            func(int) int64 { return 7 },
		"nothing":                 func(int) int64 { return 0 },
		"much alike":              func(int) int64 { return 50_000 + rnd.Int64N(600) },
		"with outliers":           func(i int) int64 { return 50_000 + rnd.Int64N(600) + int64(i%50/49)*9_000_000 },
		"negative too":            func(int) int64 { return rnd.Int64N(100) - 50 },
		"the extremes":            func(i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0, -1}[i%4] },
		"anything":                func(int) int64 { return int64(rnd.Uint64()) },
		"one bit":                 func(i int) int64 { return int64(i % 2) },
		"sixty-three bits":        func(i int) int64 { return int64(i%2) << 62 },
		"a rise without any turn": func(i int) int64 { return int64(i) * 10_000 },
	} {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 7, 8, 9, 63, 64, 65, 360, 1000} {
				values := make([]int64, n)
				for i := range values {
					values[i] = value(i)
				}
				require.Equal(t, values, unpackColumn(t, packColumn(values), n))
			}
		})
	}
}

func TestEveryWidthOfAColumnComesBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for width := range 64 {
		values := make([]int64, 100)
		for i := range values {
			values[i] = int64(rnd.Uint64() & (1<<width - 1))
		}
		require.Equal(t, values, unpackColumn(t, packColumn(values), len(values)), "%d bits", width)
	}
}

func TestWhatIsAlikeTakesFewBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	values := make([]int64, 360)
	for i := range values {
		values[i] = 50_000 + rnd.Int64N(512) // nine bits
	}
	values[17], values[300] = 4_000_000, 9_000_000
	require.Less(t, len(packColumn(values)), 360*9/8+20)
	require.Len(t, packColumn(make([]int64, 360)), 3, "what is all nothing is nearly nothing")
}

func FuzzColumn(f *testing.F) {
	f.Add(packColumn([]int64{1, 2, 3, 4_000_000}), uint16(4))
	f.Add(packColumn([]int64{math.MinInt64, math.MaxInt64}), uint16(2))
	f.Add([]byte{0, 65}, uint16(1))
	f.Fuzz(func(t *testing.T, packed []byte, n uint16) {
		values := make([]int64, n)
		u := unpacker{buf: packed}
		u.column(values)
		if u.err != nil {
			require.ErrorIs(t, u.err, errPacked)
			return
		}
		require.Equal(t, values, unpackColumn(t, packColumn(values), int(n)))
	})
}
