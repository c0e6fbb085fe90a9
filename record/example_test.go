package record_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// A recorder goes on from what the database holds, takes what the probes saw, and leaves
// it durable.
func ExampleRecorder() {
	ctx, folder := context.Background(), must(os.MkdirTemp("", "sonde"))
	defer func() { _ = os.RemoveAll(folder) }()
	db := must(store.Open(ctx, filepath.Join(folder, "sonde.db"), "seoul-1", ""))
	defer func() { _ = db.Close() }()

	start := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	memory, probes, err := record.Begin(ctx, db, []store.Probe{{
		Subject: notify.Subject{Name: "checkout", Routes: notify.Routes{Default: []string{"ops"}}},
		Policy:  &incident.Policy{Interval: time.Minute, RecheckEvery: 30 * time.Second, Repeatable: true},
	}}, start)
	check(err)

	recorder := record.New(record.Options{
		Log: db, Memory: memory, Probes: probes, Location: "seoul-1", Logger: slog.New(slog.DiscardHandler),
		Recheck:   func(_ probe.ID, at time.Time) { fmt.Println("ask again at", at.Format(time.TimeOnly)) },
		Hold:      func(_ probe.ID, h incident.Hold) { fmt.Println("do not ask before", h.Until.Format(time.TimeOnly)) },
		Published: func(entries []store.Entry) { fmt.Println(len(entries), "inputs are durable") },
		Told:      func(destination string) { fmt.Println("there is a message for", destination) },
	})
	recorder.Start()
	refused := []probe.Attempt{{Verdict: probe.Miss(probe.ConnectRefused)}, {Verdict: probe.Miss(probe.ConnectRefused)}}
	for slot := range 2 {
		recorder.Record(probe.Result{
			Probe: probes[0].ID, At: start.Add(time.Duration(slot) * time.Minute), Verdict: probe.Miss(probe.ConnectRefused), Attempts: refused,
		})
	}
	check(recorder.Stop(ctx))
	fmt.Println("lost:", recorder.Stats().Lost)
	// Output:
	// ask again at 05:00:30
	// 2 inputs are durable
	// there is a message for ops
	// lost: 0
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
