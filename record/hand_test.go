package record_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// sharing are probes that share a host and a credential, and of which people hear.
func sharing(n int) (all []store.Probe) {
	for i := range n {
		p := watched(string(rune('a' + i)))
		p.ID = probe.ID(i + 1)
		p.Credential, p.Subject.URL, p.Subject.Group = "shared", "https://api.example.com/", "payments"
		p.Policy.Rules = incident.Rules{
			AuthGroup:    incident.AuthGroup{Probes: 3, Share: 0.5, Within: 10 * time.Minute},
			GatewaySurge: incident.GatewaySurge{Probes: 2, Within: 5 * time.Minute},
			GroupRate:    &incident.Rate{Class: probe.ClassServerError, Over: 5 * time.Minute, Above: 10_000, MinSamples: 10},
			NoData:       incident.NoData{After: 2 * time.Minute, Intervals: 3}, ProberNetwork: incident.ProberNetwork{After: time.Minute}, Prober: true,
		}
		all = append(all, p)
	}
	return all
}

// inHands records rounds of results, each of which the recorder finds waiting at once, and
// returns what was committed.
func inHands(t *testing.T, rounds [][]probe.Result) (all []store.Batch) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{disk: &disk{start: time.Now()}}
		o := d.options(d.disk, store.NewMemory(), sharing(8))
		free := make(chan struct{})
		o.Published = func([]store.Entry) { <-free } // so nothing is taken while a round comes
		o.Manners = map[string]notify.Manners{"ops": {}}
		d.Recorder = record.New(o)
		for i, round := range rounds {
			for _, r := range round {
				d.Record(r)
			}
			if i == 0 {
				d.Start()
			} else {
				free <- struct{}{}
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		close(free)
		d.end(t)
		all = d.disk.durable()
	})
	return all
}

// shuffle returns results in any order, but those of each probe in their own.
func shuffle(rnd *rand.Rand, round []probe.Result) []probe.Result {
	of := map[probe.ID][]probe.Result{}
	for _, r := range round {
		of[r.Probe] = append(of[r.Probe], r)
	}
	var other []probe.Result
	for _, place := range rnd.Perm(len(round)) {
		id := round[place].Probe
		other = append(other, of[id][0])
		of[id] = of[id][1:]
	}
	return other
}

// The order in which results reach the recorder is that in which their ways end. Of those that
// wait at once it decides nothing: what is stored, opened and told is the same to the last id.
func TestTheOrderInWhichResultsWaitDoesNotMatter(t *testing.T) {
	moods := []probe.Verdict{good, good, judge(probe.Unauthenticated, 401), judge(probe.ServerError, 502), judge(probe.ProberNetwork, 0), broken}
	told := map[probe.Kind]int{}
	storms := 0
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 31))
		var rounds, shuffled [][]probe.Result
		mood := moods[0]
		for n := range 30 {
			if rnd.IntN(4) == 0 {
				mood = moods[rnd.IntN(len(moods))]
			}
			var round []probe.Result
			for id := 1; id <= 8; id++ {
				v := mood
				if rnd.IntN(6) == 0 {
					v = moods[rnd.IntN(len(moods))]
				}
				at := slot(n).Add(time.Duration(rnd.IntN(3)) * time.Second) // some in the same instant
				round = append(round, result(probe.ID(id), at, v, 1))
				if rnd.IntN(4) == 0 {
					again := result(probe.ID(id), at.Add(30*time.Second), v, 1)
					again.Run = probe.Recheck
					round = append(round, again)
				}
			}
			rounds = append(rounds, round)
			shuffled = append(shuffled, shuffle(rnd, round))
		}
		once, again := inHands(t, rounds), inHands(t, shuffled)
		require.Equal(t, once, again, "seed %d", seed)
		for _, b := range once {
			for _, m := range b.Messages {
				told[m.Body.Kind]++
				if m.Incident < 0 {
					storms++
				}
			}
		}
	}
	for _, kind := range []probe.Kind{probe.KindDown, probe.KindAuthFailed, probe.KindAuthGroup, probe.KindGatewaySurge, probe.KindProberNetwork, probe.KindGroupRate} {
		require.Greater(t, told[kind], 10, "the rounds must show %s", kind)
	}
	require.Greater(t, storms, 10)
}
