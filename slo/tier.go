package slo

import (
	"math"
	"math/bits"
	"time"
)

// Tier is one rule of a burn-rate alert (SRE Workbook, chapter 5): it looks at how much of
// the whole budget was spent over a long window, and over a short one whether that goes on.
type Tier struct {
	Long  time.Duration
	Short time.Duration
	Share int64 // of the whole budget, in parts per thousand: more than this over Long is too much
	Fast  bool  // it asks for somebody at once; else for somebody soon
}

const perMille = 1000

// The shares of tiers by the length of the window: those of the SRE Workbook, and for short
// and long windows those that Datadog recommends.
var (
	usualShares = []int64{20, 50, 100, 100}
	shortShares = []int64{100, 200, 400}
	longShares  = []int64{10, 30, 50}
)

// tierWindows are the windows of tiers, in the order of their shares.
var tierWindows = []Tier{
	{Long: time.Hour, Short: 5 * time.Minute, Fast: true},
	{Long: 6 * time.Hour, Short: 30 * time.Minute, Fast: true},
	{Long: day, Short: 2 * time.Hour},
	{Long: 3 * day, Short: 6 * time.Hour},
}

// leastFactor is the factor below which a tier has no sense: a budget that is spent so
// slowly outlasts its window.
const leastFactor = 0.9

// Tiers are the rules for a window of some length. Those that would fire at a rate which the
// budget bears are left out, so a window of less than nine hours has none.
func Tiers(window time.Duration) []Tier {
	shares := usualShares
	switch {
	case window <= 7*day:
		shares = shortShares
	case window >= 90*day:
		shares = longShares
	}
	var tiers []Tier
	for i, share := range shares {
		t := tierWindows[i]
		t.Share = share
		if t.Factor(window) >= leastFactor {
			tiers = append(tiers, t)
		}
	}
	return tiers
}

// Factor is the burn rate above which the tier fires for a window of some length.
func (t Tier) Factor(window time.Duration) float64 {
	return float64(t.Share*int64(window/time.Second)) / float64(perMille*int64(t.Long/time.Second))
}

// Ceiling is the share of bad time over the long window above which the tier fires for an
// objective. One of 1 or more is never exceeded.
func (t Tier) Ceiling(o Objective) float64 {
	return float64(t.Share*o.BadPPM*int64(o.Window.Usual()/time.Second)) / float64(perMille*million*int64(t.Long/time.Second))
}

// Dead reports whether not even a full outage makes the tier fire.
func (t Tier) Dead(o Objective) bool { return t.Ceiling(o) >= 1 }

// Alarm is a tier made for an objective and the interval of its probe, so that looking
// whether it fires is a few comparisons of whole numbers.
type Alarm struct {
	Long   time.Duration
	Short  time.Duration // wide enough for five slots
	Fast   bool
	Factor float64       // of the tier
	Most   time.Duration // bad time over Long; more is too much
	PPB    int64         // of what was judged over Short may be bad, in parts per billion
	Need   int           // bad slots over Long that a service which just keeps its promise would hardly show
}

// longestShort is how far back it is known what was judged.
const longestShort = 6 * time.Hour

// Alarms are the tiers of an objective that can fire with slots so far apart.
func Alarms(o Objective, interval time.Duration) []Alarm {
	var alarms []Alarm
	for _, t := range Tiers(o.Window.Usual()) {
		slots := int64(t.Long / interval)
		need := significant(float64(o.BadPPM)/million*float64(slots), t.chance())
		if t.Dead(o) || int64(need) > slots {
			continue
		}
		alarms = append(alarms, Alarm{
			Long: t.Long, Short: min(max(t.Short, 5*interval), t.Long, longestShort), Fast: t.Fast, Factor: t.Factor(o.Window.Usual()),
			Most: time.Duration(scaled(t.Share*o.BadPPM, o.Window.Usual().Milliseconds(), perMille*million)) * time.Millisecond,
			PPB:  scaled(t.Share*o.BadPPM, int64(o.Window.Usual()/time.Second), int64(t.Long/time.Second)),
			Need: need,
		})
	}
	return alarms
}

// scaled is a*b/c, rounded down, where a*b may be more than 64 bits hold but the result is
// not.
func scaled(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

// chance is how likely a tier may find significant what is none.
func (t Tier) chance() float64 {
	if t.Fast {
		return 1e-4
	}
	return 1e-2
}

// significant is the least number of bad slots that is more than chance: at most so likely
// where so many are expected, and never one alone.
func significant(expected, chance float64) int {
	low, high := 2, 2+int(expected+10*math.Sqrt(expected))+10 // no tail is as long as that
	for low < high {
		middle := (low + high) / 2
		if PoissonTail(expected, middle) <= chance {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
