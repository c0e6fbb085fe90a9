package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
	"sonde/record"
)

func TestTheServiceDoesItsWorkOrSaysWhyNot(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)
	for name, tc := range map[string]struct {
		v    vitals
		want string // empty: it does
	}{
		"all is well":                                     {vitals{}, ""},
		"results wait for the next commit":                {vitals{recorded: record.Stats{Waiting: 7}}, ""},
		"the scheduler does not tick":                     {vitals{ready: errors.New("the scheduler has not ticked")}, "the scheduler has not ticked"},
		"the disk is full":                                {vitals{recorded: record.Stats{Full: true, FailingSince: now}}, "storage is full"},
		"the disk fails":                                  {vitals{recorded: record.Stats{FailingSince: now}}, "storage fails since 2026-11-23T14:32:10Z"},
		"the outbox cannot be read":                       {vitals{unread: errors.New("read outbox: disk I/O error")}, "read outbox"},
		"a critical message waits a little":               {vitals{untold: now.Add(-2 * time.Minute)}, ""},
		"a critical message waits for too long":           {vitals{untold: now.Add(-2*time.Minute - time.Millisecond)}, "a critical message waits since 2026-11-23T14:30:09Z"},
		"a destination fails, and nothing critical waits": {vitals{deliverer: []notify.Health{{Destination: "ops", FailingSince: now.Add(-time.Hour)}}}, ""},
		"a lane is blind":                                 {vitals{deliverer: []notify.Health{{Destination: "a"}, {Destination: "ops", BlindSince: now}}}, "the outbox cannot be read or written for ops"},
	} {
		t.Run(name, func(t *testing.T) {
			err := new(pulse).judge(&tc.v, now)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestABatchThatIsStuckIsNoticedAlthoughNothingFails(t *testing.T) {
	p, now := &pulse{}, time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)
	look := func(after time.Duration, recorded, waiting int64) error {
		return p.judge(&vitals{recorded: record.Stats{Recorded: recorded, Waiting: waiting}}, now.Add(after))
	}
	require.NoError(t, look(0, 100, 5))
	require.NoError(t, look(20*time.Second, 100, 9))
	require.NoError(t, look(25*time.Second, 109, 3), "it goes on")
	require.NoError(t, look(55*time.Second, 109, 30))
	require.ErrorContains(t, look(56*time.Second, 109, 30), "results wait, and none was stored for 31s")
	require.NoError(t, look(57*time.Second, 139, 0), "it is over")
	require.NoError(t, look(10*time.Minute, 139, 1), "nothing waited meanwhile")
	require.NoError(t, look(10*time.Minute+30*time.Second, 139, 1))
	require.Error(t, look(10*time.Minute+31*time.Second, 139, 1))
}
