package incident

import (
	"time"

	"sonde/probe"
)

// Buckets are what fills with results that are bad now and then, one for each who has to act.
type Buckets struct {
	Target Bucket // no answer, 5xx, failed expectations, slow answers
	Auth   Bucket // refusals of our credential
	Client Bucket // rejected requests
}

// Bucket is a leaky bucket of bad time. Unlike a row of results it remembers failures
// between which there are good ones.
type Bucket struct {
	Level int32 // milliseconds of bad time
	Count int32 // results that were bad since it was empty
	Since int64 // when the first of them was, in milliseconds since 1970
	Codes [3]bucketCode
}

// bucketCode counts a status code; 0 is no answer.
type bucketCode struct {
	Code  int16
	Count uint16
}

// mostOfAMinute bounds what a result weighs: who is asked seldom is not found soon.
const mostOfAMinute = time.Minute

// fill adds a bad result.
func (b *Bucket) fill(rule Leak, interval time.Duration, at time.Time, code int) {
	if b.Level == 0 {
		*b = Bucket{Since: at.UnixMilli()}
	}
	most := rule.Fire + rule.Clear
	level := time.Duration(b.Level)*time.Millisecond + time.Duration(rule.Weight)*min(interval, mostOfAMinute)
	if b.Level = int32(min(level, most) / time.Millisecond); b.Level == 0 {
		*b = Bucket{}
		return
	}
	b.Count++
	for i := range b.Codes {
		c := &b.Codes[i]
		if c.Count == 0 {
			c.Code = int16(code)
		}
		if int(c.Code) == code {
			c.Count += min(1, 1<<16-1-c.Count)
			return
		}
	}
}

// drain takes away what a good result does.
func (b *Bucket) drain(interval time.Duration) {
	if b.Level == 0 {
		return
	}
	b.Level -= int32(min(interval, mostOfAMinute) / time.Millisecond)
	if b.Level <= 0 {
		*b = Bucket{}
	}
}

// fires reports whether so much was bad that it is an incident.
func (b *Bucket) fires(rule Leak) bool {
	return rule.Fire > 0 && time.Duration(b.Level)*time.Millisecond >= rule.Fire
}

// low reports whether so little was bad of late that it is none any more.
func (b *Bucket) low(rule Leak) bool {
	return time.Duration(b.Level)*time.Millisecond <= rule.Clear
}

// confirmed is what the bucket knows of the results in it.
func (b *Bucket) confirmed() Suspicion {
	s := Suspicion{Since: time.UnixMilli(b.Since).UTC(), Results: int(b.Count)}
	for _, c := range b.Codes {
		if c.Count > 0 {
			s.Codes = append(s.Codes, CodeCount{int32(c.Code), int32(c.Count)})
		}
	}
	return s
}

// pour has a scheduled result fill a bucket or drain it. What is neither bad for this
// bucket nor good leaves it as it is.
func (m *machine) pour(b *Bucket, rule Leak, bad bool) {
	switch {
	case rule.Fire <= 0:
		*b = Bucket{}
	case m.in.Run != probe.Scheduled:
	case bad:
		b.fill(rule, m.p.Interval, m.in.At, m.in.Verdict.Status)
	case m.in.Verdict.Outcome == probe.Good:
		b.drain(m.p.Interval)
	}
}

// leak returns the bucket that may open an incident of a kind, and how it is tuned; nil if
// none does.
func (m *machine) leak(kind probe.Kind) (*Bucket, Leak) {
	b, rules := &m.s.Buckets, &m.p.Rules
	switch kind {
	case probe.KindDown, probe.KindDegraded:
		return &b.Target, rules.Degraded
	case probe.KindAuthFailed:
		return &b.Auth, rules.AuthFailed
	case probe.KindClientFault:
		return &b.Client, rules.ClientFault.Leak
	}
	return nil, Leak{}
}

// drained reports whether nothing in a bucket keeps an incident open.
func (m *machine) drained(p *Problem) bool {
	b, rule := m.leak(p.Kind)
	return !p.Leaky || b == nil || rule.Fire <= 0 || b.low(rule)
}

// watchDegraded tells when a target fails now and then, for so large a share of the time
// that it is no chance. While it is down, that says it all.
func (m *machine) watchDegraded() {
	s, in, rule := m.s, m.in, m.p.Rules.Degraded
	bad := in.Verdict.Outcome == probe.Bad && (in.Verdict.Kind() == probe.KindDown || in.Verdict.Kind() == probe.KindDegraded)
	m.pour(&s.Buckets.Target, rule, bad)
	fires := bad && in.Run == probe.Scheduled && s.Buckets.Target.fires(rule)
	switch open := s.Open(probe.KindDegraded); {
	case !bad || s.Open(probe.KindDown) != nil:
	case open != nil && open.Leaky:
		m.worsen(open)
	case open != nil:
		open.Leaky = fires
	case fires:
		m.openAs(probe.KindDegraded, s.Buckets.Target.confirmed(), true, Reading{})
	}
}
