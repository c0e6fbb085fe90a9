package notify

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Tact decides for every destination how what is told there is told: what opens by the
// dozen is told as one storm, what is not critical waits for the end of quiet hours, and
// people are not mentioned more often than they can stand. Every incident is told, or
// listed in what is told. A tact is pure: the same changes give the same messages under
// the same keys, and [Tact.Changes] are to be made durable with them. It is not safe for
// use by several goroutines.
type Tact struct {
	state    func(probe.ID) *incident.State // nil if there is none
	manners  map[string]Manners             // by destination
	location string
	paces    map[string]*Pace
	kept     map[string]map[incident.ID]*Kept // by destination
	changed  Changes
}

// Manners are how a destination wants to be told.
type Manners struct {
	Quiet    Quiet
	Mentions map[probe.Severity]bool // people are mentioned when something as urgent begins
	Chart    bool                    // the latest results are drawn in the thread of what opens
	Each     bool                    // each incident is told, however many: who is told is a program
}

// Pace is what is remembered of a destination.
type Pace struct {
	Openings []Member    `json:",omitempty"` // told one by one within the last minute, the oldest first
	Storms   []Storm     `json:",omitempty"` // the oldest first
	Mentions []time.Time `json:",omitempty"` // within the last hour, the oldest first

	Parts []time.Time `json:",omitempty"` // openings told in the conversations about others within the last minute, the oldest first

	// Lines are when those who follow what comes and goes were told last, within the last minutes.
	Lines map[incident.ID]time.Time `json:",omitempty"`
}

// Kept is an incident that a destination hears of in something else, or later.
type Kept struct {
	Destination string      `json:"-"`
	Incident    incident.ID `json:"-"`
	Storm       StormID     `json:",omitzero"` // that it is a part of; 0: it waits for the end of quiet hours
	Own         bool        `json:",omitzero"` // it has a conversation of its own all the same
	Over        bool        `json:",omitzero"` // what it was a part of is over, and so is it: nobody needs to hear that it settled

	Part bool `json:",omitzero"` // it is a part of an incident whose conversation has heard of enough of them

	Change    incident.Change // what is told when it is told apart
	Recovered time.Time       `json:",omitzero"` // while quiet
	Member
}

// Member is what is remembered of an opening.
type Member struct {
	Incident incident.ID
	About    probe.ID
	At       time.Time
	Since    time.Time
	Probe    string
	Shared   incident.Bond `json:",omitzero"` // what several probes share; the zero Bond: it is a probe
	Group    string        `json:",omitempty"`
	Host     string        `json:",omitempty"`
	Parents  []string      `json:",omitempty"`
	Kind     probe.Kind
	Severity probe.Severity
	Reason   probe.Reason
	Status   int `json:",omitzero"`
}

// Changes are what has changed about what a tact remembers: nil for what it has forgotten.
type Changes struct {
	Paces map[string]*Pace
	Kept  map[KeptKey]*Kept
}

// KeptKey names what is kept.
type KeptKey struct {
	Destination string
	Incident    incident.ID
}

// None reports whether nothing has changed.
func (c *Changes) None() bool { return len(c.Paces)+len(c.Kept) == 0 }

// Add adds what has changed since.
func (c *Changes) Add(later Changes) {
	if later.None() {
		return
	}
	if c.Paces == nil {
		c.Paces, c.Kept = map[string]*Pace{}, map[KeptKey]*Kept{}
	}
	maps.Copy(c.Paces, later.Paces)
	maps.Copy(c.Kept, later.Kept)
}

// NewTact makes a tact for destinations. state gives the state of a probe, or of what
// probes share, as it is when it is asked.
func NewTact(location string, manners map[string]Manners, state func(probe.ID) *incident.State) *Tact {
	return &Tact{
		state: state, manners: manners, location: location, paces: map[string]*Pace{}, kept: map[string]map[incident.ID]*Kept{},
		changed: Changes{Paces: map[string]*Pace{}, Kept: map[KeptKey]*Kept{}},
	}
}

