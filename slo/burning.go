package slo

import (
	"math"
	"time"
)

// Bad is how much time was bad over a trailing window, which is that of a tier: an hour, 6
// hours, a day or 3 days.
func (b *Burn) Bad(long time.Duration) time.Duration {
	ms := int64(b.sums.hour)
	switch {
	case long > day:
		ms = int64(b.sums.three)*hourUnit + int64(b.Rests.Hour)
	case long > 6*time.Hour:
		ms = b.lastDay()
	case long > time.Hour:
		ms = int64(b.sums.six)*fiveUnit + int64(b.Rests.FiveBad)
	}
	return time.Duration(ms) * time.Millisecond
}

func (b *Burn) lastDay() int64 {
	sum, latest := int64(0), place(b.Until-1, hourMS)
	for at := latest - 23; at <= latest; at++ {
		sum += int64(b.Hours[ring(at, burnHours)])
	}
	return sum*hourUnit + int64(b.Rests.Hour)
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

// Quiet reports whether nothing bad is remembered that could matter any more.
func (b *Burn) Quiet() bool { return b.sums.three == 0 && b.sums.parts == 0 }

// Fires reports whether more was bad than an alarm bears, more than could be chance, and
// still is, for slots so far apart.
func (b *Burn) Fires(a *Alarm, interval time.Duration) bool {
	bad := b.Bad(a.Long)
	if bad <= a.Most || b.slots(bad, a.Long, interval) < a.Need {
		return false
	}
	spoilt, judged := b.recent(a.Short)
	return spoilt*1e9 > a.PPB*judged
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

// recent is how much was bad and judged over a short window.
func (b *Burn) recent(short time.Duration) (bad, judged int64) {
	if short <= time.Hour {
		latest := place(b.Until-1, minuteMS)
		for at := latest - int64((short+time.Minute-1)/time.Minute) + 1; at <= latest; at++ {
			m := b.Minutes[ring(at, burnMinutes)]
			bad, judged = bad+int64(m.Bad), judged+int64(m.Judged)
		}
		return bad, judged
	}
	latest := place(b.Until-1, fiveMS)
	for at := latest - int64((short+5*time.Minute-1)/(5*time.Minute)) + 1; at <= latest; at++ {
		f := b.Fives[ring(at, burnFives)]
		bad, judged = bad+int64(f.Bad), judged+int64(f.Judged)
	}
	return bad * fiveUnit, judged * fiveUnit
}

// Refit has what is remembered serve a window of another length. What lies further back than
// the former one reached is not known.
func (b *Burn) Refit(window time.Duration) {
	part := partOf(window)
	if part == b.Part {
		return
	}
	was := *b
	b.Part = part
	b.Restart()
	for old := cut(math.MinInt64, b.Until, was.part(), burnParts); old.from < old.to; {
		from := old.from
		at, n := old.next()
		bad := min(int64(was.Parts[ring(at, burnParts)])*was.partUnit(), n)
		for c := b.within(from, from+n, b.part(), burnParts); c.from < c.to; {
			at, some := c.next()
			b.Parts[ring(at, burnParts)] += uint16(units(bad*some/n, b.partUnit(), &b.Rests.Part))
		}
	}
	for old := cut(math.MinInt64, b.Until, 2*was.part(), burnBlanks); old.from < old.to; {
		from := old.from
		at, n := old.next()
		blank := min(int64(was.Blanks[ring(at, burnBlanks)])*was.blankUnit(), n)
		for c := b.within(from, from+n, 2*b.part(), burnBlanks); c.from < c.to; {
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

// Restart forgets what was spent: a new period begins with a whole budget.
func (b *Burn) Restart() {
	b.Parts, b.Blanks, b.Rests.Part, b.Rests.Blank, b.sums.parts = [burnParts]uint16{}, [burnBlanks]uint8{}, 0, 0, 0
}
