package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

// What a probe saw, what follows from it and who is to be told become durable together.
// Whoever looks replays it.
func ExampleStore_Commit() {
	ctx, folder := context.Background(), must(os.MkdirTemp("", "sonde"))
	defer func() { _ = os.RemoveAll(folder) }()
	db := must(store.Open(ctx, filepath.Join(folder, "sonde.db"), "seoul-1", ""))
	defer func() { _ = db.Close() }()

	_, memory, err := db.Load(ctx)
	check(err)
	probes := []store.Probe{{
		Subject: notify.Subject{Name: "checkout", Routes: notify.Routes{Default: []string{"ops"}}},
		Policy:  &incident.Policy{Interval: time.Minute},
	}}
	start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	check(db.Revise(ctx, &store.Revision{At: start, Probes: probes, Memory: memory}))

	checkout := &probes[0]
	for slot := range 3 {
		at := start.Add(time.Duration(slot) * time.Minute)
		in := incident.Input{At: at, Verdict: probe.Miss(probe.ConnectRefused), Attempts: 1}
		effects := incident.Step(checkout.Policy, memory.State(checkout.ID), &in, &memory.IDs)
		batch := &store.Batch{At: at, Entries: []store.Entry{{Probe: checkout.ID, Input: in}}, Effects: []store.Effect{{Probe: checkout.ID, Effects: effects}}}
		for _, t := range effects.Transitions {
			batch.Messages = append(batch.Messages, notify.Plan(t, checkout.Subject, "seoul-1", nil)...)
		}
		memory.Seq++
		batch.Seq = memory.Seq
		check(db.Commit(ctx, batch))
		check(db.Commit(ctx, batch)) // twice is once
	}

	reader := must(store.OpenReader(ctx, db.Path()))
	defer func() { _ = reader.Close() }()
	now := start.Add(2 * time.Minute)
	snapshot := must(reader.Snapshot(ctx, now))
	for _, p := range snapshot.Probes {
		fmt.Println(p.Name(), "at", snapshot.Location)
		fmt.Println("bad in the last hour:", p.Ledger.Tally(now.Add(-time.Hour), now).Bad)
		for _, problem := range p.State.Problems {
			fmt.Println(problem.Kind, problem.Phase, "because of", problem.Cause.Reason)
		}
	}
	fmt.Println("messages to deliver:", snapshot.Service.Pending)
	// Output:
	// checkout at seoul-1
	// bad in the last hour: 3m0s
	// down open because of connect_refused
	// messages to deliver: 1
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
