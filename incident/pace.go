package incident

import (
	"slices"
	"time"

	"sonde/slo"
)

// Pace is what is remembered of how long good answers take: the usual times, in buckets that
// forget half of what they hold in three and a half days, and the latest ones apart from
// them. What is judged is never part of what it is judged by.
type Pace struct {
	Usual   Times
	Latest  [paceLatest]uint8 // the latest times as of squeeze, a ring
	At      uint8             // where the next one goes
	Count   uint8             // how many there are
	Calm    uint8             // good results in a row that were not slower than usual, while it was said so
	Need    uint8             // so many of the latest ones have to be slow; 0: it is not known yet what is usual
	Samples uint16            // in the buckets; paceSamples at the most
	Hour    int32             // since 1970: when the buckets were made older
	First   uint32            // seconds since 1970: the first of the samples
	Typical float32           // milliseconds that 95 of 100 usual times do not exceed
	Limit   float32           // milliseconds above which a time is slow
}

const (
	paceBuckets = 96
	paceLatest  = 30
	paceSamples = 500
	paceSpan    = 24 * time.Hour // and they span as much, before they are what is usual
	paceSlow    = 0.01           // the share of slow times that is always allowed for
	paceChance  = 1e-6           // how likely chance may make a service look slow
	paceSeed    = 4              // what each of the latest times counts as where they become the usual ones
)

// paceLeast is what of a bucket is as good as nothing.
const paceLeast = 1. / 64

// paceFade is what an hour leaves of a bucket: half of it after 84.
const paceFade float32 = 0.99178204

// paceEdges are the upper ends of buckets in milliseconds, each 12% above the one before, and
// squeezed are those of times that are written in a byte.
var (
	paceEdges = edges[[paceBuckets]float64](1.12)
	squeezed  = edges[[256]float64](1.0435)
)

// edges are the powers of a number, from 1 on.
func edges[T [paceBuckets]float64 | [256]float64](growth float64) (all T) {
	edge := 1.0
	for i := range len(all) {
		all[i] = edge
		edge *= growth
	}
	return all
}

// paceBucket is the bucket of a time.
func paceBucket(ms float64) int {
	i, _ := slices.BinarySearch(paceEdges[:], ms)
	return min(i, paceBuckets-1)
}

// squeeze writes a time in a byte, to two percent.
func squeeze(d time.Duration) uint8 {
	i, _ := slices.BinarySearch(squeezed[:], float64(d.Microseconds())/1000)
	return uint8(min(i, len(squeezed)-1))
}

// unsqueeze is a time in milliseconds.
func unsqueeze(v uint8) float32 {
	if v == 0 {
		return float32(squeezed[0])
	}
	return float32((squeezed[v-1] + squeezed[v]) / 2)
}

// add adds the time of a good answer. While people are told that answers are slow, frozen,
// what is usual stays as it is.
func (p *Pace) add(at time.Time, took time.Duration, frozen bool, rule Slower) {
	if p.Count == paceLatest && !frozen {
		p.learn(at, unsqueeze(p.Latest[p.At]), 1)
	}
	p.Latest[p.At] = squeeze(took)
	p.At = (p.At + 1) % paceLatest
	p.Count = min(p.Count+1, paceLatest)
	hours := int32(hourOf(at)) - p.Hour
	if hours <= 0 && p.Hour != 0 {
		return
	}
	p.Hour += hours
	if !frozen {
		p.fade(hours)
		p.settle(at, rule)
	}
}

// learn adds a time to the usual ones.
func (p *Pace) learn(at time.Time, ms float32, weight float32) {
	if p.Samples == 0 {
		p.First = uint32(at.Unix())
	}
	p.Samples = min(p.Samples+1, paceSamples)
	p.Usual.add(paceBucket(float64(ms)), weight)
}

// fade makes the usual times so many hours older.
func (p *Pace) fade(hours int32) {
	if len(p.Usual.Counts) == 0 {
		return
	}
	const all = 84 * 24 // of the buckets nothing is left
	factor := float32(1)
	for range min(hours, all) {
		factor *= paceFade
	}
	p.Usual.fade(factor)
}

// settle works out what is slow, if enough is known of what is usual.
func (p *Pace) settle(at time.Time, rule Slower) {
	if p.Samples < paceSamples || at.Unix()-int64(p.First) < int64(paceSpan/time.Second) {
		return
	}
	typical := p.Usual.quantile(0.95)
	limit := max(float64(typical*rule.Factor), typical+float64(rule.Floor.Microseconds())/1000)
	p.Typical, p.Limit = float32(typical), float32(limit)
	slow := max(paceSlow, p.Usual.above(limit))
	for p.Need = 1; p.Need <= paceLatest && slo.BinomialTail(paceLatest, int(p.Need), slow) > paceChance; {
		p.Need++
	}
}

// slow is how many of the latest times are slow, and whether the very latest one is.
func (p *Pace) slow() (count uint8, latest bool) {
	for i := range p.Count {
		if unsqueeze(p.Latest[i]) > p.Limit {
			count++
			latest = latest || i == (p.At+paceLatest-1)%paceLatest
		}
	}
	return count, latest
}

// now is the time in milliseconds that 95 of 100 of the latest ones do not exceed.
func (p *Pace) now() float64 {
	latest := p.Latest
	slices.Sort(latest[:p.Count])
	return float64(unsqueeze(latest[(int(p.Count)*95+99)/100-1]))
}

// clone is a copy that shares nothing with p.
func (p *Pace) clone() *Pace {
	if p == nil {
		return nil
	}
	c := *p
	c.Usual.Counts = slices.Clone(p.Usual.Counts)
	return &c
}

// restart takes the latest times for the usual ones.
func (p *Pace) restart(at time.Time, rule Slower) {
	p.Usual = Times{}
	for i := range p.Count {
		p.learn(at, unsqueeze(p.Latest[i]), paceSeed)
	}
	p.Calm = 0
	p.settle(at, rule)
}
