package store

import (
	"slices"

	"sonde/probe"
)

// tallyDays are the sums of consecutive days of many probes, day by day as they are stored: ten
// thousand of a month take a megabyte, and a look at everything unpacks them in a few milliseconds.
type tallyDays []tallyDay

// tallyDay are the sums of a day.
type tallyDay struct {
	of   []int32    // by place: which of the sums; nil: there are none
	sums []dayTally // the first is noTally; of probes behind each other that have the same it stands there once
}

// at is the sum of a day of the probe at a place; noTally if there is none.
func (d tallyDays) at(day, place int) dayTally {
	x := &d[day]
	if x.of == nil {
		return noTally
	}
	return x.sums[x.of[place]]
}

// tallyUnpacker unpacks the sums of days, of those probes whose sums are wanted.
type tallyUnpacker struct {
	days  tallyDays
	ids   []probe.ID // by place; they ascend
	room  []dayTally
	whole []bool // by day: all have a sum
}

func newTallyUnpacker(days int, known []Probe) *tallyUnpacker {
	x := &tallyUnpacker{days: make(tallyDays, days), ids: make([]probe.ID, len(known)), whole: make([]bool, days)}
	for i := range known {
		x.ids[i] = known[i].ID
	}
	return x
}

// unpack reads the sums of a day. Where they are damaged there are none: a day is counted by its ledger
// then.
func (x *tallyUnpacker) unpack(day int, packed []byte) {
	var r tallyReader
	if r.open(packed) != nil {
		return
	}
	of := make([]int32, len(x.ids))
	var whole bool
	x.room, whole = r.day(x.ids, of, append(x.room[:0], noTally))
	if r.u.err == nil {
		x.days[day], x.whole[day] = tallyDay{of, slices.Clone(x.room)}, whole
	}
}

// gaps are the days of which some have no sum.
func (x *tallyUnpacker) gaps() (gaps []int64) {
	for i, whole := range x.whole {
		if !whole && len(x.ids) > 0 {
			gaps = append(gaps, int64(i))
		}
	}
	return gaps
}

// day reads the sums of a day, and which of them is whose; false if some have none.
func (r *tallyReader) day(ids []probe.ID, of []int32, sums []dayTally) (_ []dayTally, whole bool) {
	whole = true
	latest, before := noSum, noSum // where those two stand that the reader has
	for place, id := range ids {
		switch how := r.ahead(id); {
		case how == tallySame && latest != noSum:
			r.step(id)
		case how == tallyBack && before != noSum:
			r.step(id)
			r.tally, r.before = r.before, r.tally
			latest, before = before, latest
		default:
			sum := r.search(id)
			if sum == noTally {
				latest, before, whole = noSum, noSum, false
				continue
			}
			last, other := latest, before
			if latest = either(sums, &sum, last, other); latest == noSum {
				latest = int32(len(sums))
				sums = append(sums, sum)
			}
			before = either(sums, &r.before, last, other)
		}
		of[place] = latest
	}
	return sums, whole
}

// noSum is where a sum stands that does not stand among others.
const noSum = int32(-1)

// either is that of two places at which a sum stands.
func either(sums []dayTally, sum *dayTally, one, other int32) int32 {
	for _, at := range [...]int32{one, other} {
		if at != noSum && sums[at] == *sum {
			return at
		}
	}
	return noSum
}

// ahead says how the next tally is packed, if it is that of a probe, which follows the one before, and
// one that was read: as nearly all are.
func (r *tallyReader) ahead(id probe.ID) byte {
	const next = 2 // as it is packed
	u := &r.u
	if r.left == 0 || r.id+1 != id || u.left() < 2 || u.buf[u.at] != next {
		return tallyOther
	}
	return u.buf[u.at+1]
}

// step steps over the next tally, which is one that was read.
func (r *tallyReader) step(id probe.ID) {
	r.u.at += 2
	r.left--
	r.id = id
}
