package incident

import (
	"math"
	"slices"
	"time"

	"sonde/probe"
	"sonde/slo"
)

const (
	anomalyCodes = 8       // that one rule can have
	usualHours   = 7 * 24  // from which it is known how often a code usually comes
	byChance     = 1e-4    // what chance brings so seldom is no chance
	calmFor      = 30 * 60 // seconds without it before it is over

	learningTime = 24 * time.Hour // before that, only what nobody would call usual
	learningLess = 5              // results at least
	learningPart = 5              // and one of so many
)

// CodeAnomaly tunes the rule "a status code comes more often than it usually does".
type CodeAnomaly struct {
	Codes    [anomalyCodes]int16 // 0: no more
	Factor   float64             // so many times the usual count
	MinCount int                 // and so many at least
	Window   time.Duration       // in which it is counted
}

// Anomaly is what a probe remembers to know what is usual: the latest window, and the
// results of the hours of a week before it. What came while an incident was open is not
// usual, unless it came at the same hour of an earlier day, too: jobs run every night.
type Anomaly struct {
	Window time.Duration // as it was counted
	All    Recent
	Hour   int64              // the latest hour that something has fallen into, since 1970
	Hours  [usualHours]uint16 // results in each
	Odd    [24]uint16         // of each hour of the day the day on which it was first unusual; 0: never
	Codes  []Habit
	Since  int64 // when a code last came too often, in milliseconds since 1970
}

// Habit is how often a code came.
type Habit struct {
	Code   int16
	Recent [pieces]uint16
	Hours  [usualHours]uint16
}

// watchCodes tells when a code comes more often than it usually does.
func (m *machine) watchCodes() {
	s, in, rule := m.s, m.in, m.p.Rules.CodeAnomaly
	if rule == nil {
		s.Anomaly = nil
		return
	}
	if in.Run != probe.Scheduled || in.Verdict.Outcome == probe.Unknown {
		return
	}
	a, open := s.anomaly(rule), s.Open(probe.KindCodeAnomaly)
	seen := a.count(in.At, in.Verdict.Status, open != nil)
	switch {
	case open == nil && seen != nil && s.Open(probe.KindDown) == nil: // which says it all
		m.openAnomaly(a, seen)
	case open != nil:
		if seen != nil {
			open.count(in)
		}
		if a.excessive(rule, in.At) {
			a.Since = in.At.UnixMilli()
		} else if in.At.Unix()-a.Since/1000 >= calmFor {
			m.resolve(open)
		}
	}
}

// anomaly is what is remembered for a rule as it is now.
func (s *State) anomaly(rule *CodeAnomaly) *Anomaly {
	a := s.Anomaly
	if a == nil || a.Window != rule.Window {
		a = &Anomaly{Window: rule.Window}
		s.Anomaly = a
	}
	for i, code := range rule.Codes {
		if code != 0 && (i >= len(a.Codes) || a.Codes[i].Code != code) {
			a.adapt(rule)
			break
		}
	}
	return a
}

// adapt has a habit for every code of the rule. What is known of the ones that stay stays.
func (a *Anomaly) adapt(rule *CodeAnomaly) {
	before := a.Codes
	a.Codes = nil
	for _, code := range rule.Codes {
		if code == 0 {
			continue
		}
		habit := Habit{Code: code}
		if i := slices.IndexFunc(before, func(h Habit) bool { return h.Code == code }); i >= 0 {
			habit = before[i]
		}
		a.Codes = append(a.Codes, habit)
	}
}

// count adds a result, and returns the habit that its code belongs to. What falls out of the
// window becomes what is usual, unless it came while something unusual went on.
func (a *Anomaly) count(at time.Time, status int, unusual bool) (seen *Habit) {
	a.All.advance(pieceOf(at, a.Window), func(piece int64, place int) {
		if hour := a.hour(piece); a.All.Of[place] > 0 && (!unusual || a.recurs(hour)) {
			a.fold(hour, place)
		}
		for i := range a.Codes {
			a.Codes[i].Recent[place] = 0
		}
	})
	a.All.add()
	for i := range a.Codes {
		if int(a.Codes[i].Code) == status {
			seen = &a.Codes[i]
			count16(&seen.Recent[slot(a.All.Piece)])
		}
	}
	return seen
}

