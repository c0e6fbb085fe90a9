package slo

import "time"

// Stretch is a run of slots on a regular grid: First, First+Step, ..., Last. Each
// slot weighs Step.
type Stretch struct {
	First time.Time
	Last  time.Time // >= First
	Step  time.Duration
}

// Weight is the weight of all slots of the stretch.
func (s Stretch) Weight() time.Duration {
	if s.Step <= 0 || s.Last.Before(s.First) {
		return 0
	}
	return s.Last.Sub(s.First)/s.Step*s.Step + s.Step
}

// Within is the weight of the slots that lie in (after, until]. It is exact to
// the slot.
func (s Stretch) Within(after, until time.Time) time.Duration {
	if s.Step <= 0 || s.Last.Before(s.First) || !s.Last.After(after) || s.First.After(until) {
		return 0
	}
	n := between(s.First, Earliest(s.Last, until))/s.Step + 1
	if !s.First.After(after) {
		n -= between(s.First, after)/s.Step + 1
	}
	return max(0, n*s.Step)
}

// between is how long it is from one instant to a later one, of less than 292 years. It is
// [time.Time.Sub] without what that does for more than those.
func between(from, to time.Time) time.Duration {
	return time.Duration(to.UnixNano() - from.UnixNano())
}

// Follows reports whether the slot continues the stretch: the very next one.
func (s Stretch) Follows(slot time.Time) bool { return s.Step > 0 && s.Last.Add(s.Step).Equal(slot) }

// Latest is the later one of two instants, where a window begins that is cut by another.
func Latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earliest is the earlier one of two instants, where such a window ends.
func Earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Cut is what of the stretch lies in (after, until]; its Step is 0 if nothing does.
func (s Stretch) Cut(after, until time.Time) Stretch {
	if s.Within(after, until) == 0 {
		return Stretch{}
	}
	if !s.First.After(after) {
		s.First = s.First.Add((after.Sub(s.First)/s.Step + 1) * s.Step)
	}
	s.Last = s.First.Add(Earliest(s.Last, until).Sub(s.First) / s.Step * s.Step)
	return s
}
