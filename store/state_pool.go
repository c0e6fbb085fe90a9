package store

import (
	"math/bits"

	"sonde/incident"
	"sonde/probe"
)

// pool packs what is remembered of the time of a group.
func (p *packer) pool(x *incident.Pool) {
	p.int(x.At)
	p.count(len(x.Ill))
	var before probe.ID
	for _, s := range x.Ill {
		p.int(int64(s.Probe - before))
		p.int(s.Until - x.At)
		p.uint(s.Bad)
		p.uint(s.Judged)
		before = s.Probe
	}
	p.count(len(x.Carry))
	for _, c := range x.Carry {
		p.uint(uint64(c.Bad))
		p.uint(uint64(c.Judged))
	}
}

func (u *unpacker) pool() *incident.Pool {
	x := &incident.Pool{At: u.int()}
	if !isInstant(x.At) {
		u.fail()
	}
	var before probe.ID
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		s := incident.Standing{Probe: before + probe.ID(u.int()), Until: x.At + u.int(), Bad: u.uint(), Judged: u.uint()}
		if n := len(x.Ill); n > 0 && s.Probe <= before || !isInstant(s.Until) {
			u.fail()
		}
		x.Ill = append(x.Ill, s)
		before = s.Probe
	}
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		x.Carry = append(x.Carry, incident.Carry{Bad: u.uint32(), Judged: u.uint32()})
	}
	if len(x.Carry) > bits.UintSize {
		u.fail()
	}
	return x
}
