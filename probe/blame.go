package probe

import "slices"

// Unanswered reports whether a verdict is that no answer came: no name, no connection, no
// handshake, none in time. Then it may be the network on our side that is at fault.
func (v Verdict) Unanswered() bool { return v.Outcome == Bad && v.Symptom() == NoAnswer }

// BlameNetwork makes of a run without an answer one that says nothing of its target,
// because our own network is at fault. What was seen stays in its attempts, and the note
// says how that is known.
func (r *Result) BlameNetwork(note string) {
	r.Verdict = judged(ProberNetwork, 0)
	if n := len(r.Attempts); n > 0 {
		r.Attempts = slices.Clone(r.Attempts)
		last := &r.Attempts[n-1].Evidence
		last.Notes = slices.Clone(last.Notes)
		last.addNote(note)
	}
}
