package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// told is what the service says of itself.
type told struct {
	missed     map[string]float64 // slots, by reason
	results    float64
	bad        float64 // results that hold the target to be at fault
	lateness   histogram
	commits    histogram
	goroutines float64
	total      map[int]time.Duration // of the latest request of each probe
}

// histogram is cumulative.
type histogram []bucket

// bucket is how many values were at most so much.
type bucket struct {
	bound time.Duration
	count float64
}

// quantile is an upper bound of it; false if there are no values.
func (h histogram) quantile(q float64) (time.Duration, bool) {
	for _, b := range h {
		if last := h[len(h)-1].count; last > 0 && b.count >= q*last {
			return b.bound, true
		}
	}
	return 0, false
}

// both are the median and the 99th percentile; "-" if there are no values.
func (h histogram) both() string {
	p50, known := h.quantile(0.5)
	p99, _ := h.quantile(0.99)
	if !known {
		return "-"
	}
	return fmt.Sprintf("<=%s / <=%s", p50, p99)
}

// askService reads the metrics of a service.
func askService(ctx context.Context, child *process) (*told, error) {
	body, err := fetch(ctx, child.listen+"/metrics")
	if err != nil {
		return nil, fmt.Errorf("read the service's metrics: %w", err)
	}
	return readMetrics(string(body)), nil
}

func readMetrics(body string) *told {
	t := &told{missed: map[string]float64{}, total: map[int]time.Duration{}}
	for line := range strings.Lines(body) {
		end := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[end+1:]), 64)
		if err == nil {
			name, labels, _ := strings.Cut(line[:end], "{")
			t.take(name, labels, value)
		}
	}
	return t
}

func (t *told) take(name, labels string, value float64) {
	switch name {
	case "sonde_missed_slots_total":
		t.missed[label(labels, "reason")] += value
	case "sonde_results_total":
		t.results += value
		if label(labels, "outcome") == "bad" {
			t.bad += value
		}
	case "sonde_schedule_lateness_seconds_bucket":
		t.lateness.add(labels, value)
	case "sonde_commit_seconds_bucket":
		t.commits.add(labels, value)
	case "go_goroutines":
		t.goroutines = value
	case "sonde_probe_duration_seconds":
		id, err := strconv.Atoi(strings.TrimPrefix(label(labels, "probe"), "p"))
		if err == nil && label(labels, "phase") == "total" {
			t.total[id] = seconds(value)
		}
	}
}

func (h *histogram) add(labels string, count float64) {
	if bound, err := strconv.ParseFloat(label(labels, "le"), 64); err == nil {
		*h = append(*h, bucket{seconds(min(bound, 1e6)), count}) // the last is infinite
	}
}

// label is the value of one of a series' labels.
func label(labels, name string) string {
	_, rest, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (t *told) missedSlots() (n float64) {
	for _, slots := range t.missed {
		n += slots
	}
	return n
}
