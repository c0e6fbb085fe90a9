package store

import (
	"encoding/binary"
	"math/bits"

	"sonde/incident"
	"sonde/probe"
)

// eachEntryOf calls f for the entries of a segment that are about one probe, as eachEntry
// does for all of them. Those of others are stepped over without being read: of a segment
// that many probes share, they are nearly everything.
func eachEntryOf(packed []byte, id probe.ID, f func(e *Entry)) error {
	if len(packed) > 0 && packed[0] == 1 {
		return eachEntry(packed, func(e *Entry) {
			if e.Probe == id {
				f(e)
			}
		})
	}
	body, ok := unsummed(packed)
	if !ok || body[0] != packing {
		return errPacked
	}
	u := unpacker{buf: body[1:]}
	var seen []shape
	var at probe.ID
	var ms int64
	for n := 0; u.more(); {
		if seen, n = u.nextShape(seen); u.err != nil {
			return u.err
		}
		s := &seen[n]
		at += probe.ID(u.int())
		when := u.behind(ms)
		ms = unixMilli(when)
		if at != id {
			u.skip(s.integers())
			continue
		}
		var e Entry
		if u.observed(&e, s, at, when); u.err != nil {
			return u.err
		}
		f(&e)
	}
	return u.err
}

// integers is how many integers stand behind the instant of an entry of this shape.
func (s *shape) integers() int {
	if s.kind == incident.Skipped {
		return 1
	}
	n := 1 // what the run took beyond its phases
	if s.flags&flagRecoverBy != 0 {
		n++
	}
	if s.flags&flagPhases != 0 {
		n += phaseCount
	}
	if s.flags&flagCertificate != 0 {
		n++
	}
	return n
}

// lastBytes are the bits by which the last byte of an integer is known: they are not set.
const lastBytes = 0x8080808080808080

// skip steps over so many integers, eight bytes at a time.
func (u *unpacker) skip(n int) {
	at := 0
	for at+8 <= len(u.buf) {
		ends := ^binary.LittleEndian.Uint64(u.buf[at:]) & lastBytes
		if some := bits.OnesCount64(ends); some < n {
			n -= some
			at += 8
			continue
		}
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		u.buf = u.buf[at+bits.TrailingZeros64(ends)/8+1:]
		return
	}
	for ; at < len(u.buf); at++ {
		if u.buf[at] < 0x80 {
			if n--; n == 0 {
				u.buf = u.buf[at+1:]
				return
			}
		}
	}
	u.fail()
}
