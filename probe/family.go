package probe

import (
	"context"
	"sync"
	"time"
)

// badness orders outcomes by how much a run over both families hangs on them: what is
// known to be bad goes before what is not known.
var badness = [...]int{Good: 0, Unknown: 1, Excluded: 2, Bad: 3}

// runBoth makes a run over IPv4 and one over IPv6, side by side, and makes one of them:
// it is good only if both are. The attempts of both are kept, those of the family that
// decides last, and a note names the family that failed.
func (r *Runner) runBoth(ctx context.Context, t *Target, kind RunKind, at time.Time) Result {
	families := [...]Family{IPv4, IPv6}
	var results [len(families)]Result
	var running sync.WaitGroup
	for i, family := range families {
		one := *t
		one.origin = t
		one.Transport.Family = family
		running.Go(func() { results[i] = r.Run(ctx, &one, kind, at) })
	}
	running.Wait()
	decides, other := 1, 0
	if badness[results[0].Verdict.Outcome] > badness[results[1].Verdict.Outcome] {
		decides, other = 0, 1
	}
	for i := range results {
		results[i].noteFamily(families[i], families[1-i], &results[1-i])
	}
	result := results[decides]
	if n := len(results[other].Attempts); n > 0 {
		result.Beside = &results[other].Attempts[n-1]
	}
	result.Attempts = append(results[other].Attempts, result.Attempts...)
	result.Elapsed = max(result.Elapsed, results[other].Elapsed)
	return result
}

// noteFamily notes that a run over one family failed, and how it went over the other.
func (r *Result) noteFamily(family, otherFamily Family, other *Result) {
	if r.Verdict.Outcome == Good || len(r.Attempts) == 0 {
		return
	}
	note := family.Title() + " failed: " + r.Verdict.Reason.String() + "; " + otherFamily.Title()
	if other.Verdict.Outcome == Good {
		note += " is good"
	} else {
		note += " failed too: " + other.Verdict.Reason.String()
	}
	r.Attempts[len(r.Attempts)-1].Evidence.addNote(note)
}
