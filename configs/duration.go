package configs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// longest bounds every duration, far from where arithmetic could overflow.
const longest = 3650 * day

// unit is a unit of time as it is written.
type unit struct {
	name   string
	length time.Duration
}

// units are all that may follow a number, longest first.
var units = []unit{
	{"w", week}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// ParseDuration reads a length of time such as 90s, 1m30s, 1.5h or 30d. The units
// are ms, s, m, h, d (24 hours) and w; a number without one is refused, and so is
// anything negative, finer than a millisecond or longer than ten years.
func ParseDuration(s string) (time.Duration, error) {
	if s == "" || s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return 0, noDuration(s)
	}
	var total time.Duration
	for rest := s; rest != ""; {
		number, name, tail := nextAmount(rest)
		length, known := lengthOf(name)
		switch {
		case name == "" && number == s:
			return 0, fmt.Errorf("%s has no unit; write %ss", s, s)
		case number == "" || name == "" || strings.TrimSpace(name) != name:
			return 0, noDuration(s)
		case !known:
			return 0, fmt.Errorf("%s has the unknown unit %s; use ms, s, m, h, d or w", quote(s), quote(name))
		}
		amount, err := multiply(number, length)
		if err != nil {
			return 0, fmt.Errorf("%s %w", quote(s), err)
		}
		if total += amount; total > longest {
			return 0, fmt.Errorf("%s is longer than 3650d", quote(s))
		}
		rest = tail
	}
	return total, nil
}

func noDuration(s string) error {
	return fmt.Errorf("%s is no length of time; write it like 90s, 1m30s, 4h or 30d", quote(s))
}

// nextAmount splits "1m30s" into "1", "m" and "30s".
func nextAmount(s string) (number, unit, rest string) {
	isDigit := func(r rune) bool { return r == '.' || '0' <= r && r <= '9' }
	end := strings.IndexFunc(s, func(r rune) bool { return !isDigit(r) })
	if end < 0 {
		return s, "", ""
	}
	number, s = s[:end], s[end:]
	end = strings.IndexFunc(s, isDigit)
	if end < 0 {
		end = len(s)
	}
	return number, s[:end], s[end:]
}

func lengthOf(name string) (time.Duration, bool) {
	for _, u := range units {
		if u.name == name {
			return u.length, true
		}
	}
	return 0, false
}

// multiply is a decimal number times a unit, exact.
func multiply(number string, length time.Duration) (time.Duration, error) {
	whole, decimals, point := strings.Cut(number, ".")
	n, err := strconv.ParseUint("0"+whole, 10, 63)
	if err != nil || n > uint64(longest/length) {
		return 0, fmt.Errorf("is longer than 3650d")
	}
	total := time.Duration(n) * length
	decimals = strings.TrimRight(decimals, "0")
	if decimals == "" && !(point && whole == "") {
		return total, nil
	}
	const finest = 9 // no unit has a millisecond at a finer decimal
	f, err := strconv.ParseUint(decimals, 10, 63)
	if err != nil || len(decimals) > finest {
		return 0, fmt.Errorf("is not a number of whole milliseconds")
	}
	part, scale := f*uint64(length/time.Millisecond), pow10(len(decimals))
	if part%scale != 0 {
		return 0, fmt.Errorf("is not a number of whole milliseconds")
	}
	return total + time.Duration(part/scale)*time.Millisecond, nil
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// FormatDuration writes a length of time as [ParseDuration] reads it, in the
// largest units below a week: 36h is "1d12h". Parts finer than a millisecond are
// dropped.
func FormatDuration(d time.Duration) string {
	var out strings.Builder
	for _, u := range units[1:] {
		if n := d / u.length; n > 0 {
			fmt.Fprintf(&out, "%d%s", n, u.name)
			d -= n * u.length
		}
	}
	if out.Len() == 0 {
		return "0s"
	}
	return out.String()
}
