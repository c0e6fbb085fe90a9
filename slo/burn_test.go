package slo_test

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/slo"
)

// pastTime is what was added to a Burn, as it was added.
type pastTime struct {
	from, to time.Time
	bad      bool
}

// diary remembers all time, in no clever way.
type diary struct {
	burn *slo.Burn
	past []pastTime
}

func (d *diary) add(slots slo.Stretch, bad bool) {
	from := slots.First.Add(-slots.Step)
	if n := len(d.past); n > 0 {
		from = slo.Latest(from, d.past[n-1].to)
	}
	if slots.Last.After(from) {
		d.past = append(d.past, pastTime{from, slots.Last, bad})
	}
	d.burn.Add(slots, bad)
}

// spoilt is how much was bad, and judged, in the last so many buckets of a length.
func (d *diary) spoilt(length time.Duration, buckets int) (bad, judged time.Duration) {
	until := d.past[len(d.past)-1].to
	newest := (until.UnixMilli() - 1) / length.Milliseconds()
	edge := time.UnixMilli((newest - int64(buckets) + 1) * length.Milliseconds())
	for _, p := range d.past {
		if n := p.to.Sub(slo.Latest(p.from, edge)); n > 0 {
			judged += n
			if p.bad {
				bad += n
			}
		}
	}
	return bad, judged
}

// check compares what is remembered with the diary.
func (d *diary) check(t *testing.T, window time.Duration) {
	t.Helper()
	const fine, coarse = 5 * time.Millisecond, 60 * time.Millisecond
	for long, is := range map[time.Duration]struct {
		bucket time.Duration
		within time.Duration
	}{time.Hour: {time.Minute, 1}, 6 * time.Hour: {5 * time.Minute, fine}, day: {time.Hour, coarse}, 3 * day: {time.Hour, coarse}} {
		want, _ := d.spoilt(is.bucket, int(long/is.bucket))
		require.InDelta(t, want, d.burn.Bad(long), float64(is.within), "bad over %v", long)
	}
	part := (window + 63) / 64
	part = (part + time.Millisecond - 1).Truncate(time.Millisecond)
	want, _ := d.spoilt(part, 64)
	require.InDelta(t, want, d.burn.Spent(), float64(part/60_000+time.Millisecond), "spent over %v", window)

	_, judged := d.spoilt(2*part, 32)
	since := d.past[0].from
	all := min(d.past[len(d.past)-1].to.Sub(since), 64*part)
	require.InDelta(t, min(1, float64(judged)/float64(all)), d.burn.Coverage(since), 2.0/64+0.01, "coverage of %v", window)
}

func TestABurnRemembersAllThatWasBad(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 32))
	windows := []time.Duration{time.Hour, 61 * time.Minute, day, 7 * day, 30 * day, 400 * day}
	for range 60 {
		window := windows[rnd.IntN(len(windows))]
		at := t0.Add(time.Duration(rnd.IntN(1e7)) * time.Millisecond)
		step := []time.Duration{time.Second, 10 * time.Second, time.Minute, 77_001 * time.Millisecond, 5 * time.Minute, 3 * time.Hour, 5 * day}[rnd.IntN(7)]
		d := diary{burn: slo.NewBurn(at, slo.Rolling(window))}
		chance := rnd.IntN(11)
		for range 100 {
			n := rnd.IntN(1 << rnd.IntN(8))
			first := at.Add(step)
			at = first.Add(time.Duration(n) * step)
			d.add(slo.Stretch{First: first, Last: at, Step: step}, rnd.IntN(10) < chance)
			d.check(t, window)
			switch rnd.IntN(12) {
			case 0: // not judged
				at = at.Add(time.Duration(rnd.IntN(1<<rnd.IntN(16))) * step)
			case 1:
				step = time.Duration(1000+rnd.IntN(1<<(8+rnd.IntN(16)))) * time.Millisecond
			}
		}
		before := *d.burn
		d.burn.Recount()
		require.Equal(t, before, *d.burn, "the sums are those of the buckets")
	}
}

func TestABurnIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(slo.Burn{}), uintptr(900))
}

func TestG20ItDoesNotMatterHowTimeIsCutIntoSlots(t *testing.T) {
	whole, cut := slo.NewBurn(t0, slo.Rolling(30*day)), slo.NewBurn(t0, slo.Rolling(30*day))
	for i := range 200 {
		slot := t0.Add(time.Duration(i+1) * time.Minute)
		whole.Add(slo.Stretch{First: slot, Last: slot, Step: time.Minute}, i%7 == 0)
		cut.Add(slo.Stretch{First: slot.Add(-50 * time.Second), Last: slot, Step: 10 * time.Second}, i%7 == 0)
	}
	for _, long := range []time.Duration{time.Hour, 6 * time.Hour, day, 3 * day} {
		require.Equal(t, whole.Bad(long), cut.Bad(long))
	}
	require.Equal(t, whole.Spent(), cut.Spent())
	require.Equal(t, 29*time.Minute, whole.Spent())
}

