package store

import (
	"math"

	"sonde/incident"
)

func hasReading(p incident.Problem) bool { return p.Reading != incident.Reading{} }

// readings packs what the rules measured, for every problem of a state.
func (p *packer) readings(problems []incident.Problem) {
	for i := range problems {
		r := &problems[i].Reading
		p.float(r.Now)
		p.float(r.Usual)
		p.count(r.Samples)
		p.duration(r.Over)
		p.count(r.Level)
	}
}

func (u *unpacker) readings(problems []incident.Problem) {
	for i := range problems {
		problems[i].Reading = incident.Reading{
			Now: u.float(), Usual: u.float(), Samples: u.count(false), Over: u.duration(), Level: u.count(false),
		}
	}
}

func (p *packer) float(f float64) { p.uint(math.Float64bits(f)) }

// float reads a number, which is always finite.
func (u *unpacker) float() float64 {
	f := math.Float64frombits(u.uint())
	if math.IsNaN(f) || math.IsInf(f, 0) {
		u.fail()
		return 0
	}
	return f
}
