package store

import (
	"math"
	"math/bits"

	"sonde/incident"
)

// paceBuckets is how many buckets of times there are at the most.
const paceBuckets = 96

// pace packs what is remembered of how long answers take: the buckets that hold something, and
// the latest times.
func (p *packer) pace(x *incident.Pace) {
	p.uint(uint64(uint32(x.Hour)))
	p.uint(uint64(x.First))
	p.count(int(x.Samples))
	p.buf = append(p.buf, x.At, x.Count, x.Calm, x.Need)
	p.float32(x.Typical)
	p.float32(x.Limit)
	p.buf = append(p.buf, x.Latest[:]...)
	from := int(x.Usual.From)
	if len(x.Usual.Counts) == 0 {
		from = paceBuckets // as it was written when there were always all
	}
	p.count(from)
	p.count(len(x.Usual.Counts))
	for _, n := range x.Usual.Counts {
		p.float32(n)
	}
}

func (u *stateUnpacker) pace() *incident.Pace {
	x := &u.paces.take(1, u.coming)[0]
	x.Hour, x.First, x.Samples = int32(u.uint32()), u.uint32(), u.tally()
	x.At, x.Count, x.Calm, x.Need = u.byte(), u.byte(), u.byte(), u.byte()
	x.Typical, x.Limit = u.float32(), u.float32()
	copy(x.Latest[:], u.take(len(x.Latest)))
	from, n := u.count(false), u.count(true)
	if from > paceBuckets || n > paceBuckets || int(x.At) >= len(x.Latest) || int(x.Count) > len(x.Latest) {
		u.fail()
		return x
	}
	counts := u.counts.take(n, u.coming)
	for i := range counts {
		counts[i] = u.float32()
	}
	var ok bool
	if x.Usual, ok = incident.NewTimes(from, counts); !ok {
		u.fail()
	}
	return x
}

// float32 packs a number whose last digits are mostly nothing: from its end.
func (p *packer) float32(f float32) { p.uint(uint64(bits.Reverse32(math.Float32bits(f)))) }

// float32 reads a number, which is finite and not negative.
func (u *unpacker) float32() float32 {
	f := math.Float32frombits(bits.Reverse32(u.uint32()))
	if !(f >= 0 && f <= math.MaxFloat32) || math.Signbit(float64(f)) {
		u.fail()
		return 0
	}
	return f
}

// promises packs what latency and budgets are judged by.
func (p *statePacker) promises(s *incident.State, has uint64) {
	if has&hasPace != 0 {
		p.pace(s.Pace)
	}
	if has&hasLags != 0 {
		p.lags(s.Lags)
	}
	if has&hasPool != 0 {
		p.pool(s.Shared.Pool)
	}
	if has&hasStart != 0 {
		p.int(s.Account.Start - unixMilli(p.base))
	}
}
