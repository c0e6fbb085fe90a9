package store

import (
	"encoding/binary"
	"math/bits"

	"sonde/incident"
	"sonde/probe"
)

// eachEntryOf calls f for the entries of a segment that are about one probe, as eachEntry
// does for all of them. Those of others are stepped over without being read: of a segment
// that many probes share, they are nearly everything. What results there are is noted, if
// anybody wants to know.
func eachEntryOf(packed []byte, id probe.ID, c *gist, f func(e *Entry)) error {
	if len(packed) > 0 && packed[0] == 1 {
		return eachEntry(packed, func(e *Entry) {
			if c != nil && e.Input.Kind == incident.Ran {
				c.note(e.Probe, e.Input.At.UnixMilli())
			}
			if e.Probe == id {
				f(e)
			}
		})
	}
	body, ok := unsummed(packed)
	if !ok || body[0] != packing {
		return errPacked
	}
	w := walker{body: body, at: 1}
	var seen []shape
	var probed probe.ID
	var ms int64
	for w.at < len(body) && !w.failed {
		n := w.uint()
		switch known := uint64(len(seen)); {
		case n == known: // it comes first
			w.read(func(u *unpacker) { seen = append(seen, u.shape()) })
		case n > known:
			return errPacked
		}
		if w.failed {
			break
		}
		s := &seen[n]
		probed += probe.ID(w.int())
		ms = w.behind(ms)
		if c != nil && s.kind == incident.Ran {
			c.note(probed, ms)
		}
		if probed != id {
			w.skip(s.integers())
			continue
		}
		var e Entry
		if w.read(func(u *unpacker) { u.observed(&e, s, id, instant(ms)) }); !w.failed {
			f(&e)
		}
	}
	if w.failed {
		return errPacked
	}
	return nil
}

// noInstant is the time that is none, in milliseconds since 1970.
const noInstant = -62135596800000

// walker walks over what a packer wrote. Where it is, it knows by a number: a slice of
// what is left is a pointer, and the garbage collector looks at each that is changed.
type walker struct {
	body   []byte
	at     int
	failed bool
}

// read has a part read by an unpacker.
func (w *walker) read(f func(u *unpacker)) {
	u := unpacker{buf: w.body[w.at:]}
	if w.failed {
		return
	}
	f(&u)
	w.at, w.failed = len(w.body)-len(u.buf), u.err != nil
}

func (w *walker) uint() uint64 {
	if w.at < len(w.body) && w.body[w.at] < 0x80 {
		w.at++
		return uint64(w.body[w.at-1])
	}
	v, n := binary.Uvarint(w.body[w.at:])
	if n <= 0 {
		w.at, w.failed = len(w.body), true
		return 0
	}
	w.at += n
	return v
}

func (w *walker) int() int64 {
	v := w.uint()
	return int64(v>>1) ^ -int64(v&1)
}

// behind reads how far an instant lies behind another, see [unpacker.behind].
func (w *walker) behind(earlier int64) int64 {
	if earlier == noInstant {
		earlier = 0
	}
	ms := w.int()
	if ms < -2*maxInstant || ms > 2*maxInstant || earlier+ms < -maxInstant || earlier+ms > maxInstant {
		w.failed = true
		return 0
	}
	return earlier + ms
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
func (w *walker) skip(n int) {
	for w.at+8 <= len(w.body) {
		ends := ^binary.LittleEndian.Uint64(w.body[w.at:]) & lastBytes
		if some := bits.OnesCount64(ends); some < n {
			n -= some
			w.at += 8
			continue
		}
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		w.at += bits.TrailingZeros64(ends)/8 + 1
		return
	}
	for ; w.at < len(w.body); w.at++ {
		if w.body[w.at] < 0x80 {
			if n--; n == 0 {
				w.at++
				return
			}
		}
	}
	w.failed = true
}
