package slo

import "time"

// Burn remembers how much of the time of late was bad, as far as burn rates and the spending
// of a budget need it: minute by minute for an hour, in steps of 5 minutes for 6 hours, hour
// by hour for 3 days, and in 64 parts for the window of the objective. What a slot weighs is
// spread over the time before it, for which it stands, so that any interval counts right, and
// so does a change of it. Adding a slot costs the same however much is remembered.
//
// Sums are exact to the millisecond, but for the oldest bucket of a window, which leaves as a
// whole. Everything follows from what was added; nothing depends on when.
type Burn struct {
	Until   int64  // milliseconds since 1970, up to which time was added
	Part    uint32 // a 64th of the window in milliseconds
	Ends    uint32 // minutes since 1970, of a period of a calendar
	Coarse  Coarse
	Minutes [burnMinutes]Bucket
	Fives   [burnFives]Bucket // in units of 5 ms
	Hours   [burnHours]uint16 // bad, in units of 60 ms
	Parts   [burnParts]uint16 // bad, in units of partUnit
	Blanks  [burnBlanks]uint8 // not judged, two parts each, in units of blankUnit
	Rests   Rests

	sums sums
}

// Bucket is a stretch of time: how much of it was judged, and of that bad.
type Bucket struct{ Bad, Judged uint16 }

// Rests are milliseconds that do not fill a unit, and are added with what comes next.
type Rests struct {
	Blank                     uint32
	Part                      uint16
	Hour, FiveBad, FiveJudged uint8
}

// Coarse is the longest step of bad slots that are remembered, and the minute since 1970 of
// the latest one that had it.
type Coarse struct {
	Step   uint32 // milliseconds
	Minute uint32
}

// sums are what is bad within the windows, in the units of their buckets. They follow from
// the buckets.
type sums struct{ six, three, parts uint32 }

const (
	burnMinutes = 60
	burnFives   = 72
	burnHours   = 72
	burnParts   = 64
	burnBlanks  = burnParts / 2

	minuteMS, fiveMS, hourMS = 60_000, 300_000, 3_600_000
	fiveUnit, hourUnit       = fiveMS / minuteMS, hourMS / minuteMS // so that a bucket fits 16 bits
)

// NewBurn remembers nothing yet, from an instant on, for a window at that instant.
func NewBurn(from time.Time, window Window) *Burn {
	b := &Burn{Until: from.UnixMilli(), Part: partOf(window, window.Length)}
	b.Begin(from, window)
	return b
}

// partOf is the length of a part, such that all parts are the window. A period of a calendar begins
// anywhere within its first part, and must not lose it before it ends.
func partOf(w Window, length time.Duration) uint32 {
	parts := int64(burnParts)
	if w.Period != Trailing {
		parts--
	}
	return uint32((length.Milliseconds() + parts - 1) / parts)
}

func (b *Burn) part() int64      { return int64(b.Part) }
func (b *Burn) partUnit() int64  { return b.part()/60_000 + 1 }
func (b *Burn) blankUnit() int64 { return 2*b.part()/250 + 1 }

// Add adds slots that were judged, in their order; each stands for the step before it. What
// was passed over before them was not judged.
func (b *Burn) Add(slots Stretch, bad bool) {
	step, to := slots.Step.Milliseconds(), slots.Last.UnixMilli()
	if step <= 0 || to <= b.Until {
		return
	}
	b.leave(max(slots.First.UnixMilli()-step, b.Until))
	from := b.Until
	b.turn(to)
	for c := cut(from, to, minuteMS, burnMinutes); c.from < c.to; {
		at, n := c.next()
		b.Minutes[ring(at, burnMinutes)].Judged += uint16(n)
	}
	for c := cut(from, to, fiveMS, burnFives); c.from < c.to; {
		at, n := c.next()
		b.Fives[ring(at, burnFives)].Judged += uint16(units(n, fiveUnit, &b.Rests.FiveJudged))
	}
	if bad {
		b.spoil(from, to)
		if b.Coarse.Step <= uint32(step) || b.coarse() >= burnHours*hourMS {
			b.Coarse = Coarse{uint32(step), uint32(place(to, minuteMS))}
		}
	}
}

