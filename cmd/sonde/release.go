package main

import (
	"context"
	"time"

	"sonde/probe"
)

// releaseEvery is how often it is looked whether a refused credential has been renewed.
const releaseEvery = 2 * time.Second

// release has probes asked at their next slot that are left alone because their credential was refused,
// if a file with it has changed since. What comes of that decides whether they are left alone again.
func (s *service) release(context.Context) {
	s.scheduler.Release(func(t *probe.Target, why probe.Reason) bool {
		return probe.Miss(why).Kind() == probe.KindAuthFailed && s.runner.Renewed(t)
	})
}
