// Command store measures package store with months of results in it.
//
//	go run ./bench/store
//	go run ./bench/store -markdown -out bench/RESULTS.md
//
// It fills two databases as the service would, in simulated time: results are made up,
// states stepped, batches committed, checkpoints written, the log compacted, the past
// forgotten. One database is of many probes over a month, and then at full rate; the
// other of fewer probes over months. Then it asks what people ask.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"sonde/bench/results"
	"sonde/store"
)

const day = 24 * time.Hour

// order is what the command line says.
type order struct {
	probes   int
	interval time.Duration
	length   time.Duration // of full rate, simulated
	month    int           // days before that
	days     int           // of the database of months
	readers  int
	reading  time.Duration
	markdown bool
	out      string
	file     string // to fill, instead of measuring
	left     string // to tell what it has left to compact, instead of measuring
}

const usage = `store measures package store with months of results in it.

CPU and time per result are those of stepping and committing. Bytes written are all that went to
write calls meanwhile, with checkpoints and compaction. Bytes on disk are what the pages in
use of the database grew by from one compaction to the last, per result that became chunks:
chunks, ledger, sums, evidence and their indexes.

`

func main() {
	var o order
	flag.IntVar(&o.probes, "probes", 10_000, "how many probes; the database of months has a tenth of them")
	flag.DurationVar(&o.interval, "interval", 10*time.Second, "how often each asks at full rate")
	flag.DurationVar(&o.length, "for", time.Hour, "simulated time at full rate")
	flag.IntVar(&o.month, "month", 30, "days of history before full rate, in which every probe asks every 6 hours")
	flag.IntVar(&o.days, "days", 90, "days of the database of months, in which every probe asks once an hour, and one at -interval")
	flag.IntVar(&o.readers, "readers", 50, "parallel readers beside the writer, each a process")
	flag.DurationVar(&o.reading, "reading", 20*time.Second, "how long commits are measured beside them, each way")
	flag.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flag.StringVar(&o.out, "out", "", "file in which the Markdown replaces what was measured before")
	flag.StringVar(&o.file, "make", "", "only fill a new database: -probes over -month days, then at -interval -for so long, not compacted, until now")
	flag.StringVar(&o.left, "left", "", "only compact a database, and print how much there was left to compact")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	asked, err := readIfAsked(ctx)
	if !asked {
		err = o.follow(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
}

// follow measures and prints.
func (o *order) follow(ctx context.Context) error {
	if o.probes < 1 || o.interval < time.Second || o.length <= 0 || o.month < 1 || o.days < 1 {
		return errors.New("-probes, -for, -month and -days must be above 0, and -interval at least 1s")
	}
	switch {
	case o.file != "":
		return o.make(ctx, o.file)
	case o.left != "":
		results, err := compacted(ctx, o.left)
		fmt.Printf("%d results\n", results)
		return err
	}
	machine := results.Machine()
	tables, err := o.measure(ctx)
	if err != nil {
		return err
	}
	part := results.Part{Name: "The store", Command: "go run ./bench/store -markdown -out bench/RESULTS.md", Machine: machine, Body: markdown(tables)}
	if o.markdown {
		fmt.Print(part)
	} else {
		fmt.Print(text(tables, machine))
	}
	if o.out == "" {
		return nil
	}
	return results.Put(o.out, part)
}

func (o *order) measure(ctx context.Context) (tables []*table, err error) {
	folder, err := os.MkdirTemp("", "sonde-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	writing, err := o.measureFleet(ctx, filepath.Join(folder, "fleet.db"))
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	asking, err := o.measureMonths(ctx, filepath.Join(folder, "months.db"))
	if err != nil {
		return nil, fmt.Errorf("months: %w", err)
	}
	return append(writing, asking), nil
}

// t0 is when the made-up past begins.
var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// history is a writer that fills a new database quickly: its costs are not measured.
func history(ctx context.Context, path string, start time.Time, c *crowd, probes []store.Probe) (*writer, error) {
	s, err := store.Open(ctx, path, "bench", "")
	if err != nil {
		return nil, err
	}
	r := &store.Revision{At: start, Probes: probes, Memory: store.NewMemory()}
	if err := s.Revise(ctx, r); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	copy(probes, r.Probes) // with their ids
	return &writer{
		store: s, memory: r.Memory, crowd: c, at: start, checkpointed: start, kept: start,
		batchSize: 1000, checkpoint: time.Hour, compact: day, upkeep: day,
		keep: store.Retention{Results: 14 * day, Rollups: 400 * day}, // the service's defaults
	}, nil
}
