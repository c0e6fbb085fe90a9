package main

import (
	"os"

	"sonde/notify"
	"sonde/report"
	"sonde/web"
)

// gauges are what the service knows of itself, for metrics.
func (s *service) gauges() web.Gauges {
	stats := s.scheduler.Stats()
	g := web.Gauges{Missed: stats.Missed, LatenessBuckets: map[float64]uint64{}, LatenessSum: stats.Lateness.Sum.Seconds(), LatenessCount: stats.Lateness.Count()}
	var below uint64
	for i, bound := range stats.Lateness.Bounds {
		below += stats.Lateness.Counts[i]
		g.LatenessBuckets[bound.Seconds()] = below
	}
	recorded := s.recorder.Stats()
	g.StorageFailures, g.RingResults = uint64(recorded.Failures), recorded.Waiting
	g.CommitBuckets, g.CommitSum, g.CommitCount = map[float64]uint64{}, recorded.Commits.Sum.Seconds(), recorded.Commits.Count
	for bound, n := range recorded.Commits.Below {
		g.CommitBuckets[bound.Seconds()] = n
	}
	if info, err := os.Stat(s.store.Path() + "-wal"); err == nil {
		g.WALBytes = info.Size()
	}
	g.LastHeartbeat = s.heartbeat.lastSuccess()
	g.Destinations = deliveries(s.dispatcher.Health())
	if h := s.heartbeat.state(); h != nil {
		g.Heartbeat = report.HeartbeatState(h.State)
	}
	return g
}

// deliveries are how it goes at destinations, for metrics.
func deliveries(health []notify.Health) (all []web.Deliveries) {
	for _, h := range health {
		d := web.Deliveries{
			Destination: h.Destination, Paused: h.Paused, Buckets: map[float64]uint64{}, Sum: h.Deliveries.Sum.Seconds(), Count: h.Deliveries.Count,
			RateLimited: h.Deliveries.Throttled, Simplified: h.Deliveries.Simplified,
		}
		for bound, n := range h.Deliveries.Below {
			d.Buckets[bound.Seconds()] = n
		}
		all = append(all, d)
	}
	return all
}
