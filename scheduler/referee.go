package scheduler

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"sonde/probe"
)

// Referee is a [Prober] that asks references before it hands over a run without an
// answer. If none of them answers either, it is the network on our side that is at fault,
// and the run says nothing of its target. References are asked only then: once for all
// runs that want to know at the same time, and not again for a while.
type Referee struct {
	prober     Prober
	references []*probe.Target
	every      time.Duration

	mu    sync.Mutex
	asked *question // the latest; nil before the first
}

// NewReferee makes a referee before a prober. What references said holds for every. Their
// timeouts bound by how much later a run is handed over.
func NewReferee(p Prober, references []*probe.Target, every time.Duration) *Referee {
	return &Referee{prober: p, references: references, every: every}
}

// Run makes a run, see [Prober].
func (r *Referee) Run(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
	result := r.prober.Run(ctx, t, kind, at)
	if !result.Verdict.Unanswered() || !r.speakFor(t) {
		return result
	}
	if q := r.ask(ctx); q.nobody() {
		result.BlameNetwork(q.tell(result.Verdict))
	}
	return result
}

// speakFor reports whether the references say anything about the way to a target. The
// way to this very machine is another than that to the rest of the world.
func (r *Referee) speakFor(t *probe.Target) bool {
	far := slices.ContainsFunc(r.references, func(x *probe.Target) bool { return !Local(x) })
	return !far || !Local(t)
}

// Local reports whether a target is on this very machine, as far as its address says.
func Local(t *probe.Target) bool {
	if t.Transport.Proxy != nil {
		return false
	}
	host := t.URL.Hostname()
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// question is one asking of all references.
type question struct {
	done chan struct{} // closed when the rest is known

	ended    bool // false: it was cut short, and nothing is known
	at       time.Time
	verdicts []probe.Verdict // of those that did not answer
	asked    int
}

// ask returns what the references said a moment ago, or asks them. Of those who want to
// know at the same time one asks, and the others wait for it.
func (r *Referee) ask(ctx context.Context) *question {
	for {
		q, mine := r.turn()
		if mine {
			r.put(ctx, q)
			return q
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return &question{}
		}
		if q.ended || ctx.Err() != nil {
			return q
		}
	}
}

// turn is the question whose answers count, and whether the caller is to ask it.
func (r *Referee) turn() (q *question, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil || r.asked.stale(r.every) {
		r.asked = &question{done: make(chan struct{}), asked: len(r.references)}
		return r.asked, true
	}
	return r.asked, false
}

// stale reports whether the answers are too old to count, or there are none.
func (q *question) stale(after time.Duration) bool {
	select {
	case <-q.done:
		return !q.ended || time.Since(q.at) >= after
	default:
		return false // being asked
	}
}

// put asks all references at once, until one answers or all have failed to.
func (r *Referee) put(ctx context.Context, q *question) {
	defer close(q.done)
	asking, enough := context.WithCancel(ctx)
	defer enough()
	verdicts := make(chan probe.Verdict)
	for _, t := range r.references {
		go func() { verdicts <- r.prober.Run(asking, t, probe.Manual, time.Now()).Verdict }()
	}
	answered := false
	for range r.references {
		v := <-verdicts
		if silent(v) {
			q.verdicts = append(q.verdicts, v)
		} else if v.Outcome != probe.Unknown {
			answered = true
			enough() // the others need not be waited for
		}
	}
	q.at, q.ended = time.Now(), answered || ctx.Err() == nil
}

// silent reports whether a reference could not be reached. That we are short of something
// ourselves says nothing of the network.
func silent(v probe.Verdict) bool { return v.Unanswered() || v.Reason == probe.ProberNetwork }

// nobody reports whether it is known that no reference answers.
func (q *question) nobody() bool { return q.ended && q.asked > 0 && len(q.verdicts) == q.asked }

// tell says how it is known that our own network is at fault.
func (q *question) tell(v probe.Verdict) string {
	var why []string
	for _, silent := range q.verdicts {
		if reason := silent.Reason.String(); !slices.Contains(why, reason) {
			why = append(why, reason)
		}
	}
	slices.Sort(why)
	return fmt.Sprintf("seen as %s; but none of %d references answers either (%s), so that it is our own network", v.Reason, q.asked, strings.Join(why, ", "))
}
