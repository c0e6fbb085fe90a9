package incident

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// all are the times as all buckets would hold them: what they were before only those were
// kept that have something.
type all [paceBuckets]float32

func (a *all) fade(factor float32) {
	for i, n := range a {
		if n *= factor; n < paceLeast {
			n = 0
		}
		a[i] = math.Float32frombits((math.Float32bits(n) + 1<<11) &^ (1<<12 - 1))
	}
}

func (a *all) total() (sum float64) {
	for _, n := range a {
		sum += float64(n)
	}
	return sum
}

func (a *all) quantile(share float64) float64 {
	left, low := share*a.total(), 0.0
	for i, n := range a {
		if left <= float64(n) && n > 0 {
			return low + float64((paceEdges[i]-low)*(left/float64(n)))
		}
		left -= float64(n)
		low = paceEdges[i]
	}
	return low
}

func (a *all) above(limit float64) float64 {
	sum, low := 0.0, 0.0
	for i, n := range a {
		switch high := paceEdges[i]; {
		case low >= limit:
			sum += float64(n)
		case high > limit:
			sum += float64(float64(n) * ((high - limit) / (high - low)))
		}
		low = paceEdges[i]
	}
	if total := a.total(); total > 0 {
		return sum / total
	}
	return 0
}

func TestTimesKeptWhereThereAreAnyAreTheSameToTheBit(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() { // each takes long with the race detector, which has nothing to find here
		seeds = 20
	}
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var times Times
		var want all
		middle, wide := rnd.IntN(paceBuckets), 1+rnd.IntN(paceBuckets)
		for range 400 {
			switch rnd.IntN(12) {
			case 0:
				factor := rnd.Float32()
				times.fade(factor)
				want.fade(factor)
			case 1:
				middle = rnd.IntN(paceBuckets)
			default:
				bucket := min(paceBuckets-1, max(0, middle+rnd.IntN(wide)-wide/2))
				weight := float32(1 + rnd.IntN(4))
				times.add(bucket, weight)
				want[bucket] += weight
			}
			var got all
			copy(got[times.From:], times.Counts)
			require.Equal(t, want, got)
			again, ok := NewTimes(int(times.From), times.Counts)
			require.True(t, ok)
			require.Equal(t, times, again, "nothing is kept at the ends that holds nothing")
			share, limit := rnd.Float64(), paceEdges[rnd.IntN(paceBuckets)]*rnd.Float64()*1.2
			require.Equal(t, want.total(), times.total())
			require.Equal(t, want.quantile(share), times.quantile(share))
			require.Equal(t, want.above(limit), times.above(limit))
		}
	}
}

func TestTimesAreOfBucketsThatThereAre(t *testing.T) {
	for name, tc := range map[string]struct {
		from   int
		counts []float32
		ok     bool
	}{
		"all of them":             {0, make([]float32, paceBuckets), true},
		"the last":                {paceBuckets - 1, []float32{1}, true},
		"none, behind all":        {paceBuckets, nil, true},
		"one before the first":    {-1, []float32{1}, false},
		"one behind the last":     {paceBuckets, []float32{1}, false},
		"more than there are":     {0, make([]float32, paceBuckets+1), false},
		"some of which reach out": {paceBuckets - 1, []float32{1, 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, ok := NewTimes(tc.from, tc.counts)
			require.Equal(t, tc.ok, ok)
		})
	}
}
