package store

import (
	"sonde/incident"
	"sonde/probe"
)

// The parts of a state that only rules over more than the latest results have.

func (p *statePacker) rules(s *incident.State, has uint64) {
	if has&hasBuckets != 0 {
		p.buckets(&s.Buckets)
	}
	if has&hasTellings != 0 {
		p.tellings(s.Problems)
	}
	if has&hasRow != 0 {
		p.byte(byte(s.Row.Of))
		p.suspicion(&s.Row.Suspicion)
	}
	if has&hasLimits != 0 {
		p.count(int(s.Limits))
	}
	if has&hasAnomaly != 0 {
		p.anomaly(s.Anomaly)
	}
	if has&hasRated != 0 {
		p.rated(s.Rated)
	}
}

func (u *stateUnpacker) rules(s *incident.State, has uint64) {
	if has&hasBuckets != 0 {
		u.buckets(&s.Buckets)
	}
	if has&hasTellings != 0 {
		u.tellings(s.Problems)
	}
	if has&hasRow != 0 {
		of := probe.Kind(u.byte())
		if of != probe.KindClientFault && of != probe.KindAuthBypass {
			u.fail()
		}
		s.Row = u.row(of)
	}
	if has&hasLimits != 0 {
		s.Limits = u.tally()
	}
	if has&hasAnomaly != 0 {
		s.Anomaly = u.anomaly()
	}
	if has&hasRated != 0 {
		s.Rated = u.rated()
	}
}

func (p *statePacker) buckets(b *incident.Buckets) {
	for _, bucket := range [...]*incident.Bucket{&b.Target, &b.Auth, &b.Client} {
		p.bucket(bucket)
	}
}

// bucket packs its level, and the rest only if it is not empty.
func (p *statePacker) bucket(b *incident.Bucket) {
	p.count(int(b.Level))
	if b.Level == 0 {
		return
	}
	p.count(int(b.Count))
	p.int(b.Since - unixMilli(p.base))
	for _, c := range b.Codes {
		p.count(int(c.Count))
		if c.Count > 0 {
			p.count(int(c.Code))
		}
	}
}

func (u *stateUnpacker) buckets(b *incident.Buckets) {
	for _, bucket := range [...]*incident.Bucket{&b.Target, &b.Auth, &b.Client} {
		u.bucket(bucket)
	}
}

func (u *stateUnpacker) bucket(b *incident.Bucket) {
	b.Level = u.int32()
	if b.Level == 0 {
		return
	}
	b.Count = u.int32()
	b.Since = u.time().UnixMilli()
	for i := range b.Codes {
		if c := &b.Codes[i]; u.err == nil {
			if c.Count = u.tally(); c.Count > 0 {
				c.Code = int16(u.tally() & (1<<15 - 1))
			}
		}
	}
}

func (p *statePacker) streak(s incident.Streak) {
	p.time(instant(s.First))
	p.count(int(s.Count))
}

func (u *stateUnpacker) streak() incident.Streak {
	return incident.Streak{First: u.time().UnixMilli(), Count: u.int32()}
}

// few reads a count that fits a byte.
func (u *unpacker) few() uint8 {
	n := u.count(false)
	if n > 1<<8-1 {
		u.fail()
		return 0
	}
	return uint8(n)
}

// int32 reads a count that fits 31 bits.
func (u *unpacker) int32() int32 {
	n := u.count(false)
	if n > 1<<31-1 {
		u.fail()
		return 0
	}
	return int32(n)
}

func hasTelling(p incident.Problem) bool { return p.Leaky || p.Telling != incident.Telling{} }

// tellings packs what people have heard of every incident of a state.
func (p *packer) tellings(problems []incident.Problem) {
	for i := range problems {
		x, t := &problems[i], &problems[i].Telling
		var said byte
		for bit, is := range [...]bool{x.Leaky, t.Degraded, t.Unsaid, t.Flapping, t.Hushed} {
			if is {
				said |= 1 << bit
			}
		}
		p.byte(said)
		p.uint(uint64(t.Again))
		for _, at := range t.Relapses {
			p.uint(uint64(at))
		}
	}
}

func (u *unpacker) tellings(problems []incident.Problem) {
	for i := range problems {
		x, t := &problems[i], &problems[i].Telling
		said := u.byte()
		for bit, is := range [...]*bool{&x.Leaky, &t.Degraded, &t.Unsaid, &t.Flapping, &t.Hushed} {
			*is = said&(1<<bit) != 0
		}
		if said >= 1<<5 {
			u.fail()
		}
		t.Again = u.second32()
		for j := range t.Relapses {
			t.Relapses[j] = u.second32()
		}
	}
}

// second32 reads an instant in seconds; 0 is none.
func (u *unpacker) second32() uint32 {
	n := u.uint()
	if n > 1<<32-1 {
		u.fail()
		return 0
	}
	return uint32(n)
}

// milli reads an instant in milliseconds; 0 is none.
func (u *unpacker) milli() int64 {
	n := u.int()
	if n > maxInstant || n < -maxInstant {
		u.fail()
		return 0
	}
	return n
}
