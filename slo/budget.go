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
	Planned  time.Duration // of what is excluded: in maintenance, so that nobody wanted to see it
}

// Plus adds two tallies of disjoint times.
func (t Tally) Plus(u Tally) Tally {
	return Tally{t.Good + u.Good, t.Bad + u.Bad, t.Excluded + u.Excluded, t.Unknown + u.Unknown, t.Planned + u.Planned}
}

// Ratio is good time over judged time, in [0, 1]; false when nothing was judged.
func (t Tally) Ratio() (float64, bool) {
	judged := t.Good + t.Bad
	if judged == 0 {
		return 0, false
	}
	return float64(t.Good) / float64(judged), true
}

// Coverage is judged time over all time that had slots and was not in maintenance, in
// [0, 1]; 0 without such slots.
func (t Tally) Coverage() float64 {
	all := t.Good + t.Bad + t.Excluded + t.Unknown - t.Planned
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
	Span      Span
	Total     time.Duration // what may be bad in the whole of the window: (1-T)*W
	Spent     time.Duration // what was bad
	Coverage  float64       // in [0, 1]
	Status    Status
}

// Total is the whole error budget of a window of a length, (1-T)*W, exact to the
// millisecond (SRE Workbook, chapter 2: the error budget is one minus the objective). A
// period of a calendar has all of it from its first moment on.
func (o Objective) Total(length time.Duration) time.Duration {
	return time.Duration(o.BadPPM*length.Milliseconds()/million) * time.Millisecond
}

// Budget accounts for a window whose tally is given, so far as it has passed.
func (o Objective) Budget(t Tally, span Span) Budget {
	b := Budget{Objective: o, Span: span, Total: o.Total(span.Length), Spent: t.Bad, Coverage: t.Coverage()}
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

// Outlook is what becomes of a budget if it goes on to be spent as lately.
type Outlook uint8

// The outlooks.
const (
	Unforeseen Outlook = iota // nothing was judged lately, or ever
	Gone                      // it is spent already
	Never                     // a trailing window frees it as fast as it is spent
	Lasts                     // the period ends first
	RunsOut                   // at a moment
)

// String is the outlook as in JSON.
func (o Outlook) String() string {
	return [...]string{"unforeseen", "spent", "never", "lasts", "runs_out"}[o]
}

// Outlook projects when the budget will be used up at a burn rate, which is not known if
// nothing was judged. The moment is that of RunsOut only.
func (b Budget) Outlook(now time.Time, burnRate float64, known bool) (Outlook, time.Time) {
	ratio, ok := b.RemainingRatio()
	trails := b.Objective.Window.Period == Trailing
	switch {
	case b.Status == NoData:
		return Unforeseen, time.Time{}
	case !ok || ratio <= 0:
		return Gone, time.Time{}
	case !known || !(burnRate >= 0): // so written that NaN is refused, too
		return Unforeseen, time.Time{}
	case trails && burnRate <= 1:
		return Never, time.Time{}
	}
	left := float64(b.Span.Length) * ratio / burnRate
	if !trails && !(left < float64(b.Span.End.Sub(now))) {
		return Lasts, time.Time{}
	}
	return RunsOut, now.Add(time.Duration(left))
}

// Exhaustion is the moment at which the budget will be used up at a burn rate. False when
// it is spent already, or will not be: see [Budget.Outlook].
func (b Budget) Exhaustion(now time.Time, burnRate float64) (time.Time, bool) {
	outlook, at := b.Outlook(now, burnRate, true)
	return at, outlook == RunsOut
}
