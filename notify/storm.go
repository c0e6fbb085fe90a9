package notify

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

const (
	stormAfter    = 5                // openings within stormWithin are told one by one: the next begins a storm
	stormWithin   = time.Minute      // two openings further apart than this are no storm any more
	stormCalm     = 5 * time.Minute  // without them the storm is calm: what opens is told apart again
	stormEdits    = 15 * time.Second // between two changes of what is shown
	stormReminds  = 30 * time.Minute // between two reminders
	stormSettles  = 5 * time.Second  // what begins a storm waits for those that come with it
	stormApart    = 5                // so many that still fail when it is over are told apart
	stormLeftover = 10               // or one of so many: they stay listed
)

// StormID names a storm of a destination: the milliseconds since 1970 at which it began; 0 is
// none.
type StormID int64

// Key is the key of the message by which a destination hears of the storm.
func (id StormID) Key(destination string) string {
	return "storm:" + strconv.FormatInt(int64(id), 10) + ":" + destination
}

// thread is what its conversation is filed under: below 0, where no incident is.
func (id StormID) thread() incident.ID { return incident.ID(-id) }

// Storm is a time in which so much opened at a destination that it is told as one. It is
// calm when hardly anything opens any more, and over when hardly anything fails.
type Storm struct {
	ID       StormID
	Began    time.Time
	Last     time.Time // the latest opening
	Busy     time.Time // the latest one that came within stormWithin of the one before
	Calm     bool      `json:",omitzero"`
	Over     bool      `json:",omitzero"` // people have been told
	Shown    time.Time // when people were last shown how it stands
	Affected int       // as they were shown
	Failing  int
	Reminded time.Time `json:",omitzero"`
	Uncalled bool      `json:",omitzero"` // its beginning mentioned nobody
	Acked    Acked     `json:",omitzero"` // who looks after all of it, unless more has opened since
}

// StormFacts is what a message says about a storm.
type StormFacts struct {
	Began    time.Time
	Calm     bool `json:",omitzero"` // hardly anything opens any more
	Over     bool `json:",omitzero"` // and hardly anything fails
	Affected int
	Failing  int
	Acked    Acked         `json:",omitzero"` // who looks after all of it
	Share    Share         `json:",omitzero"` // what most of them have in common
	Reason   ReasonShare   `json:",omitzero"`
	Members  []StormMember // the worst first
}

// Share is something that most members of a storm have in common.
type Share struct {
	By    ShareBy
	Key   string
	Count int
}

// ShareBy says what members may have in common.
type ShareBy uint8

// What members may have in common, the most specific first.
const (
	ShareNothing ShareBy = iota
	ShareParent          // what they depend on
	ShareHost
	ShareGroup
)

// ReasonShare is the reason that most members of a storm have in common.
type ReasonShare struct {
	Reason probe.Reason
	Status int `json:",omitzero"` // of all that have the reason; 0: there are several, or none
	Count  int
}

// StormMember is an incident in a storm.
type StormMember struct {
	Member
	Recovered bool `json:",omitzero"`
}

// blowing is the storm that takes what opens at an instant; nil if there is none.
func (p *Pace) blowing(at time.Time) *Storm {
	if n := len(p.Storms); n > 0 && !p.Storms[n-1].Calm && at.Sub(p.Storms[n-1].Busy) < stormCalm {
		return &p.Storms[n-1]
	}
	return nil
}

// opened takes an opening that people are told of at once, unless there are too many.
func (t *Tact) opened(member Member, m Message) []Message {
	if t.manners[m.Destination].Each {
		return t.mention(m)
	}
	p := t.pace(m.Destination)
	at := m.CreatedAt
	if storm := p.blowing(at); storm != nil {
		if at.Sub(storm.Last) <= stormWithin {
			storm.Busy = slo.Latest(storm.Busy, at)
		}
		storm.Last, storm.Acked = slo.Latest(storm.Last, at), Acked{}
		t.keep(Kept{Destination: m.Destination, Incident: member.Incident, Storm: storm.ID, Change: m.Change, Member: member})
		return nil // it is listed by and by
	}
	p.Openings = slices.DeleteFunc(p.Openings, func(o Member) bool { return at.Sub(o.At) > stormWithin })
	if len(p.Openings) < stormAfter {
		p.Openings = append(p.Openings, member)
		return t.mention(m)
	}
	p.Storms = append(p.Storms, Storm{ID: StormID(at.UnixMilli()), Began: at, Last: at, Busy: at})
	storm := &p.Storms[len(p.Storms)-1]
	for _, o := range p.Openings {
		if t.kept[m.Destination][o.Incident] == nil {
			t.keep(Kept{Destination: m.Destination, Incident: o.Incident, Storm: storm.ID, Own: true, Change: incident.Opened, Member: o})
		}
	}
	p.Openings = nil
	t.keep(Kept{Destination: m.Destination, Incident: member.Incident, Storm: storm.ID, Change: m.Change, Member: member})
	first := t.story(m.Destination, storm, incident.Opened, at)
	first.After = at.Add(stormSettles)
	told := t.mention(first)
	storm.Uncalled = told[0].Body.Uncalled
	return told
}