// Restore has the tact go on from what was stored. What is about a destination of which
// nobody has said how it wants to be told is there no more, and is forgotten.
func (t *Tact) Restore(paces map[string]*Pace, kept []Kept) {
	for name, p := range paces {
		if t.knows(name) {
			t.paces[name] = p
		} else {
			t.changed.Paces[name] = nil
		}
	}
	for i := range kept {
		k := &kept[i]
		if t.knows(k.Destination) {
			t.of(k.Destination)[k.Incident] = k
		} else {
			t.changed.Kept[KeptKey{k.Destination, k.Incident}] = nil
		}
	}
}

func (t *Tact) knows(destination string) bool {
	_, known := t.manners[destination]
	return known || t.manners == nil
}

// Changes returns what has changed since it was last asked.
func (t *Tact) Changes() Changes {
	c := Changes{Paces: make(map[string]*Pace, len(t.changed.Paces)), Kept: make(map[KeptKey]*Kept, len(t.changed.Kept))}
	for name := range t.changed.Paces {
		if p := t.paces[name]; p != nil {
			copied := Pace{slices.Clone(p.Openings), slices.Clone(p.Storms), slices.Clone(p.Mentions), slices.Clone(p.Parts), maps.Clone(p.Lines)}
			c.Paces[name] = &copied
		} else {
			c.Paces[name] = nil
		}
	}
	for key := range t.changed.Kept {
		if k := t.kept[key.Destination][key.Incident]; k != nil {
			copied := *k
			c.Kept[key] = &copied
		} else {
			c.Kept[key] = nil
		}
	}
	clear(t.changed.Paces)
	clear(t.changed.Kept)
	return c
}

// of is what a destination hears of otherwise.
func (t *Tact) of(destination string) map[incident.ID]*Kept {
	if t.kept[destination] == nil {
		t.kept[destination] = map[incident.ID]*Kept{}
	}
	return t.kept[destination]
}

// pace is what is remembered of a destination, to be changed.
func (t *Tact) pace(destination string) *Pace {
	if t.paces[destination] == nil {
		t.paces[destination] = &Pace{}
	}
	t.changed.Paces[destination] = nil // read when it is asked for
	return t.paces[destination]
}

func (t *Tact) keep(k Kept) {
	t.of(k.Destination)[k.Incident] = &k
	t.changed.Kept[KeptKey{k.Destination, k.Incident}] = nil
}

func (t *Tact) drop(k *Kept) {
	delete(t.kept[k.Destination], k.Incident)
	t.changed.Kept[KeptKey{k.Destination, k.Incident}] = nil
}

// Pass takes the messages about a change, and returns those that are told now.
func (t *Tact) Pass(about probe.ID, s Subject, messages []Message) []Message {
	told := make([]Message, 0, len(messages))
	for i := range messages {
		told = append(told, t.pass(about, s, messages[i])...)
	}
	for i := range told {
		if chart, ok := t.chartOf(&told[i]); ok {
			told = append(told, chart)
		}
	}
	return told
}

func (t *Tact) pass(about probe.ID, s Subject, m Message) []Message {
	if m.Body.Kind == probe.KindProberNetwork || m.Body.Kind == probe.KindProber {
		return t.mention(m) // it says more than all others
	}
	member := memberOf(about, s, &m)
	k := t.kept[m.Destination][member.Incident]
	switch {
	case k == nil:
	case k.Over:
		t.drop(k)
		if m.Change == incident.Settled || m.Change == incident.Resolved || m.Change == incident.Withdrawn {
			return nil
		}
	case k.Part:
		return t.inPart(k, member, m)
	case k.Storm != 0:
		return t.inStorm(k, member, m)
	default:
		return t.inQuiet(k, member, m)
	}
	return t.fresh(member, m)
}

// fresh takes what is told apart so far.
func (t *Tact) fresh(member Member, m Message) []Message {
	quiet := t.manners[m.Destination].Quiet
	waits := quiet.waits(m.Body.Severity, m.CreatedAt)
	switch {
	case m.Body.Quiet && !t.manners[m.Destination].Each:
		return []Message{t.line(m)}
	case m.Body.Part != 0 && opens(m.Change) && !t.manners[m.Destination].Each:
		return t.part(member, m)
	case m.opens() && waits:
		t.keep(Kept{Destination: m.Destination, Incident: member.Incident, Change: m.Change, Member: member})
		return nil
	case m.opens():
		return t.opened(member, m)
	case waits && m.Change == incident.Reminded:
		return nil
	case waits:
		m.Body.Quiet = true // those who follow it see it
	}
	return t.mention(m)
}