// spoil adds bad time that has just passed.
func (b *Burn) spoil(from, to int64) {
	for c := cut(from, to, minuteMS, burnMinutes); c.from < c.to; {
		at, n := c.next()
		b.Minutes[ring(at, burnMinutes)].Bad += uint16(n)
	}
	for c := cut(from, to, fiveMS, burnFives); c.from < c.to; {
		at, n := c.next()
		n = units(n, fiveUnit, &b.Rests.FiveBad)
		b.Fives[ring(at, burnFives)].Bad += uint16(n)
		b.sums.six += uint32(n)
	}
	for c := cut(from, to, hourMS, burnHours); c.from < c.to; {
		at, n := c.next()
		n = units(n, hourUnit, &b.Rests.Hour)
		b.Hours[ring(at, burnHours)] += uint16(n)
		b.sums.three += uint32(n)
	}
	for c := cut(from, to, b.part(), burnParts); c.from < c.to; {
		at, n := c.next()
		n = units(n, b.partUnit(), &b.Rests.Part)
		b.Parts[ring(at, burnParts)] += uint16(n)
		b.sums.parts += uint32(n)
	}
}

// leave lets time pass that was not judged.
func (b *Burn) leave(to int64) {
	from := b.Until
	if to <= from {
		return
	}
	b.turn(to)
	for c := cut(from, to, 2*b.part(), burnBlanks); c.from < c.to; {
		at, n := c.next()
		b.Blanks[ring(at, burnBlanks)] += uint8(units(n, b.blankUnit(), &b.Rests.Blank))
	}
}

// turn lets time pass, and forgets what leaves the windows through that.
func (b *Burn) turn(to int64) {
	from := b.Until
	b.Until = to
	if place(to-1, minuteMS) == place(from-1, minuteMS) && place(to-1, b.part()) == place(from-1, b.part()) {
		return
	}
	for at, last := entered(from, to, minuteMS, burnMinutes); at <= last; at++ {
		b.Minutes[ring(at, burnMinutes)] = Bucket{}
	}
	for at, last := entered(from, to, fiveMS, burnFives); at <= last; at++ {
		bucket := &b.Fives[ring(at, burnFives)]
		drop(&b.sums.six, bucket.Bad, &b.Rests.FiveBad)
		*bucket = Bucket{}
	}
	for at, last := entered(from, to, hourMS, burnHours); at <= last; at++ {
		bucket := &b.Hours[ring(at, burnHours)]
		drop(&b.sums.three, *bucket, &b.Rests.Hour)
		*bucket = 0
	}
	for at, last := entered(from, to, b.part(), burnParts); at <= last; at++ {
		bucket := &b.Parts[ring(at, burnParts)]
		drop(&b.sums.parts, *bucket, &b.Rests.Part)
		*bucket = 0
	}
	for at, last := entered(from, to, 2*b.part(), burnBlanks); at <= last; at++ {
		b.Blanks[ring(at, burnBlanks)] = 0
	}
}

// drop takes a bucket from a sum, and the rest with the last of it.
func drop[T uint8 | uint16](sum *uint32, bucket uint16, rest *T) {
	if bucket == 0 {
		return
	}
	if *sum -= uint32(bucket); *sum == 0 {
		*rest = 0
	}
}

// Recount makes the sums of the buckets anew, for whoever has read them from somewhere.
func (b *Burn) Recount() {
	b.sums = sums{}
	for _, f := range b.Fives {
		b.sums.six += uint32(f.Bad)
	}
	for _, h := range b.Hours {
		b.sums.three += uint32(h)
	}
	for _, p := range b.Parts {
		b.sums.parts += uint32(p)
	}
}

// units is how many whole units some milliseconds and the rest of those before make.
func units[T uint8 | uint16 | uint32](n, unit int64, rest *T) int64 {
	n += int64(*rest)
	*rest = T(n % unit)
	return n / unit
}

// place is the bucket of a length in which a millisecond lies.
func place(at, length int64) int64 {
	if at < 0 {
		return (at+1)/length - 1
	}
	return at / length
}

// ring is where a bucket lies in a ring.
func ring(at int64, size int64) int64 { return (at%size + size) % size }

// before is the place before another in a ring.
func before[T int | int64](i, size T) T {
	if i == 0 {
		return size - 1
	}
	return i - 1
}

// cutter cuts time at the edges of buckets.
type cutter struct{ from, to, at, length int64 }

// cut cuts [from, to) at the edges of buckets of a length, as far back from its end as a ring
// of so many reaches.
func cut(from, to, length, size int64) cutter {
	from = max(from, (place(to-1, length)-size+1)*length)
	return cutter{from, to, place(from, length), length}
}

// next is the next bucket, and how much of it lies in the time.
func (c *cutter) next() (at, n int64) {
	end := min((c.at+1)*c.length, c.to)
	at, n = c.at, end-c.from
	c.at, c.from = at+1, end
	return at, n
}

// entered are the first and the last bucket that time enters on its way, those of a ring at
// the most.
func entered(from, to, length, size int64) (first, last int64) {
	last = place(to-1, length)
	return max(place(from-1, length), last-size) + 1, last
}
