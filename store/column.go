package store

import (
	"encoding/binary"
	"math/bits"
)

// column packs numbers that are much alike: as what they exceed the least of them by, in
// as few bits as most of them need. The few that need more stand apart.
func (p *packer) column(values []int64) {
	if len(values) == 0 {
		return
	}
	least := values[0]
	for _, v := range values {
		least = min(least, v)
	}
	width := columnWidth(values, least)
	p.int(least)
	p.byte(byte(width))
	p.exceptions(values, least, width)
	p.bits(values, least, width)
}

// columnWidth is the number of bits per value that makes the column shortest.
func columnWidth(values []int64, least int64) int {
	var lengths [65]int
	longest := 0
	for _, v := range values {
		length := bits.Len64(uint64(v - least))
		lengths[length]++
		longest = max(longest, length)
	}
	best, shortest := longest, (len(values)*longest+7)/8
	for width := range longest {
		size := (len(values)*width + 7) / 8
		for length := width + 1; length <= longest && size < shortest; length++ {
			const place = 1 // bytes, mostly, of where the exception is
			size += lengths[length] * (place + (length-width+6)/7)
		}
		if size < shortest {
			best, shortest = width, size
		}
	}
	return best
}

// exceptions packs what does not fit the width: where it is, and its upper bits.
func (p *packer) exceptions(values []int64, least int64, width int) {
	if width == 64 {
		p.count(0)
		return
	}
	n := 0
	for _, v := range values {
		if uint64(v-least)>>width != 0 {
			n++
		}
	}
	p.count(n)
	before := 0
	for i, v := range values {
		if upper := uint64(v-least) >> width; upper != 0 {
			p.count(i - before)
			p.uint(upper)
			before = i
		}
	}
}

// bits packs the lower bits of all values, one after the other.
func (p *packer) bits(values []int64, least int64, width int) {
	var word uint64
	used := 0
	mask := ^uint64(0) >> (64 - width) // of width 0 nothing is left
	if width == 0 {
		return
	}
	for _, v := range values {
		lower := uint64(v-least) & mask
		word |= lower << used
		if used+width < 64 {
			used += width
			continue
		}
		p.buf = binary.LittleEndian.AppendUint64(p.buf, word)
		word = lower >> (64 - used) // nothing, if used is 0
		used += width - 64
	}
	for ; used > 0; used -= 8 {
		p.byte(byte(word))
		word >>= 8
	}
}

// column reads so many numbers into values, which has room for them.
func (u *unpacker) column(values []int64) {
	if len(values) == 0 {
		return
	}
	least := u.int()
	width := int(u.byte())
	if width > 64 {
		u.fail()
		return
	}
	clear(values)
	at := 0
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		if at += u.count(false); at >= len(values) || width == 64 {
			u.fail()
			return
		}
		values[at] = int64(u.uint() << width)
	}
	u.bits(values, width)
	for i := range values {
		values[i] += least
	}
}

// bits adds the lower bits to all values.
func (u *unpacker) bits(values []int64, width int) {
	packed := u.take((len(values)*width + 7) / 8)
	if width == 0 || packed == nil {
		return
	}
	mask := ^uint64(0) >> (64 - width)
	for i := range values {
		bit := i * width
		word := wordAt(packed, bit/8) >> (bit % 8)
		if spill := bit%8 + width - 64; spill > 0 {
			word |= uint64(packed[bit/8+8]) << (64 - bit%8)
		}
		values[i] |= int64(word & mask)
	}
}

// wordAt is the eight bytes at a place; those beyond the end are 0.
func wordAt(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	var rest [8]byte
	copy(rest[:], b[at:])
	return binary.LittleEndian.Uint64(rest[:])
}
