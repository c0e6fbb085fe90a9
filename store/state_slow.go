package store

import (
	"time"

	"sonde/incident"
)

// lags packs how a probe keeps to its thresholds of latency.
func (p *statePacker) lags(all []incident.Lag) {
	p.count(len(all))
	for i := range all {
		lag := &all[i]
		p.uint(uint64(lag.Run.Threshold.Milliseconds()))
		p.time(lag.Since)
		switch {
		case lag.Run.Slots.Step == 0:
			p.byte(0)
			continue
		case lag.Run.Failed:
			p.byte(2)
		default:
			p.byte(1)
		}
		p.stretch(lag.Run.Slots)
	}
}

func (u *stateUnpacker) lags() []incident.Lag {
	n := u.count(true)
	if n == 0 || n > u.left()/leastLag {
		u.fail()
		return nil
	}
	all := u.lagged.take(n, u.coming)
	for i := range all {
		lag := &all[i]
		ms := u.uint()
		if ms == 0 || ms > maxThreshold {
			u.fail()
			return nil
		}
		lag.Run.Threshold, lag.Since = time.Duration(ms)*time.Millisecond, u.time()
		switch run := u.byte(); run {
		case 0:
		case 1, 2:
			lag.Run.Slots, lag.Run.Failed = u.stretch(), run == 2
			if lag.Run.Slots.Step == 0 {
				u.fail()
			}
		default:
			u.fail()
		}
	}
	if u.err != nil {
		return nil
	}
	return all
}

// leastLag is how many bytes a packed lag has at least.
const leastLag = 3

// maxThreshold is how many milliseconds no threshold exceeds.
const maxThreshold = 600_000
