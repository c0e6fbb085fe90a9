package record

import (
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// strandAll hands over the messages that wait for a batch which cannot be committed, in
// the order in which they were made. Those that come later follow one by one.
func (l *loop) strandAll() {
	if l.o.Delivery == nil || l.sealed == nil {
		return
	}
	l.stuck = true
	l.strand(l.sealed.Messages)
	l.strand(l.open.Messages)
}

func (l *loop) strand(messages []notify.Message) {
	if len(messages) == 0 {
		return
	}
	l.o.Delivery.Strand(messages)
	for i := range messages {
		l.o.Told(messages[i].Destination)
	}
}

// unstrand tells that the messages of a batch are durable after all.
func (l *loop) unstrand(b *store.Batch) {
	select {
	case <-l.failed: // that batch has been committed meanwhile
	default:
	}
	l.stuck = false
	if l.o.Delivery != nil {
		l.o.Delivery.Committed(b.Messages)
	}
}

// sparing reports whether results that say nothing new are not to be kept: room is
// short, or commits have failed for so long that what waits is too old.
func (l *loop) sparing() bool {
	if l.stopping {
		return false
	}
	since := l.stats.failing.Load()
	return l.spare.Load() || since != 0 && time.Since(time.UnixMilli(since)) > ringAge
}

// dispensable reports whether an input is a good result that leaves a probe as it is:
// one that was good before, and is under no suspicion.
func dispensable(s *incident.State, in incident.Input) bool {
	return in.Kind == incident.Ran && in.Run == probe.Scheduled && in.Verdict == s.Last.Verdict && in.Verdict.Outcome == probe.Good && s.Worked &&
		s.Suspect == nil && s.Row == nil && len(s.Problems) == 0 && s.Due.IsZero() && s.Buckets == incident.Buckets{} && s.Limits == 0 &&
		s.Anomaly == nil && s.Rated == nil
}
