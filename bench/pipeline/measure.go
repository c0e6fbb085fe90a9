package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watch measures a process for the plan's length, after a warm-up of an interval.
func watch(ctx context.Context, p plan, child *process, target string) (cost, error) {
	if err := sleep(ctx, p.interval+time.Second); err != nil {
		return cost{}, err
	}
	asked0, err := asked(ctx, target)
	if err != nil {
		return cost{}, err
	}
	before, err := child.usage()
	if err != nil {
		return cost{}, fmt.Errorf("%w\n%s", err, child.stderr.String())
	}
	if err := sleep(ctx, p.length); err != nil {
		return cost{}, err
	}
	after, err := child.usage()
	if err != nil {
		return cost{}, fmt.Errorf("%w\n%s", err, child.stderr.String())
	}
	asked1, err := asked(ctx, target)
	c := cost{requests: asked1 - asked0, cpu: after.cpu - before.cpu, rss: after.rss}
	c.service = &serviceCost{written: after.written - before.written}
	return c, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func measureBare(ctx context.Context, p plan, target string) (cost, error) {
	child, err := startSelf(ctx, "-role", "bare", "-target", target, "-probes", strconv.Itoa(p.probes), "-interval", p.interval.String())
	if err != nil {
		return cost{}, err
	}
	defer child.stop()
	c, err := watch(ctx, p, child, target)
	c.service = nil
	return c, err
}

// serviceCost is what only the service has.
type serviceCost struct {
	missed  float64
	results int64 // since the start
	buckets []bucket
	written int64
	disk    int64
}

// bucket is one of the histogram of lateness: how many runs were at most so late.
type bucket struct {
	bound time.Duration
	runs  float64
}

// late is an upper bound of a quantile of the lateness.
func (s *serviceCost) late(q float64) time.Duration {
	if len(s.buckets) == 0 {
		return 0
	}
	all := s.buckets[len(s.buckets)-1].runs
	for _, b := range s.buckets {
		if b.runs >= q*all {
			return b.bound
		}
	}
	return 0
}

func measureService(ctx context.Context, p plan, binary, folder, target string) (cost, error) {
	folder, err := os.MkdirTemp(folder, "run-")
	if err != nil {
		return cost{}, err
	}
	listen, err := freeAddress(ctx)
	if err != nil {
		return cost{}, err
	}
	config := filepath.Join(folder, "sonde.yaml")
	if err := os.WriteFile(config, []byte(configFor(p, listen, target)), 0o600); err != nil {
		return cost{}, err
	}
	child, err := start(ctx, binary, "serve", "-c", config)
	if err != nil {
		return cost{}, err
	}
	defer child.stop()
	c, err := watch(ctx, p, child, target)
	if err != nil {
		return c, err
	}
	metrics, err := fetch(ctx, "http://"+listen+"/metrics")
	if err != nil {
		return c, fmt.Errorf("%w\n%s", err, child.stderr.String())
	}
	c.service.read(metrics)
	for _, name := range []string{"sonde.db", "sonde.db-wal"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil {
			c.service.disk += info.Size()
		}
	}
	return c, nil
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func configFor(p plan, listen, target string) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "listen: %s\ndefaults: {interval: %s, notify: []}\nprobes:\n", listen, p.interval)
	for i := range p.probes {
		_, _ = fmt.Fprintf(&b, "  - {name: p%d, url: \"%s/%d\"}\n", i, target, i)
	}
	return b.String()
}

// read takes what the service says of itself from its metrics.
func (s *serviceCost) read(metrics string) {
	for line := range strings.Lines(metrics) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil:
		case strings.HasPrefix(name, "sonde_missed_slots_total"):
			s.missed += value
		case strings.HasPrefix(name, "sonde_results_total"):
			s.results += int64(value)
		case strings.HasPrefix(name, "sonde_schedule_lateness_seconds_bucket"):
			_, rest, _ := strings.Cut(name, `le="`)
			seconds, err := strconv.ParseFloat(strings.TrimSuffix(rest, `"}`), 64)
			if err == nil {
				s.buckets = append(s.buckets, bucket{time.Duration(seconds * float64(time.Second)), value})
			}
		}
	}
}
