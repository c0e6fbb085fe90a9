package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"
)

// errPacked says that a blob is not what this build packs.
var errPacked = errors.New("packed data is damaged or of an unknown version")

// maxInstant is the end of the year 9999, in milliseconds since 1970.
const maxInstant = 253402300799999

// packer writes the compact form of entries and states: variable-length integers,
// times in milliseconds, durations in microseconds.
type packer struct{ buf []byte }

func (p *packer) byte(b byte)   { p.buf = append(p.buf, b) }
func (p *packer) uint(v uint64) { p.buf = binary.AppendUvarint(p.buf, v) }
func (p *packer) int(v int64)   { p.buf = binary.AppendVarint(p.buf, v) }
func (p *packer) count(v int)   { p.uint(uint64(max(0, v))) }
func (p *packer) time(t time.Time) {
	if t.IsZero() {
		p.int(0)
		return
	}
	p.int(t.UnixMilli())
}

// after packs how many milliseconds an instant lies behind another.
func (p *packer) after(t, earlier time.Time) { p.int(t.UnixMilli() - earlier.UnixMilli()) }

func (p *packer) duration(d time.Duration) { p.int(d.Microseconds()) }

// castagnoli is the polynomial of the sum behind packed data, by which damage is seen
// that SQLite does not see.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// summed is what was packed, with its sum behind it.
func (p *packer) summed() []byte {
	return binary.LittleEndian.AppendUint32(p.buf, crc32.Checksum(p.buf, castagnoli))
}

// unsummed is what was packed, without the sum behind it; false if it does not fit.
// It has at least a byte.
func unsummed(packed []byte) ([]byte, bool) {
	n := len(packed) - crc32.Size
	if n < 1 || crc32.Checksum(packed[:n], castagnoli) != binary.LittleEndian.Uint32(packed[n:]) {
		return nil, false
	}
	return packed[:n], true
}

// unpacker reads what a packer wrote. The first damage stops it: from then on
// everything reads as zero, and err says so.
type unpacker struct {
	buf []byte
	err error
}

func (u *unpacker) fail() { u.buf, u.err = nil, errPacked }

// more reports whether there is anything left to read.
func (u *unpacker) more() bool { return len(u.buf) > 0 }

func (u *unpacker) byte() byte {
	if len(u.buf) == 0 {
		u.fail()
		return 0
	}
	b := u.buf[0]
	u.buf = u.buf[1:]
	return b
}

// take reads so many bytes. They are not copied.
func (u *unpacker) take(n int) []byte {
	if n > len(u.buf) {
		u.fail()
		return nil
	}
	b := u.buf[:n]
	u.buf = u.buf[n:]
	return b
}

func (u *unpacker) bool() bool { return u.byte() == 1 }

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.buf)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.buf = u.buf[n:]
	return v
}

func (u *unpacker) int() int64 {
	v, n := binary.Varint(u.buf)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.buf = u.buf[n:]
	return v
}

// count reads a number of things that take at least a byte each, or a plain count
// when bounded is false.
func (u *unpacker) count(bounded bool) int {
	v := u.uint()
	if v > 1<<31 || bounded && v > uint64(len(u.buf)) {
		u.fail()
		return 0
	}
	return int(v)
}

func (u *unpacker) time() time.Time {
	ms := u.int()
	if ms == 0 {
		return time.Time{}
	}
	return u.instant(ms)
}

// instant is the time of a number of milliseconds, if it is one that can be.
func (u *unpacker) instant(ms int64) time.Time {
	if ms < -maxInstant || ms > maxInstant {
		u.fail()
		return time.Time{}
	}
	return instant(ms)
}

// after reads how many milliseconds an instant lies behind another.
func (u *unpacker) after(t time.Time) time.Time { return u.behind(t.UnixMilli()) }

// behind reads how far an instant lies behind another, that is given in milliseconds.
func (u *unpacker) behind(earlier int64) time.Time {
	ms := u.int()
	if ms < -2*maxInstant || ms > 2*maxInstant {
		u.fail()
		return time.Time{}
	}
	return u.instant(earlier + ms)
}

// second reads how many seconds an instant lies behind another, that is given in seconds.
func (u *unpacker) second(earlier int64) time.Time {
	n := u.int()
	if n < -2*maxInstant/1000 || n > 2*maxInstant/1000 {
		u.fail()
		return time.Time{}
	}
	return u.instant((earlier + n) * 1000)
}

func (u *unpacker) duration() time.Duration { return u.span(u.int(), time.Microsecond) }

// maxPhase bounds what a run may take: some of them can be added up without care.
const maxPhase = 1 << 50 * time.Microsecond

// phase reads a duration that is part of a run.
func (u *unpacker) phase() time.Duration {
	d := u.duration()
	if d > maxPhase || d < -maxPhase {
		u.fail()
		return 0
	}
	return d
}

// step reads a duration of whole milliseconds that is not negative.
func (u *unpacker) step() time.Duration {
	return u.span(int64(min(u.uint(), math.MaxInt64)), time.Millisecond)
}

// span is n units, if a duration holds so many.
func (u *unpacker) span(n int64, unit time.Duration) time.Duration {
	if most := int64(math.MaxInt64 / unit); n > most || n < -most {
		u.fail()
		return 0
	}
	return time.Duration(n) * unit
}

// instant is the time of a number of milliseconds since 1970.
func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