// hour is the one in which a piece began.
func (a *Anomaly) hour(piece int64) int64 {
	return hourOf(time.UnixMilli(piece * (a.Window.Milliseconds() / pieces)))
}

// recurs notes that an hour was unusual, and reports whether it was on an earlier day, too.
func (a *Anomaly) recurs(hour int64) bool {
	odd, today := &a.Odd[((hour%24)+24)%24], uint16(hour/24)
	if *odd == 0 {
		*odd = today
	}
	return *odd != today
}

// fold adds a piece to its hour.
func (a *Anomaly) fold(hour int64, place int) {
	if hour > a.Hour+usualHours {
		a.Hour = hour - usualHours
	}
	for a.Hour < hour {
		a.Hour++
		at := hourPlace(a.Hour)
		a.Hours[at] = 0
		for i := range a.Codes {
			a.Codes[i].Hours[at] = 0
		}
	}
	at := hourPlace(hour)
	a.Hours[at] += min(a.All.Of[place], 1<<16-1-a.Hours[at])
	for i := range a.Codes {
		h := &a.Codes[i]
		h.Hours[at] += min(h.Recent[place], 1<<16-1-h.Hours[at])
	}
}

func hourPlace(hour int64) int { return int(((hour % usualHours) + usualHours) % usualHours) }

// usual is how many of a code are usual in the latest window: as of the week, or of the same
// hour of the day or one beside it if that is more, so that what comes every night is usual.
func (a *Anomaly) usual(h *Habit, now time.Time) float64 {
	trials := float64(sum16(a.All.Of[:]))
	most := share(sum16(h.Hours[:]), sum16(a.Hours[:])) * trials
	hour := hourOf(now)
	for beside := int64(-1); beside <= 1; beside++ {
		count, all := 0, 0
		for day := range int64(7) {
			at := hourPlace(hour + beside - 24*day)
			count, all = count+int(h.Hours[at]), all+int(a.Hours[at])
		}
		most = max(most, share(count, all)*trials)
	}
	return most
}

func share(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }

// dispersion is how much more the counts of the hours spread than chance makes them.
func (a *Anomaly) dispersion(h *Habit) float64 {
	var counts [usualHours]int
	n := 0
	for i, all := range a.Hours {
		if all > 0 {
			counts[n] = int(h.Hours[i])
			n++
		}
	}
	return slo.Dispersion(counts[:n])
}

// openAnomaly opens the incident if a code has come more often than is usual, and than chance
// brings it.
func (m *machine) openAnomaly(a *Anomaly, h *Habit) {
	rule := m.p.Rules.CodeAnomaly
	x, all, past := sum16(h.Recent[:]), sum16(a.All.Of[:]), sum16(a.Hours[:])
	usual := a.usual(h, m.in.At)
	switch learning := time.Duration(past)*m.p.Interval < learningTime; {
	case x < rule.MinCount:
		return
	case learning && (x < learningLess || x*learningPart < all):
		return
	case !learning && (float64(x) < rule.Factor*usual || slo.Excess(x, usual, float64(all), float64(past), a.dispersion(h)) > byChance):
		return
	}
	a.Since = m.in.At.UnixMilli()
	reading := Reading{Now: float64(x), Usual: math.Round(10*usual) / 10, Samples: all, Over: a.Window}
	m.measured(probe.KindCodeAnomaly, m.since(h.Recent, a.All.Piece, a.Window), x, reading)
}

// excessive reports whether a code still comes more often than half of what opens.
func (a *Anomaly) excessive(rule *CodeAnomaly, now time.Time) bool {
	for i := range a.Codes {
		h := &a.Codes[i]
		if float64(sum16(h.Recent[:])) >= max(float64(rule.MinCount), rule.Factor/2*a.usual(h, now)) {
			return true
		}
	}
	return false
}

// clone returns a copy that shares nothing with a.
func (a *Anomaly) clone() *Anomaly {
	if a == nil {
		return nil
	}
	c := *a
	c.Codes = slices.Clone(a.Codes)
	return &c
}
