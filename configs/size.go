package configs

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"sonde/probe"
)

// sizeUnits are what may follow a number of bytes.
var sizeUnits = map[string]float64{"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20,
	"GB": 1e9, "GiB": 1 << 30, "TB": 1e12, "TiB": 1 << 40}

// ParseSize reads a number of bytes such as 512, 64KiB or 1.5MB. KiB, MiB, GiB and TiB are powers
// of 1024, kB, MB, GB and TB of 1000.
func ParseSize(s string) (int64, error) {
	number := s[:len(s)-len(strings.TrimLeft(s, "0123456789."))]
	factor, known := sizeUnits[strings.TrimSpace(s[len(number):])]
	amount, err := strconv.ParseFloat(number, 64)
	if err != nil || !known {
		return 0, fmt.Errorf("%s is no size; write one such as 512, 64KiB or 1MiB", quote(s))
	}
	bytes := amount * factor
	if bytes != math.Trunc(bytes) || bytes > 1<<50 {
		return 0, fmt.Errorf("%s is no whole number of bytes that a body could have; write one such as 512, 64KiB or 1MiB", quote(s))
	}
	return int64(bytes), nil
}

var sizeKeys = keys[probe.SizeExpect]{
	"min": func(d *decoder, v value, s *probe.SizeExpect) { d.bytes(v, &s.Min) },
	"max": func(d *decoder, v value, s *probe.SizeExpect) { s.Bounded = d.bytes(v, &s.Max) },
}

// size reads how large a body is expected to be.
func (d *decoder) size(v value, into *probe.SizeExpect) {
	found := object(d, v, sizeKeys, into)
	if min, ok := found["min"]; ok && into.Bounded && into.Min > into.Max {
		d.fail(min, "%d bytes at least and %d at most is no size; lower min or raise max", into.Min, into.Max)
	}
}

// bytes reads a number of bytes that a body can be found to have.
func (d *decoder) bytes(v value, into *int64) bool {
	s, ok := d.loose(v)
	if !ok {
		return false
	}
	n, err := ParseSize(s)
	switch {
	case err != nil:
		d.fail(v, "%v", err)
		return false
	case n > probe.MostBody:
		d.fail(v, "%s is more than is ever read of a body; use at most 16MiB", quote(s))
		return false
	}
	*into = n
	return true
}
