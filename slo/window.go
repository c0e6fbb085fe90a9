package slo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that a month is the same on every machine
)

// Period is a stretch of the calendar.
type Period uint8

// The periods. Those of a calendar begin at local midnight.
const (
	Trailing Period = iota // no stretch of the calendar: it moves with time
	Day
	Week    // from Monday (ISO 8601)
	Month   // from the first
	Quarter // from the first of January, April, July or October
)

var periodNames = [...]string{"", "day", "week", "month", "quarter"}

// usual is about how long a period is.
var usual = [...]time.Duration{0, day, 7 * day, 30 * day, 91 * day}

// Window is the time that a promise is about: the latest days at any moment, or the
// running period of a calendar. Windows are equal if they are written alike.
type Window struct {
	Length time.Duration // of a trailing window: whole minutes; 0 of a calendar
	Period Period
	Zone   string // whose midnight begins a period (IANA); "" is UTC
}

// Rolling is a window that trails the present.
func Rolling(length time.Duration) Window { return Window{Length: length} }

// ParseWindow reads a window. A trailing one is a length such as 30d, a whole number of
// minutes, hours, days or weeks, at least one hour and at most 400 days; one of a
// calendar is day, week, month or quarter, with a zone as in "month in Europe/Berlin".
func ParseWindow(s string) (Window, error) {
	name, zone, zoned := strings.Cut(s, " in ")
	for p := Day; p <= Quarter; p++ {
		if strings.TrimSpace(name) != periodNames[p] {
			continue
		}
		zone, err := parseZone(strings.TrimSpace(zone), zoned)
		if err != nil {
			return Window{}, fmt.Errorf("window %q %w", s, err)
		}
		return Window{Period: p, Zone: zone}, nil
	}
	if zoned {
		return Window{}, fmt.Errorf("window %q has a zone, which only day, week, month and quarter have; write it like \"month in Europe/Berlin\"", s)
	}
	length, err := parseLength(s)
	return Rolling(length), err
}

// parseZone checks the name of a zone.
func parseZone(name string, given bool) (string, error) {
	switch {
	case !given || name == "UTC":
		return "", nil
	case name == "" || name == "Local": // another one on every machine
		return "", fmt.Errorf("has no zone of the IANA database; write it like \"month in Europe/Berlin\", or leave it out for UTC")
	}
	if _, err := time.LoadLocation(name); err != nil {
		return "", fmt.Errorf("has no zone of the IANA database; write it like \"month in Europe/Berlin\", or leave it out for UTC")
	}
	return name, nil
}

// parseLength reads the length of a trailing window.
func parseLength(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}
	if len(s) < 2 || units[s[len(s)-1]] == 0 {
		return 0, fmt.Errorf("window %q is no length of time; write it like 30d, 36h, 4w or month", s)
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("window %q is no length of time; write it like 30d, 36h, 4w or month", s)
	}
	unit := units[s[len(s)-1]]
	if n < uint64(time.Hour/unit) || n == 0 || n > uint64(400*day/unit) {
		return 0, fmt.Errorf("window %q is not between 1h and 400d; 30d is usual", s)
	}
	return time.Duration(n) * unit, nil
}

// Name is the window without its zone, such as "30d" or "month".
func (w Window) Name() string {
	switch {
	case w.Period != Trailing:
		return periodNames[w.Period]
	case w.Length%day == 0:
		return strconv.Itoa(int(w.Length/day)) + "d"
	case w.Length%time.Hour == 0:
		return strconv.Itoa(int(w.Length/time.Hour)) + "h"
	}
	return strconv.Itoa(int(w.Length/time.Minute)) + "m"
}

// String writes the window as [ParseWindow] reads it, a length in the largest unit below a
// week that fits.
func (w Window) String() string {
	if w.Zone == "" {
		return w.Name()
	}
	return w.Name() + " in " + w.Zone
}

// Usual is about how long the window is: exactly, if it trails.
func (w Window) Usual() time.Duration {
	if w.Period == Trailing {
		return w.Length
	}
	return usual[w.Period]
}

// Longest is how long the window can be, a day on which clocks are set back included.
func (w Window) Longest() time.Duration {
	switch w.Period {
	case Trailing:
		return w.Length
	case Month:
		return 32 * day
	case Quarter:
		return 93 * day
	}
	return usual[w.Period] + day
}

// Span is a window at a moment. The slots after After, and before End or now, count.
type Span struct {
	After  time.Time
	End    time.Time     // where it is over: the beginning of the next period, or now
	Length time.Duration // of the whole of it, in real time
}

// Begin is the first moment of the window.
func (s Span) Begin() time.Time { return s.End.Add(-s.Length) }

// Span is where the window lies at a moment. A period is [begin, end) in local civil time
// and as long as it really is: a day may have 23 hours or 25. Its slots are whole
// milliseconds, so those after the last one before it count.
func (w Window) Span(now time.Time) Span {
	if w.Period == Trailing {
		return Span{now.Add(-w.Length), now, w.Length}
	}
	begin, end := w.period(now)
	return Span{begin.Add(-time.Millisecond), end, end.Sub(begin)}
}

// period is the period that a moment lies in.
func (w Window) period(now time.Time) (begin, end time.Time) {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		zone = time.UTC // the zone was known when it was written down
	}
	now = now.In(zone)
	y, m, d := now.Date()
	switch w.Period {
	case Week:
		d -= (int(now.Weekday()) + 6) % 7
		return midnight(y, m, d, zone), midnight(y, m, d+7, zone)
	case Month:
		return midnight(y, m, 1, zone), midnight(y, m+1, 1, zone)
	case Quarter:
		m -= (m - 1) % 3
		return midnight(y, m, 1, zone), midnight(y, m+3, 1, zone)
	}
	return midnight(y, m, d, zone), midnight(y, m, d+1, zone)
}

// midnight is the first instant of a day, in UTC.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	begun, ends := t.ZoneBounds()
	if civil(t).Before(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) {
		return ends.UTC() // clocks were set forward over midnight: the day begins with that
	}
	if begun.IsZero() {
		return t.UTC()
	}
	_, is := t.Zone()
	_, was := begun.Add(-1).Zone()
	// Clocks were set back over midnight: it comes twice, and the first one counts.
	if first := t.Add(time.Duration(is-was) * time.Second); was > is && first.Before(begun) {
		return first.UTC()
	}
	// Clocks were set forward over midnight: what Date made of it lies behind that.
	if t.Hour() > 0 || t.Minute() > 0 {
		return begun.UTC()
	}
	return t.UTC()
}

// civil is the date and the hour that clocks show, as an instant that can be compared.
func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
