package notify

import (
	"slices"
	"time"
)

// part takes an opening that is told in the conversation about a larger incident: the first
// of them are, the larger one says how many there are.
func (t *Tact) part(member Member, m Message) []Message {
	at, p := m.CreatedAt, t.pace(m.Destination)
	p.Parts = slices.DeleteFunc(p.Parts, func(before time.Time) bool { return at.Sub(before) > stormWithin })
	if len(p.Parts) >= stormAfter {
		t.keep(Kept{Destination: m.Destination, Incident: member.Incident, Part: true, Change: m.Change, Member: member})
		return nil
	}
	p.Parts = append(p.Parts, at)
	return []Message{m}
}

// inPart takes what is told of an opening that the larger incident stands for: nothing, until
// it opens for itself.
func (t *Tact) inPart(k *Kept, member Member, m Message) []Message {
	switch {
	case m.opens():
		t.drop(k)
		return t.fresh(member, m)
	case over(m.Change) && !m.Body.Quiet:
		t.drop(k)
	case m.answers():
		return []Message{m}
	}
	return nil
}
