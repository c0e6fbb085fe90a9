package main

import (
	"cmp"
	"slices"
	"time"
)

// sight is what requests look like from the target.
type sight struct {
	hits  int
	slots int             // that should have been asked
	gaps  []time.Duration // how far each gap between two requests of a probe is from the interval; sorted
}

// slack is how near the ends of a measurement a slot may fall to either side of it.
const slack = time.Second

// see counts requests from a time to another, of so many probes with an interval.
func see(hits []hit, probes int, interval time.Duration, from, to time.Time) sight {
	arrivals := map[int][]time.Time{}
	for _, h := range hits {
		if !h.At.Before(from) && h.At.Before(to) {
			arrivals[h.Probe] = append(arrivals[h.Probe], h.At)
		}
	}
	var s sight
	for probe := range probes {
		at := arrivals[probe]
		slices.SortFunc(at, time.Time.Compare)
		if len(at) == 0 {
			s.slots += max(1, whole(to.Sub(from), interval))
			continue
		}
		last := at[len(at)-1]
		s.hits += len(at)
		s.slots += 1 + int((last.Sub(at[0])+interval/2)/interval) + whole(at[0].Sub(from), interval) + whole(to.Sub(last), interval)
		for i := 1; i < len(at); i++ {
			s.gaps = append(s.gaps, (at[i].Sub(at[i-1]) - interval).Abs())
		}
	}
	slices.Sort(s.gaps)
	return s
}

// whole is how many intervals surely fit a stretch without requests.
func whole(stretch, interval time.Duration) int {
	return int(max(0, stretch-min(slack, interval/2)) / interval)
}

func (s sight) kept() float64 { return float64(s.hits) / float64(max(1, s.slots)) }

// over compares what was measured for the latest request of each probe with what the
// target's own clock says of it: the differences, sorted. It leaves out what may not have
// been told yet, and probes that may have been asked again since.
func over(measured map[int]time.Duration, hits []hit, interval time.Duration, now time.Time) []time.Duration {
	latest := map[int]hit{}
	for _, h := range hits {
		if h.At.After(latest[h.Probe].At) {
			latest[h.Probe] = h
		}
	}
	var all []time.Duration
	for probe, h := range latest {
		age := now.Sub(h.At)
		took, known := measured[probe]
		if known && min(time.Second, interval/3) < age && age < interval*2/3 {
			all = append(all, took-h.Took)
		}
	}
	slices.Sort(all)
	return all
}

// quantile is the value that a share of sorted ones does not exceed; zero of none.
func quantile[T cmp.Ordered](sorted []T, q float64) (value T) {
	if len(sorted) == 0 {
		return value
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
