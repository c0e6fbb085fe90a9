package probe

import "time"

// A credential ends soon when a tenth of its life is left, and no sooner than a week
// before: one that lives for an hour is renewed by whoever made it so short.
const (
	endingMost = 7 * 24 * time.Hour
	endingPart = 10
)

// ending reports whether a credential ends soon, or has ended.
func (l life) ending(now time.Time) bool {
	if l.ends.IsZero() {
		return false
	}
	within := endingMost
	if !l.begins.IsZero() {
		within = min(within, max(l.ends.Sub(l.begins), 0)/endingPart)
	}
	return l.ends.Sub(now) <= within
}

// warn is the verdict of a good answer to a credential that ends soon: it is good, and
// people are told while there is time. Access tokens that sonde gets itself are no matter for
// people.
func (t *Target) warn(v Verdict, o *observation) Verdict {
	if t.Auth == nil || v.Outcome != Good {
		return v
	}
	now := time.Now()
	if o.proof.from == "" && o.proof.life.ending(now) {
		v = o.warnOf("the token", o.proof.life.ends, now, v)
	}
	if t.Auth.Identity != nil {
		if l := t.Auth.Identity.life(); l.ending(now) {
			v = o.warnOf("the client certificate", l.ends, now, v)
		}
	}
	return v
}

// warnOf notes when a credential ends. The earliest end is what the evidence has.
func (o *observation) warnOf(what string, ends, now time.Time, v Verdict) Verdict {
	if ends.After(now) {
		o.evidence.addNote(what + " ends in " + roughly(ends.Sub(now)) + ", at " + moment(ends))
	} else {
		o.evidence.addNote(what + " expired " + roughly(now.Sub(ends)) + " ago, and the target still takes it")
	}
	if seen := o.evidence.CredentialEnds; seen.IsZero() || ends.Before(seen) {
		o.evidence.CredentialEnds = ends
	}
	if v.Reason == OK {
		return judged(CredentialExpiring, v.Status)
	}
	return v
}

// life is when the certificate holds, as of the latest look at its file.
func (i *Identity) life() life {
	leaf := (*i.pair.value.Load()).Leaf
	return life{leaf.NotBefore, leaf.NotAfter}
}
