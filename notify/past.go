package notify

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Past is what is stored of a probe up to a change.
type Past struct {
	Recent []Point       `json:",omitempty"` // the latest results, oldest first
	Good   Point         `json:",omitzero"`  // the last good one; of what is over, the one that ended it
	Usual  time.Duration `json:",omitzero"`  // that 95 of 100 good answers of the day before took at most; 0: nobody knows
	Same   int           `json:",omitempty"` // how often the cause came in the day before
	Of     int           `json:",omitempty"` // of so many results
	Known  bool          `json:",omitempty"` // what follows is
	Cost   time.Duration `json:",omitzero"`  // bad time of the trouble
}

// IsZero reports whether nothing is known.
func (p Past) IsZero() bool { return len(p.Recent) == 0 && p.Of == 0 && !p.Known }

// Point is one result.
type Point struct {
	At      time.Time
	Status  int           `json:",omitempty"`
	Outcome probe.Outcome `json:",omitzero"`
	Took    time.Duration `json:",omitzero"`
}

// IsZero reports whether there was none.
func (p Point) IsZero() bool { return p.At.IsZero() }

// History is as much of the store as is needed to say how a probe was.
type History interface {
	// Results calls f for the results of a probe in [from, to), in the order of time.
	Results(ctx context.Context, name string, from, to time.Time, f func(*incident.Input) error) error
	// Spent is how much of the time in (after, until] was bad.
	Spent(ctx context.Context, name string, after, until time.Time) (time.Duration, error)
	// Seen is what the latest run in [from, to) saw that was not good; nil if there was none.
	Seen(ctx context.Context, name string, from, to time.Time) ([]probe.Attempt, error)
}

const (
	recentResults = 20
	recentSlots   = 24 // that are looked at for them: some are missed
	dayBefore     = 24 * time.Hour
	fewestUsual   = 20 // good results from which something is usual
)

// Recall adds to what a message is about how the probe was before, up to the change. What cannot
// be read is left out. It is called when a message is sent, so that nothing has to be kept in
// memory for it and nobody waits for the disk but the message itself.
func Recall(ctx context.Context, h History, b *Body) {
	if h == nil || b.Notice != NoNotice || b.Shared.Tie != incident.NoTie || b.Probe == "" || b.At.IsZero() {
		return
	}
	const ms = time.Millisecond
	r := recollection{b: b}
	from, until := b.Since.Add(-dayBefore), b.At.Add(ms)
	recent := b.At.Add(-recentSlots * max(b.Interval, time.Second))
	err := error(nil)
	if recent.After(b.Since) { // what lies between is not asked for
		err = cmp.Or(h.Results(ctx, b.Probe, from, b.Since, r.add), h.Results(ctx, b.Probe, recent, until, r.add))
	} else {
		err = h.Results(ctx, b.Probe, from, until, r.add)
	}
	if err == nil {
		b.Past = r.past()
	}
	if spent, err := h.Spent(ctx, b.Probe, b.Since.Add(-ms), b.At); err == nil {
		b.Past.Cost, b.Past.Known = spent, true
	}
	if b.Seen.IsZero() && b.Cause.Outcome != probe.Good && !b.over() {
		if attempts, err := h.Seen(ctx, b.Probe, b.Since, until); err == nil {
			b.Seen = SightOf(attempts)
		}
	}
}

// over reports whether the incident is.
func (b *Body) over() bool { return !b.RecoveredAt.IsZero() && !b.RecoveredAt.After(b.At) }

// recollection gathers results in the order of time.
type recollection struct {
	b      *Body
	recent []Point
	good   Point
	took   []time.Duration // of good results before the trouble
	same   int
	of     int
}

func (r *recollection) add(in *incident.Input) error {
	if in.Run == probe.Manual || in.Verdict.Reason == probe.Canceled {
		return nil
	}
	p := Point{At: in.At, Status: in.Verdict.Status, Outcome: in.Verdict.Outcome, Took: in.Timings.Total}
	if r.recent = append(r.recent, p); len(r.recent) >= 2*recentResults {
		r.recent = append(r.recent[:0], r.recent[len(r.recent)-recentResults:]...)
	}
	good := in.Verdict.Outcome == probe.Good
	if good {
		r.good = p
	}
	if !in.At.Before(r.b.Since) {
		return nil
	}
	r.of++
	if good {
		r.took = append(r.took, p.Took)
	}
	if cause := r.b.Cause; in.Verdict.Status == cause.Status && (cause.Status != 0 || in.Verdict.Reason == cause.Reason) {
		r.same++
	}
	return nil
}

func (r *recollection) past() Past {
	p := Past{Recent: r.recent[max(0, len(r.recent)-recentResults):], Good: r.good, Same: r.same, Of: r.of}
	if n := len(r.took); n >= fewestUsual {
		slices.Sort(r.took)
		p.Usual = r.took[(n*95+99)/100-1]
	}
	return p
}