// Flush has the first word about a storm, while it waits to be sent, tell of those that
// have come with it.
func (t *Tact) Flush(now time.Time) (messages []Message) {
	for _, name := range slices.Sorted(maps.Keys(t.paces)) {
		s := t.paces[name].blowing(now)
		if s == nil || now.Sub(s.Began) >= stormSettles {
			continue
		}
		if affected, _ := t.count(name, s); affected != s.Affected {
			t.pace(name)
			messages = append(messages, t.amend(name, s, now))
		}
	}
	return messages
}

// inStorm takes what is told about a member of a storm. Its own conversation goes on if it
// has one; what else becomes of members is shown with the storm.
func (t *Tact) inStorm(k *Kept, member Member, m Message) []Message {
	p := t.pace(k.Destination)
	storm := p.storm(k.Storm)
	if storm == nil { // a message about it can hardly be
		t.drop(k)
		return t.fresh(member, m)
	}
	if m.opens() {
		storm.Acked = Acked{} // a relapse has to be acknowledged anew
	}
	if m.opens() || m.Change == incident.Changed || m.Change == incident.Escalated {
		again := *k
		again.Severity, again.Kind, again.Reason, again.Status = member.Severity, member.Kind, member.Reason, member.Status
		t.keep(again)
	}
	switch {
	case k.Own:
		m.Body.Quiet = m.Body.Quiet || m.Change != incident.Reminded
		return t.mention(m)
	case m.Change == incident.Reminded:
		return t.remind(k.Destination, storm, m.CreatedAt)
	case storm.Over, m.answers(): // few are left, or somebody did something: that is told where the storm is
		if m.Body.Part == 0 {
			m.Body.Part, m.Incident = k.Incident, storm.ID.thread()
		}
		return []Message{m}
	}
	return nil
}

// answers reports whether the message tells what somebody did about an incident.
func (m *Message) answers() bool {
	switch m.Change {
	case incident.Acknowledged, incident.Unacknowledged, incident.Silenced, incident.Unsilenced, incident.FalseAlarmed, incident.TrueAlarmed, incident.RunNow:
		return true
	}
	return false
}

func (p *Pace) storm(id StormID) *Storm {
	for i := range p.Storms {
		if p.Storms[i].ID == id {
			return &p.Storms[i]
		}
	}
	return nil
}

// remind reminds of a storm when a member is due, but not of each.
func (t *Tact) remind(destination string, s *Storm, at time.Time) []Message {
	if quiet := t.manners[destination].Quiet; at.Sub(s.Reminded) < stormReminds || quiet.on(at) && t.worst(destination, s) < probe.Critical {
		return nil
	}
	s.Reminded = at
	return t.mention(t.story(destination, s, incident.Reminded, at))
}

// storms looks after the storms of a destination.
func (t *Tact) storms(destination string, now time.Time) (messages []Message, apart []Apart) {
	if t.paces[destination] == nil || len(t.paces[destination].Storms) == 0 {
		return nil, nil
	}
	p := t.pace(destination)
	var left []Storm
	for i := range p.Storms {
		s := &p.Storms[i]
		s.Calm = s.Calm || now.Sub(s.Busy) >= stormCalm
		affected, failing := t.count(destination, s)
		few := failing <= stormApart || failing*stormLeftover <= affected
		switch {
		case s.Calm && !s.Over && few:
			s.Over = true
			messages = append(messages, t.over(destination, s, now))
			if failing <= stormApart {
				apart = append(apart, t.disband(destination, s, now)...)
				continue
			}
			t.forget(destination, s)
		case s.Over && failing == 0:
			messages = append(messages, t.amend(destination, s, now))
			t.disband(destination, s, now)
			continue
		case (affected != s.Affected || failing != s.Failing) && now.Sub(s.Shown) >= stormEdits:
			messages = append(messages, t.amend(destination, s, now))
		}
		left = append(left, *s)
	}
	p.Storms = left
	return messages, apart
}

