package store

import (
	"net/url"
	"slices"
	"strings"

	"sonde/incident"
	"sonde/probe"
)

// hasPart reports whether an incident is a part of another, or has a stage.
func hasPart(p incident.Problem) bool {
	return p.Within != 0 || p.Stage != 0 && p.Kind != probe.KindCertificate
}

// shared packs what is remembered of what several probes share, and of their incidents
// what only those have. It stands behind all that is older.
func (p *statePacker) shared(s *incident.State, has uint64) {
	if has&hasKnown != 0 {
		p.packer.time(s.Known.Time())
	}
	if has&hasParts != 0 {
		for i := range s.Problems {
			p.int(int64(s.Problems[i].Within))
			p.count(s.Problems[i].Stage)
		}
	}
	if has&hasShared != 0 {
		p.time(s.Shared.At)
		p.count(len(s.Shared.Hits))
		var before probe.ID
		for _, h := range s.Shared.Hits {
			p.int(int64(h.Probe - before))
			p.time(h.Since)
			p.time(h.Last)
			p.packer.time(h.Prior)
			before = h.Probe
		}
		p.groupRate(s.Shared.Rate)
	}
}

// groupRate packs what a group remembers for its rate: a 0 where it remembers nothing.
func (p *statePacker) groupRate(g *incident.GroupRate) {
	if g == nil {
		p.duration(0)
		return
	}
	p.duration(g.Over)
	p.int(g.Piece)
	for i := range g.All {
		p.uint(uint64(g.All[i]))
		p.uint(uint64(g.Bad[i]))
	}
	p.packer.time(g.Since)
}

func (u *stateUnpacker) groupRate() *incident.GroupRate {
	g := &incident.GroupRate{Over: u.duration()}
	if g.Over == 0 {
		return nil
	}
	g.Piece = u.int()
	for i := range g.All {
		g.All[i], g.Bad[i] = uint32(u.uint()), uint32(u.uint())
	}
	g.Since = u.unpacker.time()
	return g
}

func (u *stateUnpacker) shared(s *incident.State, has uint64) {
	s.Known = incident.InstantOf(s.Last.At)
	if has&hasKnown != 0 {
		s.Known = incident.InstantOf(u.unpacker.time())
	}
	if has&hasParts != 0 {
		for i := range s.Problems {
			s.Problems[i].Within = incident.ID(u.int())
			s.Problems[i].Stage = u.count(false)
		}
	}
	if has&hasShared != 0 {
		s.Shared = &incident.Shared{At: u.time()}
		var before probe.ID
		for n := u.count(true); n > 0 && u.err == nil; n-- {
			h := incident.Hit{Probe: before + probe.ID(u.int()), Since: u.time(), Last: u.time(), Prior: u.unpacker.time()}
			s.Shared.Hits = append(s.Shared.Hits, h)
			before = h.Probe
		}
		if !slices.IsSortedFunc(s.Shared.Hits, func(a, b incident.Hit) int { return int(min(1, max(-1, a.Probe-b.Probe))) }) {
			u.fail()
		}
		s.Shared.Rate = u.groupRate()
	}
}

// Circles finds what configured probes share.
func Circles(known []Probe) *incident.Circles {
	members := make([]incident.Member, 0, len(known))
	for i := range known {
		if p := &known[i]; p.RetiredAt.IsZero() {
			members = append(members, incident.Member{
				ID: p.ID, Name: p.Name(), Policy: p.Policy, Credential: p.Credential, Host: hostOf(p.Subject.URL), Group: p.Subject.Group,
				Parents: p.Subject.DependsOn, Promise: p.Pledge.promise(),
			})
		}
	}
	return incident.NewCircles(members)
}

// shared are copies of the states of what several probes share.
func (m *Memory) shared(c *incident.Circles) (all []Shared) {
	for id, s := range m.States {
		if id >= 0 {
			continue
		}
		if circle := c.Find(id); circle != nil {
			all = append(all, Shared{circle, s.Clone()})
		}
	}
	slices.SortFunc(all, func(a, b Shared) int { return strings.Compare(a.Circle.String(), b.Circle.String()) })
	return all
}

// hostOf is the host of an address, with its port if it names one.
func hostOf(address string) string {
	if host, plain := plainHost(address); plain {
		return host
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// Correlate moves on what the probe of an entry shares with others, once [Memory.Step] has
// moved its own state on, and returns what follows from that.
func (m *Memory) Correlate(c *incident.Circles, e *Entry, fx *incident.Effects) []incident.Follow {
	return incident.Correlate(c, m.States, e.Probe, &e.Input, fx, &m.IDs)
}

// portEnd is where the port ends that stands behind a colon.
func portEnd(s string, colon int) int {
	end := colon + 1
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	return end
}

// plainHost is the host of an address that is written so plainly that it needs no parser, as
// those of ten thousand probes are; false if it may not be.
func plainHost(address string) (host string, plain bool) {
	rest, found := strings.CutPrefix(address, "https://")
	if !found {
		if rest, found = strings.CutPrefix(address, "http://"); !found {
			return "", false
		}
	}
	end := len(rest)
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case i > end: // of the path nothing matters but that a parser would take it
			if c <= ' ' || c >= 0x7f || c == '%' {
				return "", false
			}
		case c == '/':
			end = i
		case c == ':' && i > 0:
			if end = portEnd(rest, i); end < len(rest) && rest[end] != '/' {
				return "", false
			}
			i = end
		case (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-':
			return "", false
		}
	}
	return rest[:end], end > 0
}
