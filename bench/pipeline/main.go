// Command pipeline measures the whole service against a bare loop, in one run.
//
//	go run ./bench/pipeline -probes 1000 -interval 1s -for 20s -rounds 3
//
// It starts a target, and then in turn the real `sonde serve` with that many probes, and
// the yardstick: a goroutine and a ticker per target, net/http, a new connection per
// request, nothing stored. Each is a process of its own, and CPU time is that process's,
// as the operating system counts it. The machine may be noisy: read the ratio, not the
// seconds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// plan is what to measure.
type plan struct {
	probes   int
	interval time.Duration
	length   time.Duration
	rounds   int
	delay    time.Duration // of the target's answers
}

func main() {
	var p plan
	role := flag.String("role", "", "what this process is: empty, target or bare")
	address := flag.String("target", "", "where the target answers (role bare)")
	flag.IntVar(&p.probes, "probes", 1000, "how many probes")
	flag.DurationVar(&p.interval, "interval", time.Second, "how often each asks")
	flag.DurationVar(&p.length, "for", 20*time.Second, "how long each measurement takes, after as long a warm-up as the interval")
	flag.IntVar(&p.rounds, "rounds", 1, "how often sonde and the bare loop take turns")
	flag.DurationVar(&p.delay, "delay", 50*time.Millisecond, "how long the target takes to answer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch *role {
	case "target":
		err = serveTarget(ctx, p.delay)
	case "bare":
		err = bareLoop(ctx, *address, p.probes, p.interval)
	default:
		err = compare(ctx, p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

// compare runs the two in turn and prints what they cost.
func compare(ctx context.Context, p plan) error {
	folder, err := os.MkdirTemp("", "sonde-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	binary := filepath.Join(folder, "sonde")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "sonde/cmd/sonde").CombinedOutput(); err != nil {
		return fmt.Errorf("build sonde: %w: %s", err, out)
	}
	target, err := startSelf(ctx, "-role", "target", "-delay", p.delay.String())
	if err != nil {
		return err
	}
	defer target.stop()
	url, err := target.line()
	if err != nil {
		return fmt.Errorf("start the target: %w", err)
	}
	fmt.Printf("%d probes every %s (%.0f/s), target answers after %s, %s each\n\n", p.probes, p.interval,
		float64(p.probes)/p.interval.Seconds(), p.delay, p.length)
	fmt.Println(strings.Join(header, "  "))
	for range p.rounds {
		service, err := measureService(ctx, p, binary, folder, url)
		if err != nil {
			return err
		}
		bare, err := measureBare(ctx, p, url)
		if err != nil {
			return err
		}
		service.print("sonde", p, bare)
		bare.print("bare", p, bare)
	}
	return nil
}

var header = []string{"what ", "asked/s", "CPU-s/1k", "  ratio", "RSS MB", "late p50<=", "late p99<=", "missed", "write() B/result", "disk B/result"}

// cost is what one process used while it was watched.
type cost struct {
	requests int64
	cpu      time.Duration
	rss      int64 // bytes, at the end
	service  *serviceCost
}

func (c cost) perThousand() float64 { return c.cpu.Seconds() / float64(max(1, c.requests)) * 1000 }

func (c cost) print(name string, p plan, bare cost) {
	line := fmt.Sprintf("%-5s  %7.0f  %8.3f  %7.2f  %6.0f", name, float64(c.requests)/p.length.Seconds(), c.perThousand(),
		c.perThousand()/bare.perThousand(), float64(c.rss)/(1<<20))
	if s := c.service; s != nil {
		line += fmt.Sprintf("  %10s  %10s  %6.0f  %16.0f  %13.0f", s.late(0.5), s.late(0.99), s.missed,
			float64(s.written)/float64(max(1, c.requests)), float64(s.disk)/float64(max(1, s.results)))
	}
	fmt.Println(line)
}
