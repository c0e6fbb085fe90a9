package report

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/store"
)

// Means are the mean times of incidents. The zero value is that of none.
type Means struct {
	incidents, falsely   int
	detect, ack, recover mean
}

// Add counts an incident, with its timeline.
func (m *Means) Add(x *store.IncidentRecord, timeline []store.Moment) {
	m.incidents++
	if !x.FalseAlarmAt.IsZero() {
		m.falsely++
	}
	m.detect.add(x.Since, x.OpenedAt)
	m.recover.add(x.OpenedAt, x.RecoveredAt)
	if n := slices.IndexFunc(timeline, func(t store.Moment) bool { return t.Change == incident.Acknowledged }); n >= 0 {
		m.ack.add(timeline[0].At, timeline[n].At)
	}
}

// Acknowledged is the mean time from an opening until somebody acknowledged, and of how many.
func (m *Means) Acknowledged() (time.Duration, int) { return m.ack.mean() }

// Recovered is the mean time from an opening to the recovery, and of how many.
func (m *Means) Recovered() (time.Duration, int) { return m.recover.mean() }

// plus adds those of others.
func (m *Means) plus(o *Means) {
	m.incidents += o.incidents
	m.falsely += o.falsely
	for _, x := range [...]struct{ into, from *mean }{{&m.detect, &o.detect}, {&m.ack, &o.ack}, {&m.recover, &o.recover}} {
		x.into.sum += x.from.sum
		x.into.n += x.from.n
	}
}

type mean struct {
	sum time.Duration
	n   int64
}

func (m *mean) add(from, to time.Time) {
	if !from.IsZero() && !to.IsZero() {
		m.sum += max(0, to.Sub(from))
		m.n++
	}
}

func (m *mean) mean() (time.Duration, int) {
	if m.n == 0 {
		return 0, 0
	}
	return m.sum / time.Duration(m.n), int(m.n)
}

// of is the mean in milliseconds; nil of nothing.
func (m *mean) of() *int64 {
	mean, n := m.mean()
	if n == 0 {
		return nil
	}
	ms := mean.Milliseconds()
	return &ms
}
