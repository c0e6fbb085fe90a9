package store

import (
	"math"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// looseStretch is a row of a table of stretches, as it is read: whose it is, its step and its outcome in one
// number, see [denseEntry], and the first and the last of its slots in milliseconds.
type looseStretch struct{ what, first, last int64 }

func (r *looseStretch) probe() probe.ID { return probe.ID(r.what >> 34) }

func (r *looseStretch) slots() slo.Stretch { return stretch(r.first, r.last, r.step()) }

// entry is the row as one of the ledger. It does not say why its slots were not good.
func (r *looseStretch) entry() incident.Entry {
	return incident.Entry{Slots: r.slots(), Outcome: denseOutcomes[r.what&3]}
}

func (r *looseStretch) step() int64 { return r.what >> 2 & (1<<32 - 1) }

// placedStretch is a row of the probe at a place.
type placedStretch struct {
	looseStretch
	place int32
}

// stretchPacking is the version of the packing of rows.
const stretchPacking = 1

// stretchPacker packs rows, each as what it differs by from the one before.
type stretchPacker struct {
	packer
	rows             int
	before           looseStretch
	earliest, latest int64
}

// What a row begins with: its outcome, and these.
const (
	stretchStep = 1 << 2 // its step is another than that of the row before
	stretchLong = 1 << 3 // it has more than a slot
)

func (p *stretchPacker) add(r looseStretch) {
	if p.rows == 0 {
		p.earliest, p.latest = r.last, r.last
	}
	p.rows++
	p.earliest, p.latest = min(p.earliest, r.last), max(p.latest, r.last)
	begin := byte(r.what & 3)
	if r.step() != p.before.step() {
		begin |= stretchStep
	}
	if r.last != r.first {
		begin |= stretchLong
	}
	p.byte(begin)
	p.int(int64(r.probe() - p.before.probe()))
	p.int(r.last - p.before.last)
	if begin&stretchStep != 0 {
		p.uint(uint64(r.step()))
	}
	if begin&stretchLong != 0 {
		p.int(r.last - r.first)
	}
	p.before = r
}

// packed is what was added, and when the first and the last of it end.
func (p *stretchPacker) packed() (earliest, latest int64, packed []byte) {
	all := packer{make([]byte, 0, len(p.buf)+16)}
	all.byte(stretchPacking)
	all.count(p.rows)
	all.buf = append(all.buf, p.buf...)
	return p.earliest, p.latest, all.summed()
}

// stretchUnpacker reads packed rows one by one.
type stretchUnpacker struct {
	u    unpacker
	left int
	row  looseStretch // that was read
}

// eachStretch reads packed rows.
func eachStretch(packed []byte, f func(looseStretch)) error {
	r, err := openStretches(packed)
	if err != nil {
		return err
	}
	for r.next() {
		f(r.row)
	}
	return r.u.err
}

func openStretches(packed []byte) (r stretchUnpacker, err error) {
	body, ok := unsummed(packed)
	if !ok || body[0] != stretchPacking {
		return r, errPacked
	}
	r.u.buf, r.u.at = body, 1
	r.left = r.u.count(true)
	return r, r.u.err
}

// next reads the next row, if there is one.
func (r *stretchUnpacker) next() bool {
	if r.left == 0 || r.u.err != nil {
		return false
	}
	r.left--
	begin := r.u.byte()
	id, last := int64(r.row.probe())+r.u.int(), r.row.last+r.u.int()
	step, first := r.row.step(), last
	if begin&stretchStep != 0 {
		step = int64(min(r.u.uint(), math.MaxInt64))
	}
	if begin&stretchLong != 0 {
		first -= r.u.int()
	}
	if id < -maxStretchID || id > maxStretchID || step >= 1<<32 || !isInstant(first) || !isInstant(last) {
		r.u.fail()
	}
	r.row = looseStretch{id<<34 | step<<2 | int64(begin&3), first, last}
	return r.u.err == nil
}

// maxStretchID is the largest number of a probe that fits beside the step and the outcome of a row.
const maxStretchID = 1<<29 - 1
