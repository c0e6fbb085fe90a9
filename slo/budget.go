package slo

import "time"

// minCoverage is the share of the time that must have been seen before a promise
// counts as verified.
const minCoverage = 0.9

// riskBelow is the share of the budget under which a promise is at risk.
const riskBelow = 0.2

// Tally is time by what it meant for the promise. The four sum up to the time
// that had slots.
type Tally struct {
	Good     time.Duration
	Bad      time.Duration
	Excluded time.Duration
	Unknown  time.Duration
}

// Plus adds two tallies of disjoint times.
func (t Tally) Plus(u Tally) Tally {
	return Tally{t.Good + u.Good, t.Bad + u.Bad, t.Excluded + u.Excluded, t.Unknown + u.Unknown}
}

// Ratio is good time over judged time, in [0, 1]; false when nothing was judged.
func (t Tally) Ratio() (float64, bool) {
	judged := t.Good + t.Bad
	if judged == 0 {
		return 0, false
	}
	return float64(t.Good) / float64(judged), true
}

// Coverage is judged time over all time that had slots, in [0, 1]; 0 without slots.
func (t Tally) Coverage() float64 {
	all := t.Good + t.Bad + t.Excluded + t.Unknown
	if all == 0 {
		return 0
	}
	return float64(t.Good+t.Bad) / float64(all)
}

// Status says how a promise stands.
type Status uint8

// The statuses.
const (
	NoData     Status = iota // nothing was judged
	Met                      // kept, with budget to spare
	AtRisk                   // kept, but less than a fifth of the budget is left
	Spent                    // broken: the budget is used up
	Unverified               // too little was seen to say so
)

// String is the status as in JSON.
func (s Status) String() string {
	return [...]string{"no_data", "met", "at_risk", "spent", "unverified"}[s]
}

// Budget is how an objective stands over its window.
type Budget struct {
	Objective Objective
	Total     time.Duration // what may be bad in the window: (1-T)*W
	Spent     time.Duration // what was bad
	Coverage  float64       // in [0, 1]
	Status    Status
}

// Total is the whole error budget of the window, (1-T)*W, exact to the millisecond
// (SRE Workbook, chapter 2: the error budget is one minus the objective).
func (o Objective) Total() time.Duration {
	return time.Duration(o.BadPPM*o.Window.Milliseconds()/million) * time.Millisecond
}

// Budget accounts for a window whose tally is given.
func (o Objective) Budget(t Tally) Budget {
	b := Budget{Objective: o, Total: o.Total(), Spent: t.Bad, Coverage: t.Coverage()}
	remaining, _ := b.RemainingRatio()
	switch {
	case t.Good+t.Bad == 0:
		b.Status = NoData
	case b.Spent >= b.Total:
		b.Status = Spent
	case remaining < riskBelow:
		b.Status = AtRisk
	case b.Coverage < minCoverage:
		b.Status = Unverified
	default:
		b.Status = Met
	}
	return b
}

// Remaining is what is left of the budget; negative when more was bad than allowed.
func (b Budget) Remaining() time.Duration { return b.Total - b.Spent }

// RemainingRatio is the share of the budget that is left: at most 1, negative when
// overspent; false when the objective's budget is less than a millisecond.
func (b Budget) RemainingRatio() (float64, bool) {
	if b.Total == 0 {
		return 0, false
	}
	return float64(b.Remaining()) / float64(b.Total), true
}

// BurnRate is how many times faster than the promise allows the budget was spent
// over a trailing window of the given length, whose tally is t. It is the budget
// form, Bad/(E*L): a gap cannot inflate it. False when nothing was judged, or when
// the objective allows nothing.
func (o Objective) BurnRate(t Tally, length time.Duration) (float64, bool) {
	if t.Good+t.Bad == 0 || length <= 0 || o.BadPPM <= 0 {
		return 0, false
	}
	return float64(t.Bad) * million / (float64(o.BadPPM) * float64(length)), true
}

// Exhaustion projects when the budget will be used up at a burn rate. False when
// it is spent already, or will never be: in a rolling window a rate of 1 or less
// frees budget as fast as it spends it.
func (b Budget) Exhaustion(now time.Time, burnRate float64) (time.Time, bool) {
	ratio, ok := b.RemainingRatio()
	if !ok || ratio <= 0 || !(burnRate > 1) { // so written that NaN is refused, too
		return time.Time{}, false
	}
	left := time.Duration(float64(b.Objective.Window) * ratio / burnRate)
	return now.Add(left), true
}
