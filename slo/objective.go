package slo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	day     = 24 * time.Hour
	million = 1_000_000
)

// Kind is what a promise is about.
type Kind uint8

// The kinds.
const (
	Availability Kind = iota // that answers are good
	Latency                  // that good answers come soon enough
)

// String is the kind as in JSON.
func (k Kind) String() string { return [...]string{"availability", "latency"}[k] }

// Objective is a promise: at least a share of the time in a window is good.
type Objective struct {
	BadPPM    int64 // what may be bad, in parts per million: 99.9% is 1000; in (0, 1000000)
	Window    Window
	Kind      Kind
	Threshold time.Duration // of kind Latency: a good answer that took longer is bad; whole milliseconds
}

// ParseObjective reads a promise such as "99.9% over 30d" or "99.5% over month in
// Europe/Berlin", or of latency "latency 800ms for 99% over 30d". The percentage has at
// most four decimals and lies between 0 and 100, both excluded; the window is one of
// [ParseWindow]; the threshold is from 1ms to 10m.
func ParseObjective(s string) (Objective, error) {
	rest, isLatency := strings.CutPrefix(strings.TrimSpace(s), "latency ")
	if !isLatency {
		return parseAvailability(s)
	}
	written, promise, found := strings.Cut(rest, " for ")
	if !found {
		return Objective{}, fmt.Errorf("objective %q has no threshold and percentage; write it like \"latency 800ms for 99%% over 30d\"", s)
	}
	threshold, err := parseThreshold(strings.TrimSpace(written))
	if err != nil {
		return Objective{}, fmt.Errorf("objective %q %w", s, err)
	}
	o, err := parseAvailability(promise)
	if err != nil {
		return Objective{}, err
	}
	o.Kind, o.Threshold = Latency, threshold
	return o, nil
}

// longestThreshold is longer than any run that somebody waits for.
const longestThreshold = 10 * time.Minute

// parseThreshold reads a threshold such as 800ms or 2s: whole milliseconds.
func parseThreshold(s string) (time.Duration, error) {
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}} {
		digits, found := strings.CutSuffix(s, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			break
		}
		if length := time.Duration(n) * unit.length; length > 0 && length <= longestThreshold {
			return length, nil
		}
		return 0, errors.New("has a threshold that is not from 1ms to 10m; write it like \"latency 800ms for 99% over 30d\"")
	}
	return 0, errors.New("has no threshold; write it like \"latency 800ms for 99% over 30d\"")
}

// formatThreshold writes a threshold as parseThreshold reads it.
func formatThreshold(d time.Duration) string {
	switch {
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d%time.Second == 0:
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strconv.Itoa(int(d/time.Millisecond)) + "ms"
}

func parseAvailability(s string) (Objective, error) {
	percent, window, found := strings.Cut(s, " over ")
	if !found {
		return Objective{}, fmt.Errorf("objective %q has no window; write it like \"99.9%% over 30d\"", s)
	}
	ppm, err := parsePercent(strings.TrimSpace(percent))
	if err != nil {
		return Objective{}, err
	}
	over, err := ParseWindow(strings.TrimSpace(window))
	if err != nil {
		return Objective{}, err
	}
	return Objective{BadPPM: million - ppm, Window: over}, nil
}

// parsePercent reads "99.9%" as parts per million, exactly: no float is involved.
func parsePercent(s string) (int64, error) {
	bad := func(rule string) (int64, error) { return 0, fmt.Errorf("objective %q %s", s, rule) }
	number, found := strings.CutSuffix(s, "%")
	if !found {
		return bad("has no percent sign; write it like \"99.9% over 30d\"")
	}
	whole, decimals, point := strings.Cut(strings.TrimSpace(number), ".")
	if len(decimals) > 4 {
		return bad("has more than four decimals; the finest objective is 99.9999%")
	}
	if whole == "" || len(whole) > 3 || point && decimals == "" || strings.ContainsAny(whole+decimals, "+-") {
		return bad("is not a percentage between 0 and 100; write it like \"99.9% over 30d\"")
	}
	ppm, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", 4-len(decimals)), 10, 64)
	if err != nil {
		return bad("is not a percentage between 0 and 100; write it like \"99.9% over 30d\"")
	}
	if ppm <= 0 || ppm >= million {
		return bad("leaves no budget to account for; use a number above 0% and below 100%, and for zero tolerance the down alert")
	}
	return ppm, nil
}

// Target is the share of the time that is promised to be good, in (0, 1).
func (o Objective) Target() float64 { return float64(million-o.BadPPM) / million }

// String writes the objective as ParseObjective reads it.
func (o Objective) String() string {
	promise := FormatPPM(million-o.BadPPM) + "% over " + o.Window.String()
	if o.Kind == Latency {
		return "latency " + formatThreshold(o.Threshold) + " for " + promise
	}
	return promise
}

// FormatPPM writes parts per million as a percentage without the sign: 999000 is "99.9".
func FormatPPM(ppm int64) string {
	s := fmt.Sprintf("%d.%04d", ppm/10_000, ppm%10_000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalText writes the objective as in [Objective.String].
func (o Objective) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Objective) UnmarshalText(text []byte) (err error) {
	*o, err = ParseObjective(string(text))
	return err
}
