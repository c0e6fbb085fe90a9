package incident

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Tie is what ties probes together: what they share, and may fail with.
type Tie uint8

// The ties.
const (
	NoTie         Tie = iota // it is about one probe
	TieProber                // sonde itself: all probes
	TieNetwork               // the network that sonde is in: all probes whose targets are elsewhere
	TieCredential            // the credential that they are asked with
	TieHost                  // the host that they ask, and so the gateway before it
	TieParent                // the probe that they depend on
	TieGroup                 // the group that the configuration puts them into
	TiePromise               // what is promised of that group
)

var tieNames = [...]string{"", "prober", "network", "credential", "host", "parent", "group", "promise"}

func (t Tie) String() string { return tieNames[t] }

// Bond names what several probes share.
type Bond struct {
	Tie Tie
	Key string // which one; no name of a probe holds a "/", so that it is distinct from all of those
}

// String is the bond as it is kept, such as "host/api.example.com".
func (s Bond) String() string { return s.Tie.String() + "/" + s.Key }

// ID is the id under which the state of what is shared is kept. It is below 0, where no
// probe has its own, and follows from the bond alone.
func (s Bond) ID() probe.ID {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.String()))
	return -1 - probe.ID(h.Sum64()>>2)
}

// Member is what is to be known of a probe to say with whom it shares something.
type Member struct {
	ID         probe.ID
	Name       string
	Policy     *Policy
	Credential string // the same for all who are asked with the same one; empty for none; with "of/" before it if it is no name
	Host       string // and port
	Parents    []string
	Group      string
	Promise    *Promise // of its group; nil: nothing that people hear of
}

// Circle is those who share something, and by what rules they are watched.
type Circle struct {
	Bond
	ID      probe.ID
	Title   string     // for people
	Members []probe.ID // ascending; at least two, but for those of sonde itself
	policy  Policy     // of the first of them

	longest time.Duration // interval of any of them
	combine slo.Combine   // of a promise
	promise *Promise
}

// Circles are all circles of a configuration. They are never changed.
type Circles struct {
	prober, network *Circle                // nil: no rule looks at them
	of              map[probe.ID][]*Circle // the others
	byID            map[probe.ID]*Circle
}

// NewCircles finds what probes share. Only those are in a circle that have a rule which
// looks at it; the settings of the first of them, by id, hold for the whole.
func NewCircles(members []Member) *Circles {
	if byID := func(a, b Member) int { return cmp.Compare(a.ID, b.ID) }; !slices.IsSortedFunc(members, byID) {
		members = slices.SortedFunc(slices.Values(members), byID)
	}
	c := &Circles{of: map[probe.ID][]*Circle{}, byID: map[probe.ID]*Circle{}}
	c.joinAll(members)
	name := func(id probe.ID) string {
		i, _ := slices.BinarySearchFunc(members, id, func(m Member, id probe.ID) int { return cmp.Compare(m.ID, id) })
		return members[i].Name
	}
	for _, circle := range c.all() {
		circle.Title = circle.title(name)
		switch {
		case circle.Tie == TieProber:
			c.prober = circle
		case circle.Tie == TieNetwork:
			c.network = circle
		case circle.Tie == TiePromise:
			circle.pooled(circle.promise)
			if circle.policy.Budgets == nil {
				delete(c.byID, circle.ID)
				continue
			}
			for _, id := range circle.Members {
				c.of[id] = append(c.of[id], circle)
			}
		case circle.Tie.takesTwo() && len(circle.Members) < 2 || circle.Tie == TieParent && c.share(circle.Members):
			delete(c.byID, circle.ID)
		default:
			for _, id := range circle.Members {
				c.of[id] = append(c.of[id], circle)
			}
		}
	}
	return c
}