// minutes gives a burn so many slots a minute apart, and returns the next one.
func minutes(b *slo.Burn, from time.Time, n int, bad bool) time.Time {
	if n > 0 {
		b.Add(slo.Stretch{First: from, Last: from.Add(time.Duration(n-1) * time.Minute), Step: time.Minute}, bad)
	}
	return from.Add(time.Duration(n) * time.Minute)
}

func TestH2ThreeBadMinutesOfAnHourFire(t *testing.T) {
	o := objective(t, "99.9% over 30d")
	hour := slo.Alarms(o, time.Minute)[0]
	b := slo.NewBurn(t0, o.Window)
	at := minutes(b, t0.Add(time.Minute), 20, false)
	at = minutes(b, at, 2, true)
	rate, ok := o.BurnRate(slo.Tally{Good: 58 * time.Minute, Bad: b.Bad(time.Hour)}, time.Hour)
	require.True(t, ok)
	require.InDelta(t, 33.3, rate, 0.1)
	require.False(t, b.Fires(&hour, time.Minute), "two may be chance, whatever the rate")
	at = minutes(b, at, 10, false)
	at = minutes(b, at, 1, true)
	require.True(t, b.Fires(&hour, time.Minute), "three are not")
	at = minutes(b, at, 4, false)
	require.True(t, b.Fires(&hour, time.Minute))
	minutes(b, at, 1, false)
	require.False(t, b.Fires(&hour, time.Minute), "nothing was bad in the last five minutes")
}

func TestEveryTierOfHFiresAtItsCount(t *testing.T) {
	for _, text := range []string{"99.9% over 30d", "99.95% over 30d", "99.5% over 30d", "99% over 30d"} {
		o := objective(t, text)
		for _, step := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute} {
			for _, a := range slo.Alarms(o, step) {
				need := max(a.Need, int(a.Most/step)+1)
				b := slo.NewBurn(t0, o.Window)
				for i := range need {
					require.False(t, b.Fires(&a, step), "%s every %v: %d of %d", text, step, i, need)
					slot := t0.Add(time.Duration(i+1) * step)
					b.Add(slo.Stretch{First: slot, Last: slot, Step: step}, true)
				}
				require.True(t, b.Fires(&a, step), "%s every %v: %d", text, step, need)
			}
		}
	}
}

func TestALongSlotIsNotManyShortOnes(t *testing.T) {
	o := objective(t, "99.9% over 30d")
	b := slo.NewBurn(t0, o.Window)
	slot := t0.Add(5 * time.Minute)
	b.Add(slo.Stretch{First: slot, Last: slot, Step: 5 * time.Minute}, true)
	short := slo.Alarms(o, 10*time.Second)[0]
	b.Add(slo.Stretch{First: slot.Add(10 * time.Second), Last: slot.Add(10 * time.Second), Step: 10 * time.Second}, true)
	require.Greater(t, b.Bad(time.Hour), short.Most)
	require.False(t, b.Fires(&short, 10*time.Second), "it was one failure, and one more")
	for i := range 60 {
		at := slot.Add(time.Hour + time.Duration(i)*time.Minute)
		b.Add(slo.Stretch{First: at, Last: at.Add(50 * time.Second), Step: 10 * time.Second}, i == 59)
	}
	require.True(t, b.Fires(&short, 10*time.Second), "once that has left the window, six count as six")
}

func TestABurnForgets(t *testing.T) {
	b := slo.NewBurn(t0, slo.Rolling(7*day))
	require.True(t, b.Quiet())
	at := minutes(b, t0.Add(time.Minute), 3, true)
	require.False(t, b.Quiet())
	require.Equal(t, 3*time.Minute, b.Spent())
	at = minutes(b, at, 3*24*60+120, false)
	require.Zero(t, b.Bad(3*day))
	require.False(t, b.Quiet(), "the budget remembers for longer")
	minutes(b, at, 4*24*60+180, false)
	require.Zero(t, b.Spent())
	require.True(t, b.Quiet())
	require.Equal(t, 1.0, b.Coverage(t0))
}

