package incident_test

import (
	"fmt"
	"time"

	"sonde/incident"
	"sonde/probe"
)

func ExampleStep() {
	policy := incident.Policy{
		Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second,
		RecheckEvery: 30 * time.Second, ResolveAfter: 2 * time.Minute, Repeatable: true,
	}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var state incident.State
	var ids incident.Sequence

	// The target refuses connections from 12:00:00 until 12:03:30.
	for second := 0; second <= 360; second++ {
		now := noon.Add(time.Duration(second) * time.Second)
		in := incident.Input{Run: probe.Scheduled, At: now, Attempts: 1, Verdict: probe.Miss(probe.OK)}
		if second < 210 {
			in.Verdict = probe.Miss(probe.ConnectRefused)
		}
		switch {
		case second%60 == 0:
		case now.Equal(state.Due):
			in.Run = probe.Recheck
		default:
			continue
		}
		for _, t := range incident.Step(&policy, &state, &in, &ids).Transitions {
			fmt.Println(t.At.Format(time.TimeOnly), t.Problem.ID, t.Problem.Kind, t.Change, "since", t.Problem.Since.Format(time.TimeOnly))
		}
		if state.Suspect != nil {
			fmt.Println(now.Format(time.TimeOnly), "suspect, attempt", state.Suspect.Attempts)
		}
	}
	// Output:
	// 12:00:00 suspect, attempt 1
	// 12:00:30 suspect, attempt 2
	// 12:01:00 suspect, attempt 3
	// 12:01:30 1000 down opened since 12:00:00
	// 12:06:00 1000 down resolved since 12:00:00
}

func ExampleParseID() {
	id, err := incident.ParseID("7q2k")
	fmt.Println(id, err)

	_, err = incident.ParseID("7Q2U")
	fmt.Println(err)
	// Output:
	// 7Q2K <nil>
	// "7Q2U" is no incident id: it has a 'U'; an id looks like 7Q2K
}

func ExampleAccount_Overdue() {
	var state incident.State
	policy := incident.Policy{Interval: time.Minute, RecheckEvery: 30 * time.Second}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	incident.Step(&policy, &state, &incident.Input{At: noon, Verdict: probe.Miss(probe.OK)}, &incident.Sequence{})

	fmt.Println(state.Account.Overdue(noon.Add(2 * time.Minute)))
	fmt.Println(state.Account.Overdue(noon.Add(10 * time.Minute)))
	// Output:
	// 0s
	// 8m0s
}
