package store

import (
	"math"
	"math/bits"

	"sonde/incident"
)

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
	first, end := 0, len(x.Usual)
	for first < end && x.Usual[first] == 0 {
		first++
	}
	for end > first && x.Usual[end-1] == 0 {
		end--
	}
	p.count(first)
	p.count(end - first)
	for _, n := range x.Usual[first:end] {
		p.float32(n)
	}
}

func (u *unpacker) pace() *incident.Pace {
	x := &incident.Pace{}
	x.Hour, x.First, x.Samples = int32(u.uint32()), u.uint32(), u.tally()
	x.At, x.Count, x.Calm, x.Need = u.byte(), u.byte(), u.byte(), u.byte()
	x.Typical, x.Limit = u.float32(), u.float32()
	copy(x.Latest[:], u.take(len(x.Latest)))
	first, n := u.count(false), u.count(true)
	if first > len(x.Usual) || n > len(x.Usual)-first || int(x.At) >= len(x.Latest) || int(x.Count) > len(x.Latest) {
		u.fail()
		return x
	}
	for i := range n {
		x.Usual[first+i] = u.float32()
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