func TestABurnThatServesAnotherWindowKeepsWhatWasSpent(t *testing.T) {
	rnd := rand.New(rand.NewPCG(33, 34))
	windows := []time.Duration{time.Hour, day, 7 * day, 30 * day, 90 * day, 400 * day}
	for range 300 {
		window := windows[rnd.IntN(len(windows))]
		at := t0
		d := diary{burn: slo.NewBurn(at, slo.Rolling(window))}
		for range 20 {
			step := time.Duration(1000+rnd.IntN(1<<(8+rnd.IntN(20)))) * time.Millisecond
			n := rnd.IntN(60)
			d.add(slo.Stretch{First: at.Add(step), Last: at.Add(time.Duration(n+1) * step), Step: step}, rnd.IntN(3) == 0)
			at = at.Add(time.Duration(n+1+rnd.IntN(30)) * step)
		}
		to := windows[rnd.IntN(len(windows))]
		before := d.burn.Spent()
		d.burn.Refit(slo.Rolling(to))
		if to == window {
			require.Equal(t, before, d.burn.Spent())
			continue
		}
		// Within a bucket of either, nobody knows where the bad time was.
		most, _ := d.spoilt((min(to, window)/64+time.Millisecond)*66/64, 64)
		least, _ := d.spoilt(min(to, window)/64, 60)
		edge := (to/64 + window/64) / 60_000
		require.LessOrEqual(t, d.burn.Spent(), most+max(to, window)/64+edge)
		if to <= window {
			require.GreaterOrEqual(t, d.burn.Spent()+window/64+64*64*edge, least)
		}
		again := *d.burn
		d.burn.Recount()
		require.Equal(t, again, *d.burn)
		slot := at.Add(400 * day)
		d.burn.Add(slo.Stretch{First: slot, Last: slot, Step: time.Minute}, true)
		require.Equal(t, time.Minute, d.burn.Bad(time.Hour))
	}
}

func TestAPeriodBeginsWithAWholeBudget(t *testing.T) {
	month := slo.Window{Period: slo.Month, Zone: "Europe/Berlin"}
	o := slo.Objective{BadPPM: 1000, Window: month}
	midnight := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC) // in Berlin
	b := slo.NewBurn(midnight.Add(-10*time.Minute), month)
	require.InDelta(t, 43.2, b.Total(o).Minutes(), 1e-6, "November has 30 days")
	add := func(at time.Time, n int, bad bool) {
		for i := range n {
			slot := at.Add(time.Duration(i) * time.Minute)
			b.Begin(slot, month)
			b.Add(slo.Stretch{First: slot, Last: slot, Step: time.Minute}, bad)
		}
	}
	add(midnight.Add(-5*time.Minute), 5, true)
	require.Equal(t, 5*time.Minute, b.Spent())
	add(midnight, 2, true)
	require.Equal(t, 2*time.Minute, b.Spent(), "the slot at midnight is the first of December")
	require.Equal(t, 7*time.Minute, b.Bad(time.Hour), "but the rate at which it is spent goes on")
	require.InDelta(t, 44.64, b.Total(o).Minutes(), 1e-6, "and that has 31")
	end := midnight.AddDate(0, 0, 31)
	add(end.Add(-time.Minute), 1, true)
	require.Equal(t, 3*time.Minute, b.Spent(), "on the last day the first one still counts")
	add(end, 1, true)
	require.Equal(t, time.Minute, b.Spent())
}

func TestG10MonthsHaveTheirOwnBudgets(t *testing.T) {
	o := slo.Objective{BadPPM: 1000, Window: slo.Window{Period: slo.Month, Zone: "Europe/Berlin"}}
	for month, want := range map[time.Month]float64{time.March: 2_674_800, time.October: 2_682_000} {
		at := time.Date(2026, month, 15, 0, 0, 0, 0, time.UTC)
		require.InDelta(t, want, slo.NewBurn(at, o.Window).Total(o).Milliseconds(), 1)
	}
}

func TestAMonthTakesOverWhatThirtyDaysRemember(t *testing.T) {
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	b := slo.NewBurn(begin.AddDate(0, 0, -5), slo.Rolling(30*day))
	at := minutes(b, begin.AddDate(0, 0, -3), 60, true)
	at = minutes(b, at, 5*24*60, false)
	minutes(b, at, 30, true)
	require.Equal(t, 90*time.Minute, b.Spent())
	b.Refit(slo.Window{Period: slo.Month})
	require.InDelta(t, 30, b.Spent().Minutes(), 0.1, "of this month")
	b.Refit(slo.Rolling(30 * day))
	require.InDelta(t, 30, b.Spent().Minutes(), 0.2, "what was forgotten does not come back")
}

func BenchmarkBurn(bench *testing.B) {
	b := slo.NewBurn(t0, slo.Rolling(30*day))
	at := minutes(b, t0.Add(time.Minute), 5, true)
	bench.ReportAllocs()
	for bench.Loop() {
		b.Add(slo.Stretch{First: at, Last: at, Step: time.Minute}, false)
		at = at.Add(time.Minute)
	}
}
