package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"sonde/text"
)

// Runner makes runs. The zero Runner is ready. A Runner may make many runs at
// once; its fields are not changed once it is in use.
type Runner struct {
	UserAgent string         // "sonde" if empty; a target's own header goes before it
	Roots     *x509.CertPool // whom to trust; the system's roots if nil
	Resolver  *net.Resolver  // the system's if nil
	QUIC      QUIC           // needed by targets that are asked over HTTP/3
	Detail    bool           // keep the headers of good answers too
	Log       *slog.Logger   // the default if nil

	refused  refusals   // of targets whose files say who asks
	known    known      // by what targets can be asked whether they have changed
	pauses   pauseRange // between attempts; defaultPauses if zero
	panicked atomic.Bool
}

// pauseRange bounds the waits between attempts.
type pauseRange struct{ least, most time.Duration }

var defaultPauses = pauseRange{500 * time.Millisecond, 2 * time.Second}

// before returns the wait before the n-th retry: it grows with n, and varies so
// that probes that failed together do not come back together.
func (p pauseRange) before(n int) time.Duration {
	if p == (pauseRange{}) {
		p = defaultPauses
	}
	low := p.least
	for ; n > 1 && 4*low <= p.most; n-- {
		low *= 2
	}
	return low + rand.N(max(min(2*low, p.most)-low, 1))
}

// Run makes one run of a target: attempts and the waits between them, all within
// the target's timeout. What an answer announces is waited for, and never less than
// the usual pause; if that no longer fits, the run ends. A re-check makes one attempt. The slot at is taken over
// into the result as it is, in UTC and whole milliseconds. Run returns when the
// run has ended, and soon after ctx has: then the verdict is [Canceled]. A panic
// inside an attempt does not leave Run; it is the verdict [ProberPanic].
func (r *Runner) Run(ctx context.Context, t *Target, kind RunKind, at time.Time) Result {
	if t.Transport.Family == BothFamilies {
		return r.runBoth(ctx, t, kind, at)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	retries := t.Retries
	if kind == Recheck || !t.Repeatable() {
		retries = 0
	}
	result := Result{Run: kind, At: at.UTC().Truncate(time.Millisecond)}
	renewed := kind == Recheck
	for used := 0; ; used++ {
		last := r.attempt(ctx, t)
		result.Attempts = append(result.Attempts, last)
		if r.renew(ctx, t, &result, &renewed) {
			used-- // it is another request, and takes none of the retries
			continue
		}
		left := last.Verdict.Retry.Allows(retries) - used
		if last.Verdict.Outcome == Good || left <= 0 {
			break
		}
		wait := max(r.pauses.before(used+1), last.RetryAfter.Wait)
		if !fits(ctx, wait, t.Timeout) {
			if last.RetryAfter.Made {
				result.Forgone = left
			}
			break
		}
		if !sleep(ctx, wait) {
			return finish(&result, judged(Canceled, 0), began)
		}
	}
	finish(&result, ofRun(result.Attempts, t.Credit), began)
	if t.Watched != nil || t.Auth != nil {
		r.refused.note(t, result.Verdict.Kind() == KindAuthFailed, result.Attempts[len(result.Attempts)-1].edition)
	}
	return result
}

func finish(result *Result, verdict Verdict, began time.Time) Result {
	result.Verdict = verdict
	result.Elapsed = time.Since(began)
	return *result
}

// fits reports whether an attempt after the wait would still have time worth
// beginning it: a twentieth of the whole.
func fits(ctx context.Context, wait, timeout time.Duration) bool {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)-wait >= timeout/20
}

// sleep waits, and reports whether it could wait to the end.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt asks once and judges what came.
func (r *Runner) attempt(ctx context.Context, t *Target) (a Attempt) {
	a.StartedAt = time.Now().UTC()
	a.edition = t.edition()
	t = t.current(r.logger())
	defer func() {
		if defect := recover(); defect != nil {
			r.reportPanic(t, defect)
			a.Verdict = judged(ProberPanic, 0)
			a.Evidence = Evidence{Error: "a defect of sonde; its log has the details"}
		}
	}()
	kind, known := askers[t.URL.Scheme]
	if !known {
		panic(fmt.Sprintf("no kind of probe for scheme %q", t.URL.Scheme))
	}
	o := kind.ask(ctx, r, t)
	defer o.release()
	a.Verdict = t.authorised(judge(ctx, t, &o), &o)
	if a.Verdict.Outcome == Good {
		a.Cache = r.remember(t, &o)
	}
	a.proof = o.proof
	a.Timings = o.timings
	a.RetryAfter = o.retryAfter
	a.Evidence = o.evidence
	if r.Detail || a.Verdict.Outcome != Good {
		t.show(&a, &o)
	}
	return a
}

// reportPanic logs a panic, and where it came from the first time.
func (r *Runner) reportPanic(t *Target, defect any) {
	attrs := []any{"target", t.Name, "panic", text.Printable(fmt.Sprint(defect), maxText)}
	if r.panicked.CompareAndSwap(false, true) {
		attrs = append(attrs, "stack", string(debug.Stack()))
	}
	r.logger().Error("probe panicked", attrs...)
}
