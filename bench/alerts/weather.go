package main

import (
	"math/rand/v2"
	"time"
)

const day = 24 * time.Hour

// weather is what a healthy target looks like from far away. The figures are assumptions,
// not measurements.
type weather struct {
	name  string
	alone float64       // share of runs that fail for themselves
	blips float64       // a day, in which every run fails
	blip  time.Duration // how long one is, on average
}

var (
	clean   = weather{"clean", 1e-4, 0, 0}
	typical = weather{"typical", 3e-4, 1, 20 * time.Second}
	noisy   = weather{"noisy", 2e-3, 4, 30 * time.Second}
	flaky   = weather{"flaky", 1e-2, 8, 45 * time.Second}

	weathers = []weather{clean, typical, noisy, flaky}
)

// sky is the weather as it goes on.
type sky struct {
	weather
	rnd      *rand.Rand
	from, to time.Time // the blip that goes on, or the next one
}

func newSky(w weather, rnd *rand.Rand, start time.Time) *sky {
	s := &sky{weather: w, rnd: rnd, to: start}
	s.move()
	return s
}

// move goes to the next blip. Blips come at random, and are as often twice as long as the
// average as chance has it.
func (s *sky) move() {
	if s.blips == 0 {
		s.from = s.to.Add(100 * 365 * day)
		s.to = s.from
		return
	}
	s.from = s.to.Add(time.Duration(s.rnd.ExpFloat64() / s.blips * float64(day)))
	s.to = s.from.Add(time.Duration(s.rnd.ExpFloat64() * float64(s.blip)))
}

// blip reports whether nobody is reached at an instant, and alone whether a run fails for
// itself. Instants are asked for in their order.
func (s *sky) at(now time.Time) (blip, alone bool) {
	for !s.to.After(now) && s.blips > 0 {
		s.move()
	}
	return !now.Before(s.from) && now.Before(s.to), s.rnd.Float64() < s.alone
}

// trouble is what is truly wrong for a while.
type trouble struct {
	name    string
	length  time.Duration
	share   float64       // of runs that fail
	on, off time.Duration // it comes and goes like this; zero: it stays
}

// The troubles that something is asked of.
const (
	outage = "outage of 1 h"
	fifth  = "20 % fail, 12 h"
	tenth  = "10 % fail, 24 h"
)

var troubles = []trouble{
	{name: outage, length: time.Hour, share: 1},
	{name: "outage of 2 min", length: 2 * time.Minute, share: 1},
	{name: "50 % fail, 6 h", length: 6 * time.Hour, share: 0.5},
	{name: fifth, length: 12 * time.Hour, share: 0.2},
	{name: tenth, length: day, share: 0.1},
	{name: "5 % fail, 24 h", length: day, share: 0.05},
	{name: "2 % fail, 3 d", length: 3 * day, share: 0.02},
	{name: "3 min down, 7 min up, 4 h", length: 4 * time.Hour, share: 1, on: 3 * time.Minute, off: 7 * time.Minute},
}

// fails reports whether a run fails that is made so long after the trouble began.
func (t *trouble) fails(since time.Duration, rnd *rand.Rand) bool {
	if t == nil || since < 0 || since >= t.length || t.off > 0 && since%(t.on+t.off) >= t.on {
		return false
	}
	return t.share == 1 || rnd.Float64() < t.share
}
