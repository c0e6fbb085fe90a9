package record

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// idleEvery is how often [Recorder.Idle] is to be called, and lateTick is how far apart
// two calls may lie before the time between them was not watched.
const (
	idleEvery = 15 * time.Second
	lateTick  = 4 * idleEvery
)

// sharedBy says who tells of what several probes share.
type sharedBy struct {
	circles  *incident.Circles
	probes   map[probe.ID]*store.Probe
	subjects map[probe.ID]notify.Subject // by the id of a circle, once anything is told of it
}

func newSharedBy(probes []store.Probe) *sharedBy {
	s := &sharedBy{store.Circles(probes), make(map[probe.ID]*store.Probe, len(probes)), map[probe.ID]notify.Subject{}}
	for i := range probes {
		s.probes[probes[i].ID] = &probes[i]
	}
	return s
}

// subject is what people are told of a circle, of which some are in trouble.
func (s *sharedBy) subject(c *incident.Circle, hits []probe.ID) notify.Subject {
	subject, known := s.subjects[c.ID]
	if !known {
		var members []notify.Subject
		for _, id := range c.Members {
			if p := s.probes[id]; p != nil {
				members = append(members, p.Subject)
			}
		}
		subject = notify.Together(c, members)
		s.subjects[c.ID] = subject
	}
	for _, id := range hits {
		if p := s.probes[id]; p != nil {
			subject.Members = append(subject.Members, p.Name())
		}
	}
	return subject
}

// follow gathers what followed for those who share something, and returns for whom.
func (l *loop) follow(e *Entry, fx *incident.Effects) (followed []probe.ID) {
	for _, f := range l.memory.Correlate(l.shared.circles, e, fx) {
		var hits []probe.ID
		for _, t := range f.Transitions {
			hits = t.Hits
		}
		l.hear(f.Circle.ID, l.shared.subject(f.Circle, hits), &f.Effects, e.Attempts)
		l.open.Circles = append(l.open.Circles, f.Circle)
		l.open.Effects = append(l.open.Effects, store.Effect{Probe: f.Circle.ID, Effects: f.Effects})
		followed = append(followed, f.Circle.ID)
	}
	return followed
}

// idle lets time pass for those of which nothing is heard: deadlines fire, and what has no
// data is found. It leaves alone what waits for the disk.
func (l *loop) idle(now time.Time) {
	if now.Sub(l.ticked) > lateTick || l.sparing() || l.waiting() > batchSize {
		l.watched = now // nobody can say that nothing came
	}
	l.ticked = now
	l.lookAround(now)
	if l.sparing() || l.waiting() > batchSize {
		return
	}
	silent := map[probe.ID]bool{}
	for i := range l.o.Probes {
		p := &l.o.Probes[i]
		if l.memory.State(p.ID).Silent(p.Policy, l.watched, l.heard(p, now)) {
			silent[p.ID] = true
		}
	}
	nothing := probe.Miss(probe.NoData)
	if l.shared.circles.Wakes(l.memory.States, len(silent), now) {
		l.stepShared(Entry{Input: incident.Input{Kind: incident.Idle, At: now, Verdict: nothing, Attempts: len(silent)}})
	}
	frozen := l.shared.circles.Frozen(l.memory.States, len(silent))
	for i := range l.o.Probes {
		p := &l.o.Probes[i]
		state, heard := l.memory.State(p.ID), l.heard(p, now)
		in := incident.Input{Kind: incident.Idle, At: heard, Verdict: probe.Miss(probe.Canceled)}
		untold := silent[p.ID] && !frozen && state.Open(probe.KindNoData) == nil
		if untold {
			in.Verdict = nothing
		}
		if untold || state.Wakes(p.Policy, heard) {
			l.step(p, Entry{Probe: p.ID, Input: in})
		}
	}
	if at := now.UTC().Truncate(time.Millisecond); l.desk.Due(at) { // although no result may come
		l.stepShared(Entry{Input: incident.Input{Kind: incident.Idle, At: at, Verdict: nothing, Attempts: len(silent)}})
	}
}

// beginTelling has what nothing keeps back any more be told, now that the configuration may be
// another one. Commands that were stored while nobody recorded are in force from here on.
func (l *loop) beginTelling(now time.Time) {
	if len(l.commands) > 0 {
		l.placed(0, now)
	}
	l.release(0, now)
}

// heard is the instant of which all has been heard: runs that began before have ended.
func (l *loop) heard(p *store.Probe, now time.Time) time.Time {
	const margin = 5 * time.Second // for references, and for the way here
	timeout := p.Policy.Timeout
	if timeout <= 0 {
		timeout = p.Policy.Interval
	}
	return now.Add(-timeout - margin).UTC().Truncate(time.Millisecond)
}

// stepShared takes an input about the prober as a whole.
func (l *loop) stepShared(e Entry) {
	l.gather(e)
	l.releaseDue(e.Input.Until())
	for _, id := range l.follow(&e, &incident.Effects{}) {
		l.release(id, e.Input.Until())
	}
}
