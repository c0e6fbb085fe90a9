package slo

import (
	"math"
	"time"
)

// Bad is how much time was bad over a trailing window, which is that of a tier: an hour, 6
// hours, a day or 3 days.
func (b *Burn) Bad(long time.Duration) time.Duration {
	var ms int64
	switch {
	case long > day:
		ms = int64(b.sums.three)*hourUnit + int64(b.Rests.Hour)
	case long > 6*time.Hour:
		ms = b.lastDay()
	case long > time.Hour:
		ms = int64(b.sums.six)*fiveUnit + int64(b.Rests.FiveBad)
	default:
		for i := range b.Minutes {
			ms += int64(b.Minutes[i].Bad)
		}
	}
	return time.Duration(ms) * time.Millisecond
}

func (b *Burn) lastDay() (ms int64) {
	i := ring(place(b.Until-1, hourMS), burnHours)
	for range 24 {
		ms += int64(b.Hours[i])
		i = before(i, burnHours)
	}
	return ms*hourUnit + int64(b.Rests.Hour)
}

// Spent is how much time was bad over the window of the objective.
func (b *Burn) Spent() time.Duration {
	return time.Duration(int64(b.sums.parts)*b.partUnit()+int64(b.Rests.Part)) * time.Millisecond
}

// Coverage is the share of the window that was judged, in [0, 1], of a probe that has slots
// since an instant. What lies before anything was bad counts as judged.
func (b *Burn) Coverage(since time.Time) float64 {
	all := min(b.Until-since.UnixMilli(), burnParts*b.part())
	blank := int64(b.Rests.Blank)
	for _, n := range b.Blanks {
		blank += int64(n) * b.blankUnit()
	}
	if all <= 0 || blank >= all {
		return 0
	}
	return float64(all-blank) / float64(all)
}

// Valid reports whether it is one that time can go on from.
func (b *Burn) Valid() bool { return b.Part > 0 && b.part() <= (401*day).Milliseconds() }

// Quiet reports whether nothing bad is remembered that could matter any more.
func (b *Burn) Quiet() bool { return b.sums.three == 0 && b.sums.parts == 0 }

// Fires reports whether more was bad than an alarm bears, more than could be chance, and
// still is, for slots so far apart.
func (b *Burn) Fires(a *Alarm, interval time.Duration) bool {
	bad := b.Bad(a.Long)
	if bad <= a.Most || b.slots(bad, a.Long, interval) < a.Need {
		return false
	}
	if a.Short <= time.Hour {
		return tooBad(b.Minutes[:], place(b.Until-1, minuteMS), minuteMS, 1, a)
	}
	return tooBad(b.Fives[:], place(b.Until-1, fiveMS), fiveMS, fiveUnit, a)
}

// tooBad reports whether more was bad over the short window of an alarm than it bears. It looks
// back from the latest bucket, no further than it takes to know.
func tooBad(buckets []Bucket, latest, length, unit int64, a *Alarm) bool {
	n := int((a.Short.Milliseconds() + length - 1) / length)
	enough := a.PPB * int64(n) * length // as much would be too much even if all had been judged
	i, size := int(ring(latest, int64(len(buckets)))), len(buckets)
	bad, judged := int64(0), int64(0)
	for range n {
		bad, judged = bad+int64(buckets[i].Bad)*unit, judged+int64(buckets[i].Judged)*unit
		if bad*1e9 > enough {
			return true
		}
		i = before(i, size)
	}
	return bad*1e9 > a.PPB*judged
}

// slots is how many slots some bad time was, at least: where slots of several lengths are in
// the window it is counted in the longest. Less than a unit may be missing.
func (b *Burn) slots(bad, long, interval time.Duration) int {
	step := interval.Milliseconds()
	if b.coarse() < long.Milliseconds() {
		step = max(step, int64(b.Coarse.Step))
	}
	return int((bad.Milliseconds() + hourUnit - 1) / step)
}

// coarse is how long ago the latest of the longest bad slots was, in milliseconds.
func (b *Burn) coarse() int64 { return b.Until - int64(b.Coarse.Minute)*minuteMS }

// Begin begins a period of a calendar with a whole budget, if an instant lies in another one
// than what was added before.
func (b *Burn) Begin(at time.Time, w Window) {
	if w.Period == Trailing || at.Before(time.Unix(int64(b.Ends)*60, 0)) {
		return
	}
	span := w.Span(at)
	b.forget()
	b.Part, b.Ends = partOf(w, span.Length), uint32(span.End.Unix()/60)
}

// Total is what may be bad in the window, for an objective that it is the window of.
func (b *Burn) Total(o Objective) time.Duration {
	if o.Window.Period == Trailing {
		return o.Total(o.Window.Length)
	}
	return o.Total(time.Duration((burnParts-1)*b.part()) * time.Millisecond)
}

// forget forgets what was spent.
func (b *Burn) forget() {
	b.Parts, b.Blanks, b.Rests.Part, b.Rests.Blank, b.sums.parts = [burnParts]uint16{}, [burnBlanks]uint8{}, 0, 0, 0
}

// Refit has what is remembered serve another window. What lies further back than the former
// one reached is not known, and within a part of it nobody knows when time was bad.
func (b *Burn) Refit(w Window) {
	was, span := *b, w.Span(time.UnixMilli(b.Until))
	b.Part, b.Ends = partOf(w, span.Length), 0
	if w.Period != Trailing {
		b.Ends = uint32(span.End.Unix() / 60)
	}
	if b.Part == was.Part && b.Ends == was.Ends {
		return
	}
	b.forget()
	for old := cut(math.MinInt64, b.Until, was.part(), burnParts); old.from < old.to; {
		from := old.from
		at, n := old.next()
		bad := min(int64(was.Parts[ring(at, burnParts)])*was.partUnit(), n)
		for c := b.within(max(from, span.After.UnixMilli()), from+n, b.part(), burnParts); c.from < c.to; {
			at, some := c.next()
			b.Parts[ring(at, burnParts)] += uint16(units(bad*some/n, b.partUnit(), &b.Rests.Part))
		}
	}
	for old := cut(math.MinInt64, b.Until, 2*was.part(), burnBlanks); old.from < old.to; {
		from := old.from
		at, n := old.next()
		blank := min(int64(was.Blanks[ring(at, burnBlanks)])*was.blankUnit(), n)
		for c := b.within(max(from, span.After.UnixMilli()), from+n, 2*b.part(), burnBlanks); c.from < c.to; {
			at, some := c.next()
			b.Blanks[ring(at, burnBlanks)] += uint8(units(blank*some/n, b.blankUnit(), &b.Rests.Blank))
		}
	}
	b.Recount()
}

// within cuts [from, to) at the edges of buckets, as far as the ring that ends now reaches.
func (b *Burn) within(from, to, length, size int64) cutter {
	return cut(max(from, (place(b.Until-1, length)-size+1)*length), to, length, size)
}

// Excuse lets time pass up to an instant that counts neither as judged nor as missed.
func (b *Burn) Excuse(until time.Time) {
	if to := until.UnixMilli(); to > b.Until {
		b.turn(to)
	}
}
