package store

import (
	"errors"
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

// unpackTallyDays reads the sums of days of those probes, whose ids ascend, and returns of which days
// some have none.
func unpackTallyDays(days []tallyReader, ids []probe.ID) (all tallyDays, gaps []int64, err error) {
	all = make(tallyDays, len(days))
	var room []dayTally
	for i := range days {
		r := &days[i]
		whole := len(r.u.buf) > 0
		if whole {
			all[i].of = make([]int32, len(ids))
			room, whole = r.day(ids, all[i].of, append(room[:0], noTally))
			all[i].sums = slices.Clone(room)
		}
		if !whole && len(ids) > 0 {
			gaps = append(gaps, int64(i))
		}
		err = errors.Join(err, r.u.err)
	}
	return all, gaps, err
}

// day reads the sums of a day, and which of them is whose; false if some have none.
func (r *tallyReader) day(ids []probe.ID, of []int32, sums []dayTally) (_ []dayTally, whole bool) {
	whole = true
	const none = -1
	latest := int32(none) // the sum that was read last, if it is one of these
	for place, id := range ids {
		if latest != none && r.alike(id) {
			of[place] = latest
			continue
		}
		switch sum := r.search(id); {
		case sum == noTally:
			latest, whole = none, false
		case latest != none && sum == sums[latest]:
			of[place] = latest
		default:
			latest = int32(len(sums))
			sums, of[place] = append(sums, sum), latest
		}
	}
	return sums, whole
}

// alike reads the next tally if it is that of a probe and the same as the one before, as nearly all
// are.
func (r *tallyReader) alike(id probe.ID) bool {
	const next, same = 2, 0 // as they are packed: the next id, and nothing that differs
	u := &r.u
	if r.left == 0 || r.id+1 != id || u.left() < 2 || u.buf[u.at] != next || u.buf[u.at+1] != same {
		return false
	}
	u.at += 2
	r.left--
	r.id = id
	return true
}
