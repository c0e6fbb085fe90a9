package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// written is how many bytes this process has given to write calls so far (proc(5)).
func written() (int64, error) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "wchar: "); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("/proc/self/io has no wchar")
}

// inUse is how many bytes of a database hold something: its pages less the free ones, as
// its header counts them (SQLite, file format, section 1.3). What is in the write-ahead
// log alone is not in it.
func inUse(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	var header [100]byte
	if _, err := io.ReadFull(file, header[:]); err != nil {
		return 0, fmt.Errorf("read header of %s: %w", path, err)
	}
	page := int64(binary.BigEndian.Uint16(header[16:]))
	if page == 1 {
		page = 64 << 10
	}
	pages, free := binary.BigEndian.Uint32(header[28:]), binary.BigEndian.Uint32(header[36:])
	return page * (int64(pages) - int64(free)), nil
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// quantile is what a share of durations does not exceed; 0 if there are none.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))]
}

// times does something n times, and returns the median of how long it took.
func times(n int, do func() error) (time.Duration, error) {
	took, err := timesOf(n, do)
	return quantile(took, 0.5), err
}

// timesOf does something n times, and returns how long it took.
func timesOf(n int, do func() error) (took []time.Duration, err error) {
	for range n {
		start := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// spread is the median of some times, and the shortest: what others on the machine add is in all of
// them, but not in each alike.
func spread(took []time.Duration) string {
	return fmt.Sprintf("%.1f ms, %.1f at the shortest", ms(quantile(took, 0.5)), ms(quantile(took, 0)))
}
