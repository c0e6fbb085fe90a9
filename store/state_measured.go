package store

import (
	"time"

	"sonde/incident"
)

// The parts of a state that only rules have which somebody asked for.

func (p *packer) counts(counts []uint16) {
	// Most are the same as the one before: a run of them is written as its length.
	for i := 0; i < len(counts); {
		n := i + 1
		for n < len(counts) && counts[n] == counts[i] {
			n++
		}
		p.count(n - i)
		p.count(int(counts[i]))
		i = n
	}
}

func (u *unpacker) counts(counts []uint16) {
	for i := 0; i < len(counts) && u.err == nil; {
		n := u.count(false)
		if n < 1 || n > len(counts)-i {
			u.fail()
			return
		}
		value := u.tally()
		for range n {
			counts[i] = value
			i++
		}
	}
}

func (p *packer) recent(over time.Duration, r *incident.Recent) {
	p.uint(uint64(over.Milliseconds()))
	p.int(r.Piece)
	p.counts(r.Of[:])
}

// recent reads results in pieces, of which none is shorter than a millisecond.
func (u *unpacker) recent(r *incident.Recent) (over time.Duration) {
	ms := u.uint()
	if ms < uint64(len(r.Of)) || ms > maxInstant {
		u.fail()
		return 0
	}
	r.Piece = u.milli()
	u.counts(r.Of[:])
	return time.Duration(ms) * time.Millisecond
}

func (p *packer) rated(r *incident.Rated) {
	p.recent(r.Over, &r.All)
	p.counts(r.Bad[:])
	p.int(r.Since)
}

func (u *unpacker) rated() *incident.Rated {
	r := &incident.Rated{}
	r.Over = u.recent(&r.All)
	u.counts(r.Bad[:])
	r.Since = u.milli()
	return r
}

func (p *packer) anomaly(a *incident.Anomaly) {
	p.recent(a.Window, &a.All)
	p.int(a.Hour)
	p.counts(a.Hours[:])
	p.counts(a.Odd[:])
	p.count(len(a.Codes))
	for i := range a.Codes {
		h := &a.Codes[i]
		p.count(int(h.Code))
		p.counts(h.Recent[:])
		p.counts(h.Hours[:])
	}
	p.int(a.Since)
}

func (u *unpacker) anomaly() *incident.Anomaly {
	a := &incident.Anomaly{}
	a.Window = u.recent(&a.All)
	a.Hour = u.milli()
	u.counts(a.Hours[:])
	u.counts(a.Odd[:])
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		h := incident.Habit{Code: int16(u.tally() & (1<<15 - 1))}
		u.counts(h.Recent[:])
		u.counts(h.Hours[:])
		a.Codes = append(a.Codes, h)
	}
	a.Since = u.milli()
	return a
}
