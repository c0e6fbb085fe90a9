package store

import (
	"sonde/incident"
)

// cache packs what is remembered of conditional requests: of the hours those that have
// answers.
func (p *packer) cache(c *incident.Cache) {
	p.int(c.Hour)
	var filled uint64
	for i := range c.Hours {
		if c.Hours[i] != (incident.CacheCount{}) {
			filled |= 1 << i
		}
	}
	p.uint(filled)
	for i := range c.Hours {
		if n := c.Hours[i]; filled&(1<<i) != 0 {
			p.count(int(n.Hits))
			p.count(int(n.Misses))
			p.count(int(n.Changed))
		}
	}
	p.count(c.Answers)
	p.uint(c.Hits)
	p.uint(c.Changes)
}

func (u *unpacker) cache() *incident.Cache {
	c := &incident.Cache{Hour: u.int()}
	const most = maxInstant / 3_600_000
	filled := u.uint()
	if filled>>len(c.Hours) != 0 || c.Hour > most || c.Hour < -most {
		u.fail()
	}
	for i := range c.Hours {
		if filled&(1<<i) != 0 {
			c.Hours[i] = incident.CacheCount{Hits: u.tally(), Misses: u.tally(), Changed: u.tally()}
		}
	}
	if c.Answers = u.count(false); c.Answers > 64 {
		u.fail()
	}
	c.Hits, c.Changes = u.uint(), u.uint()
	return c
}

func (u *unpacker) tally() uint16 {
	n := u.count(false)
	if n > 1<<16-1 {
		u.fail()
	}
	return uint16(n)
}
