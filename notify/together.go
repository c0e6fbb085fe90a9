package notify

import (
	"fmt"
	"slices"
	"strings"

	"sonde/incident"
)

// String is the id as people read and type it, such as S1N7Q2K0M.
func (id StormID) String() string { return stormLetter + incident.ID(id).String() }

// stormLetter begins the id of a storm, so that it looks like that of no incident.
const stormLetter = "S"

// ParseStormID reads an id as a person types it.
func ParseStormID(s string) (StormID, error) {
	written, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(s)), stormLetter)
	id, err := incident.ParseID(written)
	if !ok || err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is no id of a storm; it looks like S1N7Q2K0M, and stands below its message", s)
	}
	return StormID(id), nil
}

// InStorm are the open incidents of a storm, wherever it is told, in the order in which they
// opened. If there is no such storm, the error names those that go on.
func (t *Tact) InStorm(id StormID) (all []incident.ID, err error) {
	known := false
	var others []string
	for _, name := range t.destinations() {
		p := t.paces[name]
		if p == nil {
			continue
		}
		for i := range p.Storms {
			s := &p.Storms[i]
			if s.ID != id {
				others = append(others, s.ID.String()+" at "+name)
				continue
			}
			known = true
			for _, k := range t.members(name, s) {
				if t.open(k) != nil {
					all = append(all, k.Incident)
				}
			}
		}
	}
	switch {
	case known:
		slices.Sort(all)
		return slices.Compact(all), nil
	case len(others) == 0:
		return nil, fmt.Errorf("%w: %s", incident.ErrNoStorm, id)
	}
	return nil, fmt.Errorf("%w: %s; those that do: %s", incident.ErrNoStorm, id, strings.Join(others, ", "))
}

// Gather takes the lines about one deed about several incidents, and returns one for each
// conversation: where a storm is told, the line is about the storm.
func (t *Tact) Gather(d *Deed, lines []Message) []Message {
	type place struct {
		destination string
		about       incident.ID
	}
	at := map[place]int{}
	var told []Message
	for i := range lines {
		m := &lines[i]
		where := place{m.Destination, m.Incident}
		if n, again := at[where]; again {
			if told[n].Body.Part != 0 && m.Body.Part == 0 {
				told[n] = *m // the larger one itself
			}
			continue
		}
		at[where] = len(told)
		told = append(told, t.asStorm(d, *m))
	}
	return told
}

// asStorm is the line about a member of a storm as one about all of it.
func (t *Tact) asStorm(d *Deed, line Message) Message {
	p := t.paces[line.Destination]
	if line.Incident >= 0 || p == nil || d.Change == incident.RunNow { // which is about one member
		return line
	}
	s := p.storm(StormID(-line.Incident))
	if s == nil {
		return line
	}
	t.pace(line.Destination)
	if d.Storm == s.ID {
		if s.Acked = (Acked{}); d.Change == incident.Acknowledged {
			s.Acked = Acked{At: d.Answer.At, By: d.Answer.By, User: d.Answer.User, Note: d.Answer.Note}
		}
	}
	said := t.story(line.Destination, s, d.Change, d.Answer.At)
	said.Key = stormKey(s, line.Destination, incident.Opened, s.Began) + ":" + d.Change.String() + ":" + d.Key
	said.Body.Answer, said.Body.Acked, said.Body.Quiet = line.Body.Answer, s.Acked, true
	return said
}
