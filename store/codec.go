package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/bits"
	"time"
)

// errPacked says that a blob is not what this build packs.
var errPacked = errors.New("packed data is damaged or of an unknown version")

// unlessDamaged is an error of reading sums that are made of what is kept elsewhere: damaged ones are as
// good as none.
func unlessDamaged(err error) error {
	if errors.Is(err, errPacked) {
		return nil
	}
	return err
}

// maxInstant is the end of the year 9999, in milliseconds since 1970.
const maxInstant = 253402300799999

func isInstant(ms int64) bool { return ms >= -maxInstant && ms <= maxInstant }

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
// everything reads as zero, and err says so. Where it is, it knows by a number: a slice of
// what is left is a pointer, and the garbage collector looks at each that is changed.
type unpacker struct {
	buf []byte
	at  int
	err error
}

func (u *unpacker) fail() { u.buf, u.at, u.err = nil, 0, errPacked }

// left is how many bytes there are to read.
func (u *unpacker) left() int { return len(u.buf) - u.at }

// more reports whether there is anything left to read.
func (u *unpacker) more() bool { return u.at < len(u.buf) }

func (u *unpacker) byte() byte {
	if u.at >= len(u.buf) {
		u.fail()
		return 0
	}
	u.at++
	return u.buf[u.at-1]
}

// take reads so many bytes. They are not copied.
func (u *unpacker) take(n int) []byte {
	if n > u.left() {
		u.fail()
		return nil
	}
	u.at += n
	return u.buf[u.at-n : u.at]
}

func (u *unpacker) bool() bool { return u.byte() == 1 }

func (u *unpacker) uint() uint64 {
	if u.at < len(u.buf) && u.buf[u.at] < 0x80 { // as most are
		u.at++
		return uint64(u.buf[u.at-1])
	}
	return u.long()
}

// long reads a number of any size.
func (u *unpacker) long() uint64 {
	v, n := binary.Uvarint(u.buf[u.at:])
	if n <= 0 {
		u.fail()
		return 0
	}
	u.at += n
	return v
}

func (u *unpacker) int() int64 { return signed(u.uint()) }

// signed is the number that was packed as one without a sign.
func signed(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// repeats steps over as many times eight bytes as come again and again, and returns how often.
func (u *unpacker) repeats(eight uint64) (n int) {
	for u.left() >= 8 && binary.LittleEndian.Uint64(u.buf[u.at:]) == eight {
		u.at += 8
		n++
	}
	return n
}

// lastBytes are the bits by which the last byte of a number is known: they are not set.
const lastBytes = 0x8080808080808080

// skip steps over so many numbers, eight bytes at a time.
func (u *unpacker) skip(n int) {
	for u.left() >= 8 {
		ends := ^binary.LittleEndian.Uint64(u.buf[u.at:]) & lastBytes
		if some := bits.OnesCount64(ends); some < n {
			n -= some
			u.at += 8
			continue
		}
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		u.at += bits.TrailingZeros64(ends)/8 + 1
		return
	}
	for n > 0 {
		if u.byte() < 0x80 {
			n--
		}
		if u.err != nil {
			return
		}
	}
}

// count reads a number of things that take at least a byte each, or a plain count
// when bounded is false.
func (u *unpacker) count(bounded bool) int {
	v := u.uint()
	if v > 1<<31 || bounded && v > uint64(u.left()) {
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
	if !isInstant(ms) {
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

// took reads so many durations that are parts of a run, and adds them up.
func (u *unpacker) took(n int) time.Duration {
	const most = 8 // bytes that one of them takes
	var sum int64
	buf, at := u.buf, u.at
	for range n {
		var v uint64
		for shift := 0; ; shift += 7 {
			if at == len(buf) || shift == 7*most {
				u.fail()
				return 0
			}
			b := buf[at]
			at++
			if v |= uint64(b&0x7f) << shift; b < 0x80 {
				break
			}
		}
		us := signed(v)
		if us > maxPhase.Microseconds() || us < -maxPhase.Microseconds() {
			u.fail()
			return 0
		}
		sum += us
	}
	u.at = at
	return time.Duration(sum) * time.Microsecond
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
