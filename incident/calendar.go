package incident

import (
	"fmt"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// Calendar knows which probes are in maintenance when. It is not safe for use by several
// goroutines.
type Calendar struct {
	rules []planned
	of    map[probe.ID][]int     // rules, by probe; looked up once
	asked slo.Spell              // what known is about
	known map[string][]slo.Spell // by the rules of a probe, which many have in common
}

// planned is a command with what was last asked about it: for that time the answer is known.
type planned struct {
	Command
	known slo.Spell
	on    bool
}

// NewCalendar makes a calendar of commands; those that are no maintenance say nothing.
func NewCalendar(commands []Command) *Calendar {
	c := &Calendar{of: map[probe.ID][]int{}}
	for _, command := range commands {
		if command.Kind == Maintain {
			c.rules = append(c.rules, planned{Command: command})
		}
	}
	return c
}

// Covers reports whether a probe is in maintenance at an instant.
func (c *Calendar) Covers(id probe.ID, at time.Time) bool {
	for _, n := range c.rulesOf(id) {
		if c.rules[n].covers(at) {
			return true
		}
	}
	return false
}

func (c *Calendar) rulesOf(id probe.ID) []int {
	if len(c.rules) == 0 {
		return nil
	}
	rules, known := c.of[id]
	if !known {
		for i := range c.rules {
			if c.rules[i].Scope.Covers(id) {
				rules = append(rules, i)
			}
		}
		c.of[id] = rules
	}
	return rules
}

// covers asks the schedule only when the answer may be another one.
func (p *planned) covers(at time.Time) bool {
	if p.known.Covers(at) {
		return p.on
	}
	const ahead = 26 * time.Hour
	p.known, p.on = slo.Spell{From: at, Until: at.Add(ahead)}, false
	for _, spell := range p.Spells(at, at.Add(ahead)) {
		if spell.Covers(at) {
			p.known, p.on = spell, true
			return true
		}
		p.known.Until = slo.Earliest(p.known.Until, spell.From)
	}
	return false
}

// Now is the maintenance that a probe is in, and its stretch; of several the one that
// ends last. It is nil if there is none.
func (c *Calendar) Now(id probe.ID, at time.Time) (now *Command, spell slo.Spell) {
	for _, n := range c.rulesOf(id) {
		if p := &c.rules[n]; p.covers(at) && p.known.Until.After(spell.Until) {
			now, spell = &p.Command, p.known
		}
	}
	return now, spell
}

// Spells are the stretches of maintenance of a probe in [from, until), cut to it, in their
// order; those that touch are one. Nobody may change them.
func (c *Calendar) Spells(id probe.ID, from, until time.Time) []slo.Spell {
	rules := c.rulesOf(id)
	if len(rules) == 0 {
		return nil
	}
	if asked := (slo.Spell{From: from, Until: until}); c.asked != asked {
		c.asked, c.known = asked, map[string][]slo.Spell{}
	}
	key := fmt.Sprint(rules)
	all, known := c.known[key]
	if !known {
		for _, n := range rules {
			for _, spell := range c.rules[n].Spells(from, until) {
				all = append(all, spell.Within(from, until))
			}
		}
		all = slo.MergeSpells(all)
		c.known[key] = all
	}
	return all
}

// AllSpells are the stretches in [from, until) in which any probe is in maintenance.
func (c *Calendar) AllSpells(from, until time.Time) []slo.Spell {
	var all []slo.Spell
	for i := range c.rules {
		for _, spell := range c.rules[i].Spells(from, until) {
			all = append(all, spell.Within(from, until))
		}
	}
	return slo.MergeSpells(all)
}