// linesApart is how far apart lines lie about what comes and goes.
const linesApart = 10 * time.Minute

// line takes what is only for those who follow an incident that comes and goes: the first
// message shows every change, and a line in the thread tells of one now and then.
func (t *Tact) line(m Message) Message {
	at, p := m.CreatedAt, t.paces[m.Destination]
	if m.Body.Part != 0 || m.answers() {
		return m
	}
	if p != nil && at.Sub(p.Lines[m.Incident]) < linesApart {
		m.Amends = true
		return m
	}
	p = t.pace(m.Destination)
	maps.DeleteFunc(p.Lines, func(_ incident.ID, before time.Time) bool { return at.Sub(before) >= linesApart })
	if p.Lines == nil {
		p.Lines = map[incident.ID]time.Time{}
	}
	p.Lines[m.Incident] = at
	return m
}

// opens reports whether the message is one that everybody sees at a place of its own.
func (m *Message) opens() bool {
	switch m.Change {
	case incident.Opened, incident.Reopened, incident.Risen:
		return !m.Body.Quiet && m.Body.Part == 0
	}
	return false
}

func memberOf(about probe.ID, s Subject, m *Message) Member {
	b := &m.Body
	return Member{
		Incident: cmp.Or(b.Part, m.Incident), About: about, At: m.CreatedAt, Since: b.Since, Probe: s.Name, Shared: s.Shared, Group: s.Group, Host: hostOf(s.URL), Parents: s.DependsOn,
		Kind: b.Kind, Severity: b.Severity, Reason: b.Cause.Reason, Status: b.Cause.Status,
	}
}

// Apart is an incident that is told to a destination in a message of its own from now on.
type Apart struct {
	Destination string
	About       probe.ID
	incident.Transition
	Held HeldFor
}

// Tick lets time pass. It returns what is to be told about storms and quiet hours, and
// what is told apart from now on, which [Tact.Tell] makes messages of. still reports
// whether something else keeps an incident back.
func (t *Tact) Tick(now time.Time, still func(probe.ID, *incident.Problem) bool) (messages []Message, apart []Apart) {
	for _, name := range t.destinations() {
		told, freed := t.storms(name, now)
		messages, apart = append(messages, told...), append(apart, freed...)
		told, freed = t.awake(name, now, still)
		messages, apart = append(messages, told...), append(apart, freed...)
	}
	return messages, apart
}

// destinations are those of which something is remembered.
func (t *Tact) destinations() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Collect(maps.Keys(t.paces)), maps.Keys(t.kept)))))
}

// Tell takes the messages about something that is told apart from now on, and returns the
// one for its destination, if that is not a part of a storm now.
func (t *Tact) Tell(a *Apart, s Subject, messages []Message) []Message {
	for i := range messages {
		m := messages[i]
		if m.Destination != a.Destination {
			continue
		}
		m.Body.Held = a.Held
		quiet := t.manners[m.Destination].Quiet
		if a.Held.Why == WhyStorm && !quiet.waits(m.Body.Severity, m.CreatedAt) {
			return t.mention(m) // it was counted already
		}
		return t.fresh(memberOf(a.About, s, &m), m)
	}
	return nil
}

// problem is an incident that is not closed; nil if it is.
func (t *Tact) problem(k *Kept) *incident.Problem {
	s := t.state(k.About)
	if s == nil {
		return nil
	}
	for i := range s.Problems {
		if p := &s.Problems[i]; p.ID == k.Incident {
			return p
		}
	}
	return nil
}

// open is an incident that is open; nil if it is not.
func (t *Tact) open(k *Kept) *incident.Problem {
	if p := t.problem(k); p != nil && p.Phase == incident.Open {
		return p
	}
	return nil
}

// end forgets what is over. Of what came and went people would be told that it settled,
// though they never heard of it: that is remembered.
func (t *Tact) end(k *Kept) {
	if p := t.problem(k); p == nil || p.Phase != incident.Recovered || !p.Telling.Unsaid || k.Own {
		t.drop(k)
		return
	}
	over := *k
	over.Over, over.Storm = true, 0
	t.keep(over)
}

func stamp(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
