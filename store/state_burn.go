package store

import (
	"math"

	"sonde/incident"
	"sonde/slo"
)

// spending packs what is remembered of budgets. Most of a ring is the same value again and
// again, so it is packed in runs.
func (p *packer) spending(s *incident.Spending) {
	p.count(s.Level)
	p.count(len(s.Of))
	for i := range s.Of {
		b := &s.Of[i]
		for _, n := range [...]uint32{b.Key, b.Fast, b.Slow} {
			p.uint(uint64(n))
		}
		p.burn(&b.Burn)
	}
}

func (u *unpacker) spending() *incident.Spending {
	s := &incident.Spending{Level: u.count(false)}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		b := incident.Burning{Key: u.uint32(), Fast: u.uint32(), Slow: u.uint32()}
		u.burn(&b.Burn)
		s.Of = append(s.Of, b)
	}
	return s
}

func (p *packer) burn(b *slo.Burn) {
	p.int(b.Until)
	for _, n := range [...]uint32{
		b.Part, b.Ends, b.Coarse.Step, b.Coarse.Minute,
		b.Rests.Blank, uint32(b.Rests.Part), uint32(b.Rests.Hour), uint32(b.Rests.FiveBad), uint32(b.Rests.FiveJudged),
	} {
		p.uint(uint64(n))
	}
	p.runs(len(b.Minutes), func(i int) uint64 { return uint64(b.Minutes[i].Bad) })
	p.runs(len(b.Minutes), func(i int) uint64 { return uint64(b.Minutes[i].Judged) })
	p.runs(len(b.Fives), func(i int) uint64 { return uint64(b.Fives[i].Bad) })
	p.runs(len(b.Fives), func(i int) uint64 { return uint64(b.Fives[i].Judged) })
	p.runs(len(b.Hours), func(i int) uint64 { return uint64(b.Hours[i]) })
	p.runs(len(b.Parts), func(i int) uint64 { return uint64(b.Parts[i]) })
	p.runs(len(b.Blanks), func(i int) uint64 { return uint64(b.Blanks[i]) })
}

func (u *unpacker) burn(b *slo.Burn) {
	if b.Until = u.int(); b.Until > maxInstant || b.Until < -maxInstant {
		u.fail()
	}
	b.Part, b.Ends = u.uint32(), u.uint32()
	b.Coarse = slo.Coarse{Step: u.uint32(), Minute: u.uint32()}
	b.Rests.Blank, b.Rests.Part = u.uint32(), u.tally()
	b.Rests.Hour, b.Rests.FiveBad, b.Rests.FiveJudged = u.byteful(), u.byteful(), u.byteful()
	u.runs(len(b.Minutes), func(i int, n uint16) { b.Minutes[i].Bad = n })
	u.runs(len(b.Minutes), func(i int, n uint16) { b.Minutes[i].Judged = n })
	u.runs(len(b.Fives), func(i int, n uint16) { b.Fives[i].Bad = n })
	u.runs(len(b.Fives), func(i int, n uint16) { b.Fives[i].Judged = n })
	u.runs(len(b.Hours), func(i int, n uint16) { b.Hours[i] = n })
	u.runs(len(b.Parts), func(i int, n uint16) { b.Parts[i] = n })
	u.runs(len(b.Blanks), func(i int, n uint16) {
		if b.Blanks[i] = uint8(n); n > math.MaxUint8 {
			u.fail()
		}
	})
	if !b.Valid() {
		u.fail()
	}
	b.Recount()
}

// runs packs numbers, each with how often it comes in a row.
func (p *packer) runs(n int, at func(int) uint64) {
	for i := 0; i < n; {
		first := i
		for i < n && at(i) == at(first) {
			i++
		}
		p.count(i - first)
		p.uint(at(first))
	}
}

// runs reads so many numbers.
func (u *unpacker) runs(n int, set func(i int, v uint16)) {
	for i := 0; i < n && u.err == nil; {
		times, v := u.count(false), u.tally()
		if times == 0 || times > n-i {
			u.fail()
			return
		}
		for ; times > 0; times-- {
			set(i, v)
			i++
		}
	}
}

func (u *unpacker) uint32() uint32 {
	v := u.uint()
	if v > math.MaxUint32 {
		u.fail()
	}
	return uint32(v)
}

func (u *unpacker) byteful() uint8 {
	v := u.uint()
	if v > math.MaxUint8 {
		u.fail()
	}
	return uint8(v)
}