// over says that a storm is over.
func (t *Tact) over(destination string, s *Storm, now time.Time) Message {
	m := t.story(destination, s, incident.Resolved, now)
	quiet := t.manners[destination].Quiet
	m.Body.Quiet = quiet.waits(m.Body.Severity, now)
	return m
}

// disband ends a storm. What still fails, and has no conversation of its own, is told apart.
func (t *Tact) disband(destination string, s *Storm, now time.Time) (apart []Apart) {
	for _, k := range t.members(destination, s) {
		if p := t.open(k); p != nil && !k.Own {
			t.drop(k)
			apart = append(apart, Apart{destination, k.About, incident.Transition{Change: k.Change, At: now, Problem: p.Clone()}, HeldFor{Why: WhyStorm, Since: k.At}})
			continue
		}
		t.end(k)
	}
	return apart
}

// forget forgets those that have recovered; it was told how many they are.
func (t *Tact) forget(destination string, s *Storm) {
	for _, k := range t.members(destination, s) {
		if t.open(k) == nil {
			t.end(k)
		}
	}
}

// members are the incidents of a storm, in the order in which they opened.
func (t *Tact) members(destination string, s *Storm) (all []*Kept) {
	kept := t.kept[destination]
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		if kept[id].Storm == s.ID {
			all = append(all, kept[id])
		}
	}
	return all
}

func (t *Tact) count(destination string, s *Storm) (affected, failing int) {
	for _, k := range t.kept[destination] {
		if k.Storm == s.ID {
			affected++
			if t.open(k) != nil {
				failing++
			}
		}
	}
	if s.Over { // those that had recovered by then are forgotten
		affected = s.Affected
	}
	return affected, failing
}

func (t *Tact) worst(destination string, s *Storm) (worst probe.Severity) {
	for _, k := range t.kept[destination] {
		if k.Storm == s.ID {
			worst = max(worst, k.Severity)
		}
	}
	return worst
}

// story is a message about a storm as it stands.
func (t *Tact) story(destination string, s *Storm, change incident.Change, at time.Time) Message {
	facts := StormFacts{Began: s.Began, Calm: s.Calm, Over: s.Over, Acked: s.Acked}
	facts.Affected, facts.Failing = t.count(destination, s)
	all := t.members(destination, s)
	members := make([]StormMember, 0, len(all))
	worst := probe.NoSeverity
	for _, k := range all {
		worst = max(worst, k.Severity)
		members = append(members, StormMember{k.Member, t.open(k) == nil})
	}
	facts.Share, facts.Reason = shareOf(members), reasonOf(members)
	slices.SortStableFunc(members, worseFirst)
	facts.Members = members[:min(len(members), MostListed)]
	s.Shown, s.Affected, s.Failing = at, facts.Affected, facts.Failing
	return Message{
		Key: stormKey(s, destination, change, at), Destination: destination, Incident: s.ID.thread(), Change: change, CreatedAt: at,
		Body: Body{Location: t.location, Severity: worst, Since: s.Began, OpenedAt: s.Began, At: at, Storm: &facts},
	}
}

// stormKey is the key of a message about a storm. What it looks like at first, and when it
// is shown anew, is one message.
func stormKey(s *Storm, destination string, change incident.Change, at time.Time) string {
	key := s.ID.Key(destination)
	if change == incident.Opened {
		return key
	}
	return key + ":" + change.String() + ":" + stamp(at)
}

// amend shows anew how a storm stands, where it was told first.
func (t *Tact) amend(destination string, s *Storm, at time.Time) Message {
	m := t.story(destination, s, incident.Opened, at)
	m.Amends, m.Body.Uncalled = true, s.Uncalled
	return m
}

func worseFirst(a, b StormMember) int {
	switch {
	case a.Recovered != b.Recovered && b.Recovered:
		return -1
	case a.Recovered != b.Recovered:
		return 1
	}
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since), cmp.Compare(a.Probe, b.Probe))
}