// joinAll makes the circles of what members have. Most share nothing: what takes two is made for
// those alone that two have.
func (c *Circles) joinAll(members []Member) {
	var numbers [len(tieNames)]map[string]int32 // by tie and key
	for tie := range numbers {
		numbers[tie] = map[string]int32{}
	}
	numbers[TieHost] = make(map[string]int32, len(members))
	var bonds []Bond
	holders := make([]int32, 0, len(members)) // by number
	held := make([]int32, 0, 3*len(members))  // the numbers of the first one's bonds, of the second one's, and so on
	for i := range members {
		bonds = members[i].bonds(bonds[:0])
		for _, bond := range bonds {
			n, known := numbers[bond.Tie][bond.Key]
			if !known {
				n = int32(len(holders))
				numbers[bond.Tie][bond.Key], holders = n, append(holders, 0)
			}
			holders[n]++
			held = append(held, n)
		}
	}
	made := make([]*Circle, len(holders))
	for i := range members {
		bonds = members[i].bonds(bonds[:0])
		for j, bond := range bonds {
			if n := held[j]; holders[n] > 1 || !bond.Tie.takesTwo() {
				made[n] = c.join(made[n], bond, &members[i])
			}
		}
		held = held[len(bonds):]
	}
}

// share reports whether the very same probes share a host: then what they depend on says no
// more.
func (c *Circles) share(members []probe.ID) bool {
	for _, circle := range c.byID {
		if circle.Tie == TieHost && slices.Equal(circle.Members, members) {
			return true
		}
	}
	return false
}

// bonds adds what a probe shares, as far as a rule looks at it.
func (m *Member) bonds(all []Bond) []Bond {
	r := &m.Policy.Rules
	if r.Prober {
		all = append(all, Bond{TieProber, ""})
	}
	if r.ProberNetwork.After > 0 && !m.Policy.Local {
		all = append(all, Bond{TieNetwork, ""})
	}
	if m.Credential != "" && r.AuthGroup.Probes > 0 {
		all = append(all, Bond{TieCredential, m.Credential})
	}
	if r.GatewaySurge.Probes > 0 {
		if m.Host != "" {
			all = append(all, Bond{TieHost, m.Host})
		}
		for _, parent := range m.Parents {
			all = append(all, Bond{TieParent, parent})
		}
	}
	if m.Group != "" && r.GroupRate != nil {
		all = append(all, Bond{TieGroup, m.Group})
	}
	if m.Group != "" && m.Promise != nil {
		all = append(all, Bond{TiePromise, m.Group})
	}
	return all
}

// takesTwo reports whether a circle of one says nothing that its probe does not.
func (t Tie) takesTwo() bool { return t != TieProber && t != TieNetwork && t != TiePromise }

// join adds a probe to a circle, which is made if it is nil. Probes come in the order of
// their ids.
func (c *Circles) join(circle *Circle, s Bond, m *Member) *Circle {
	if circle == nil {
		circle = &Circle{Bond: s, ID: s.ID(), policy: *m.Policy, promise: m.Promise}
		c.byID[circle.ID] = circle
	}
	circle.longest = max(circle.longest, m.Policy.Interval)
	if n := len(circle.Members); n == 0 || circle.Members[n-1] != m.ID {
		circle.Members = append(circle.Members, m.ID)
	}
	return circle
}

// title says to people what is shared.
func (c *Circle) title(name func(probe.ID) string) string {
	switch {
	case c.Tie == TieProber, c.Tie == TieNetwork:
		return "sonde"
	case c.Tie == TieCredential && strings.HasPrefix(c.Key, "of/"):
		others := len(c.Members) - 1
		return "credential of " + name(c.Members[0]) + " and " + strconv.Itoa(others) + " more"
	}
	if c.Tie == TiePromise {
		return TieGroup.String() + " " + c.Key
	}
	return c.Tie.String() + " " + c.Key
}

// all are the circles in the order of their ids.
func (c *Circles) all() []*Circle {
	all := make([]*Circle, 0, len(c.byID))
	for _, circle := range c.byID {
		all = append(all, circle)
	}
	slices.SortFunc(all, func(a, b *Circle) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Find returns the circle of an id; nil if there is none.
func (c *Circles) Find(id probe.ID) *Circle { return c.byID[id] }

// Shares reports whether a probe shares anything with another.
func (c *Circles) Shares(id probe.ID) bool {
	return len(c.of[id]) > 0 || c.network != nil && len(c.network.Members) > 1 && c.network.has(id)
}

// has reports whether a probe is in the circle.
func (c *Circle) has(id probe.ID) bool {
	_, is := slices.BinarySearch(c.Members, id)
	return is
}
