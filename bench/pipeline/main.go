// Command pipeline measures the whole service against a bare loop, in one run.
//
//	go run ./bench/pipeline -probes 1000 -interval 1s -for 20s -rounds 3
//	go run ./bench/pipeline -tls -probes 3000 -interval 10s
//	go run ./bench/pipeline -measure saturation
//	go run ./bench/pipeline -all -out bench/RESULTS.md
//
// It starts a target, and then in turn the real `sonde serve` with that many probes, and
// the yardstick: a goroutine and a ticker per target, net/http, a new connection per
// request, nothing stored. Each is a process of its own, and CPU time is that process's,
// as the operating system counts it. The machine may be noisy: read the ratio, not the
// seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// plan is what to measure.
type plan struct {
	probes   int
	interval time.Duration
	length   time.Duration
	rounds   int
	delay    time.Duration // of the target's answers
	days     int           // of history that the service's database begins with
	tls      bool
}

// rate is how many requests a second the plan asks for.
func (p plan) rate() float64 { return float64(p.probes) / p.interval.Seconds() }

// order is what the command line says.
type order struct {
	plan
	role        string
	address     string
	certificate string
	measure     string
	all         bool
	out         string
}

const usage = `pipeline measures the whole service beside a bare loop (net/http, a goroutine and a
ticker per target, a new connection per request, nothing stored).

  -measure compare     CPU, lateness, slots, latency truth, memory, bytes (the default)
  -measure start       from exec to the first request and to every probe asked once
  -measure shutdown    CPU of a stop while answers take 3 s
  -measure saturation  more and more probes, until slots are missed; then twice as many
  -all                 all of it with short lengths, as a table in Markdown

Columns: asked/s and kept (requests of slots that came and should have come) are counted at
the target. scraped: RSS after /metrics was read once. late: how far the gap between two requests of one probe is from the interval, at
the target. over: what was measured for a whole request, less what the target's own clock says
from the first byte read to the last one written. missed and commit come from /metrics, since
the start; quantiles of a histogram are upper bounds. files counts all bytes that the process has
written, but for what it sent to the target; the write-ahead log is written back once in a while,
each page once at the most: what -for does not reach, it leaves out.

`

func main() {
	var o order
	flag.StringVar(&o.role, "role", "", "what this process is: empty, target or bare")
	flag.StringVar(&o.address, "target", "", "where the target answers (role bare)")
	flag.StringVar(&o.certificate, "certificate", "", "folder of the certificate to answer with (role target)")
	flag.StringVar(&o.measure, "measure", "compare", "compare, start, shutdown or saturation")
	flag.BoolVar(&o.all, "all", false, "measure everything, and print a table in Markdown")
	flag.StringVar(&o.out, "out", "", "file in which the table replaces the one before (with -all)")
	flag.BoolVar(&o.tls, "tls", false, "ask over TLS, with a full handshake each time")
	flag.IntVar(&o.probes, "probes", 1000, "how many probes")
	flag.DurationVar(&o.interval, "interval", time.Second, "how often each asks")
	flag.DurationVar(&o.length, "for", 20*time.Second, "how long each measurement takes, after a warm-up in which every probe has been asked")
	flag.IntVar(&o.rounds, "rounds", 1, "how often sonde and the bare loop take turns")
	flag.IntVar(&o.days, "days", 0, "history that the service begins with (compare and start): so many days, and then memory is measured while it compacts")
	flag.DurationVar(&o.delay, "delay", 50*time.Millisecond, "how long the target takes to answer")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.follow(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

// follow does what was ordered.
func (o *order) follow(ctx context.Context) (err error) {
	switch o.role {
	case "target":
		return serveTarget(ctx, o.delay, o.certificate)
	case "bare":
		return bareLoop(ctx, o.address, o.probes, o.interval)
	}
	l, err := newLab(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	switch {
	case o.all:
		return everything(ctx, l, o.plan, o.out)
	case o.measure == "compare":
		_, err = compare(ctx, l, o.plan)
	case o.measure == "start":
		_, err = starts(ctx, l, o.plan)
	case o.measure == "shutdown":
		_, err = shutdown(ctx, l, o.plan)
	case o.measure == "saturation":
		_, _, err = saturate(ctx, l, o.plan)
	default:
		err = fmt.Errorf("nothing is called -measure %q; see -h", o.measure)
	}
	return err
}
