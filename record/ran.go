package record

import (
	"context"
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// Ran is a run that somebody asked for.
type Ran struct {
	Result probe.Result
	About  incident.ID // that it was asked for at; 0: none
	Key    string      // the same run has the same
	By     string      // who asked
	User   string      // their id where they did
	Said   string      // what came of it, as the command line says it
}

// Ran takes the result of a run that somebody asked for, and tells those who follow the incidents of the
// probe that are open, and the one that it was asked for at, in the same commit. It returns once that is durable,
// and reports whether anybody is told.
func (r *Recorder) Ran(ctx context.Context, x Ran) (told bool, err error) {
	o := order{ran: &x, answer: make(chan answer, 1)}
	if x.About != 0 && r.o.Past != nil {
		if o.past, err = r.o.Past(ctx, x.About); err != nil {
			o.past = nil // it is told where what is open is
		}
	}
	select {
	case r.orders <- o:
	case <-r.stopped:
		return false, nil
	case <-ctx.Done():
		r.Record(x.Result)
		return false, ctx.Err()
	}
	c, err := r.answered(ctx, &o)
	return len(c.Members) > 0 || err != nil, err
}

// ran takes a run that somebody asked for.
func (l *loop) ran(o order) {
	x := o.ran
	l.takeWaiting()
	l.take(entryOf(&x.Result))
	at := time.Now().UTC().Truncate(time.Millisecond)
	d := notify.Deed{Key: x.Key, Change: incident.RunNow, Answer: notify.Answer{By: x.By, User: x.User, At: at, Said: x.Said}}
	ids := l.desk.Concerned(&incident.Scope{Probes: []probe.ID{x.Result.Probe}})
	if o.past != nil && !slices.Contains(ids, x.About) {
		ids = append(ids, x.About)
	}
	var lines []notify.Message
	for _, id := range ids {
		lines = append(lines, l.answerOne(&d, id, o.past, l.desk.AckedBy(id))...)
	}
	if len(lines) == 0 {
		o.answer <- answer{}
		return
	}
	l.post(l.tact.Gather(&d, lines))
	l.waiters[0] = append(l.waiters[0], waiter{o.answer, &incident.Command{Members: ids}})
}
