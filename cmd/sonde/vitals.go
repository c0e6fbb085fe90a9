package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sonde/notify"
	"sonde/record"
)

const (
	stuckAfter  = 30 * time.Second // a batch that is not committed after so long will not be soon
	untoldAfter = 2 * time.Minute  // a critical message that nobody was told
)

// vitals are what is seen of the parts without which nobody hears of an outage.
type vitals struct {
	ready     error // of scheduler and recorder: they do not turn
	recorded  record.Stats
	untold    time.Time // since when the oldest critical message waits; zero: none does
	unread    error     // the outbox cannot be read
	deliverer []notify.Health
}

// pulse judges vitals, and remembers what it needs for that. It is not safe for use by several goroutines.
type pulse struct {
	recorded int64     // when it last looked
	since    time.Time // when that was first so, with something that waits; zero: nothing waited
}

// judge says why the service does not do its work; nil if it does: the scheduler ticks, the
// recorder commits or has nothing to commit, and whatever is critical gets out.
func (p *pulse) judge(v *vitals, now time.Time) error {
	stuck := p.stuck(&v.recorded, now)
	switch {
	case v.ready != nil:
		return v.ready
	case v.recorded.Full:
		return errors.New("storage is full: results wait in memory")
	case !v.recorded.FailingSince.IsZero():
		return fmt.Errorf("storage fails since %s: results wait in memory", v.recorded.FailingSince.UTC().Format(time.RFC3339))
	case stuck > stuckAfter:
		return fmt.Errorf("results wait, and none was stored for %s", stuck.Round(time.Second))
	case v.unread != nil:
		return v.unread
	case !v.untold.IsZero() && now.Sub(v.untold) > untoldAfter:
		return fmt.Errorf("a critical message waits since %s", v.untold.UTC().Format(time.RFC3339))
	}
	for _, d := range v.deliverer {
		if !d.BlindSince.IsZero() {
			return fmt.Errorf("the outbox cannot be read or written for %s since %s", d.Destination, d.BlindSince.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// stuck is for how long results have waited and none was stored.
func (p *pulse) stuck(s *record.Stats, now time.Time) time.Duration {
	if s.Waiting == 0 {
		p.since = time.Time{}
		return 0
	}
	if p.since.IsZero() || s.Recorded != p.recorded {
		p.recorded, p.since = s.Recorded, now
	}
	return now.Sub(p.since)
}

// alive is what the heartbeat asks before every ping.
func (s *service) alive() func(ctx context.Context) error {
	p := &pulse{}
	return func(ctx context.Context) error {
		now := time.Now()
		return p.judge(s.vitals(ctx, now), now)
	}
}

// vitals looks at all parts.
func (s *service) vitals(ctx context.Context, now time.Time) *vitals {
	v := &vitals{ready: s.ready(ctx), recorded: s.recorder.Stats(), deliverer: s.dispatcher.Health()}
	v.untold, v.unread = s.reader.Untold(ctx, now)
	return v
}
