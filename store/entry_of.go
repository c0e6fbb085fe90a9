package store

import (
	"time"

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
	return eachPacked(packed, func(x *packedEntry, rest []byte) bool {
		if c != nil && x.shape.kind == incident.Ran {
			c.note(x.probe, x.ms)
		}
		if x.probe != id {
			return true
		}
		var e Entry
		u := unpacker{buf: rest}
		if !x.unpack(&u, &e) {
			return false
		}
		f(&e)
		return true
	})
}

// packedEntry is an entry of which no more is read than its shape, its probe and its instant.
type packedEntry struct {
	shape *shape
	probe probe.ID
	ms    int64
}

// unpack reads the rest of an entry; false if that is damaged.
func (x *packedEntry) unpack(u *unpacker, e *Entry) bool {
	u.observed(e, x.shape, x.probe, instant(x.ms))
	return u.err == nil
}

// eachPacked calls f for every entry of a segment of this packing, with the rest of it. If f finds
// that damaged, it says false.
func eachPacked(packed []byte, f func(x *packedEntry, rest []byte) bool) error {
	body, ok := unsummed(packed)
	if !ok || body[0] != packing {
		return errPacked
	}
	u := unpacker{buf: body, at: 1}
	var seen []shape
	var x packedEntry
	for u.more() {
		var n int
		if seen, n = u.nextShape(seen); u.err != nil {
			break
		}
		x.shape = &seen[n]
		x.probe += probe.ID(u.int())
		x.ms = u.milliBehind(x.ms)
		from := u.at
		if u.skip(x.shape.integers()); u.err != nil {
			break
		}
		if !f(&x, body[from:u.at]) {
			return errPacked
		}
	}
	return u.err
}

// noInstant is the time that is none, in milliseconds since 1970.
const noInstant = -62135596800000

// milliBehind reads how far an instant lies behind another, see [unpacker.behind].
func (u *unpacker) milliBehind(earlier int64) int64 {
	if earlier == noInstant {
		earlier = 0
	}
	return u.milliAfter(earlier)
}

// milliAfter reads how many milliseconds an instant lies behind another, see [unpacker.after].
func (u *unpacker) milliAfter(earlier int64) int64 {
	ms := u.int()
	if ms < -2*maxInstant || ms > 2*maxInstant || earlier+ms < -maxInstant || earlier+ms > maxInstant {
		u.fail()
		return 0
	}
	return earlier + ms
}

// brief is what a step needs of an entry: of what took how long, the sums.
type brief struct {
	shape          *shape
	at             int64 // milliseconds since 1970, as the others
	until          int64 // the last of the slots that were skipped, or when to ask again
	ends           int64 // of the certificate
	total, elapsed time.Duration
}

// brief reads what a step needs of the rest of an entry.
func (u *unpacker) brief(x *packedEntry) brief {
	b := brief{shape: x.shape, at: x.ms}
	flags := x.shape.flags
	if x.shape.kind == incident.Skipped || flags&flagRecoverBy != 0 {
		b.until = u.milliAfter(x.ms)
	}
	if x.shape.kind == incident.Skipped {
		return b
	}
	if flags&flagPhases != 0 {
		b.total = u.took(phaseCount)
	}
	b.elapsed = b.total + u.took(1)
	if flags&flagCertificate != 0 {
		b.ends = u.second(time.UnixMilli(x.ms).Unix()).UnixMilli()
	}
	return b
}

// input is the input that an entry is, but for the times of its phases.
func (b *brief) input(in *incident.Input) {
	*in = b.shape.input()
	in.At = instant(b.at)
	switch {
	case in.Kind == incident.Skipped:
		in.To = instant(b.until)
		return
	case b.shape.flags&flagRecoverBy != 0:
		in.RecoverBy = instant(b.until)
	}
	in.Timings.Total, in.Elapsed, in.Expiring = b.total, b.elapsed, b.shape.flags&flagExpiring != 0
	if b.shape.flags&flagCertificate != 0 {
		in.CertificateEnds = instant(b.ends)
	}
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
