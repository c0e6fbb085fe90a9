package slo

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// wall is a date and a time of day as a clock on a wall shows it.
type wall struct {
	year   int
	month  time.Month
	day    int
	minute int // of the day; 1440 is the midnight at its end
}

// naive is the wall's time as if its zone were UTC.
func (w wall) naive() time.Time {
	return time.Date(w.year, w.month, w.day, w.minute/60, w.minute%60, 0, 0, time.UTC)
}

// moments are the instants at which a clock in a zone shows the time: one on most days,
// two while an hour is repeated. If the clock leaps over the time there is none; leap
// is then the instant of that.
func (w wall) moments(zone *time.Location) (found []time.Time, leap time.Time) {
	naive := w.naive()
	near := time.Date(w.year, w.month, w.day, w.minute/60, w.minute%60, 0, 0, zone)
	start, end := near.ZoneBounds()
	at := func(offset int) time.Time { return naive.Add(-time.Duration(offset) * time.Second) }
	offsets := []int{offsetOf(near)}
	if !start.IsZero() {
		offsets = append(offsets, offsetOf(start.Add(-1)))
	}
	if !end.IsZero() {
		offsets = append(offsets, offsetOf(end))
	}
	for i, offset := range offsets {
		t := at(offset)
		if offsetOf(t.In(zone)) == offset && !slices.Contains(offsets[:i], offset) {
			found = append(found, t)
		}
	}
	if len(found) == 2 && found[1].Before(found[0]) {
		found[0], found[1] = found[1], found[0]
	}
	if len(found) > 0 {
		return found, time.Time{}
	}
	// near is right in one of the two zones that meet at the leap.
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before, after := offsetOf(change.Add(-1)), offsetOf(change)
		if !at(before).Before(change) && at(after).Before(change) {
			return nil, change
		}
	}
	return nil, near
}

func offsetOf(t time.Time) int {
	_, offset := t.Zone()
	return offset
}

// begin is the first instant at which the clock shows the time, or leaps over it.
func (w wall) begin(zone *time.Location) time.Time {
	found, leap := w.moments(zone)
	if len(found) == 0 {
		return leap
	}
	return found[0]
}

// end is the last instant at which the clock shows the time. A time that it leaps over
// counts by the clock as it went before.
func (w wall) end(zone *time.Location) time.Time {
	found, leap := w.moments(zone)
	if len(found) == 0 {
		return w.naive().Add(-time.Duration(offsetOf(leap.In(zone).Add(-1))) * time.Second)
	}
	return found[len(found)-1]
}

// ParseMoment reads an instant: a time of RFC 3339, or one by the clock of a zone, such
// as "2026-11-26 02:00", of which first and last are the first and the last instant that
// the clock shows it, as in [Every]. A day alone is its midnight.
func ParseMoment(s string, zone *time.Location) (first, last time.Time, err error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		w := wall{t.Year(), t.Month(), t.Day(), t.Hour()*60 + t.Minute()}
		seconds := time.Duration(t.Second()) * time.Second
		return w.begin(zone).Add(seconds).UTC(), w.end(zone).Add(seconds).UTC(), nil
	}
	return time.Time{}, time.Time{}, fmt.Errorf("%s is no time; write it like \"2026-11-26 02:00\" or 2026-11-26T02:00:00+09:00", strconv.Quote(s))
}
