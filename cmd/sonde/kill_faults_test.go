//go:build faults

package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// A hundred kills of the real program at random moments, some while it starts, under some
// 300 probes a second, while it turns its log into history every second. What anybody had
// seen before a kill stands as it was, every slot is accounted for, every result is in the
// history once, every outage is told, and the database is sound.
func TestAHundredKillsLoseNothingThatWasSeen(t *testing.T) {
	t.Parallel()
	const kills = 100
	l := newLoad(t, steadyProbes)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	var starts []time.Duration
	for range kills {
		began := time.Now()
		p := begin(t, []string{"SLACK_TOKEN=" + fakeslack.Token, asSonde + "=" + hasty}, "serve", "-c", l.config)
		if chance.IntN(4) == 0 {
			<-time.After(time.Duration(chance.IntN(200)) * time.Millisecond)
			p.kill()
			continue
		}
		require.True(t, l.ready(p, 20*time.Second), "the service is not ready")
		starts = append(starts, time.Since(began))
		if chance.IntN(2) == 0 {
			l.up.Store(!l.up.Load())
		}
		l.see(t)
		// Often the kill comes when Slack has just taken a message, if it takes one.
		wait, enough := context.WithTimeout(t.Context(), time.Duration(chance.IntN(2500))*time.Millisecond)
		if chance.IntN(2) == 0 {
			l.slack.Await(wait, len(l.slack.Messages())+1)
		} else {
			<-wait.Done()
			l.see(t)
		}
		p.kill()
		enough()
	}
	last := l.serve(t)
	l.up.Store(false)
	l.eventually(t, "the last outage is open", func() bool { status, _ := l.report(t); return status.Summary.Down == shakyProbes })
	l.recover(t)
	l.see(t)
	require.Equal(t, 0, last.end(syscall.SIGTERM))

	l.judge(t)
	l.judgeHistory(t, kills/2)
	l.judgeAlerts(t)
	l.sound(t)
	slices.Sort(starts)
	t.Logf("from start to ready: %s in the middle, %s at most", starts[len(starts)/2], starts[len(starts)-1])
}
