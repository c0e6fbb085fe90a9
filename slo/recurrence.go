package slo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// recurrence is a rule of days, and from when until when by the clock.
type recurrence struct {
	weekdays    uint8 // a bit per weekday, Sunday first; all for every day
	nth         int8  // 0: each of those days; 1 to 5: the nth of them in a month; -1: the last one
	monthday    int8  // 1 to 31: that day of the month; -1: its last day; 0: by weekdays
	begin, stop int16 // minutes of the day; stop <= begin lies on the next day
}

const allWeekdays = 1<<7 - 1

var weekdayNames = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// on reports whether a spell begins on a day.
func (r recurrence) on(d time.Time) bool {
	lastDay := d.AddDate(0, 1, -d.Day()).Day()
	switch {
	case r.monthday < 0:
		return d.Day() == lastDay
	case r.monthday > 0:
		return d.Day() == int(r.monthday)
	case r.weekdays&(1<<d.Weekday()) == 0:
		return false
	case r.nth < 0:
		return d.Day()+7 > lastDay
	case r.nth > 0:
		return (d.Day()-1)/7+1 == int(r.nth)
	}
	return true
}

// spell is the spell that begins on a day, by the clock of a zone.
func (r recurrence) spell(d time.Time, zone *time.Location) Spell {
	length := int(r.stop) - int(r.begin)
	if length <= 0 {
		length += 24 * 60
	}
	from := wall{d.Year(), d.Month(), d.Day(), int(r.begin)}.begin(zone)
	until := wall{d.Year(), d.Month(), d.Day(), int(r.begin) + length}.end(zone)
	if !from.Before(until) {
		until = from.Add(time.Duration(length) * time.Minute)
	}
	return Spell{from.UTC(), until.UTC()}
}

// String writes the rule as it is read.
func (r recurrence) String() string {
	return r.days() + fmt.Sprintf(" %02d:%02d-%02d:%02d", r.begin/60, r.begin%60, r.stop/60, r.stop%60)
}

func (r recurrence) days() string {
	which := ""
	switch {
	case r.monthday < 0:
		return "last"
	case r.monthday > 0:
		return ordinal(int(r.monthday))
	case r.weekdays == allWeekdays && r.nth == 0:
		return "day"
	case r.nth < 0:
		which = "last "
	case r.nth > 0:
		which = ordinal(int(r.nth)) + " "
	}
	var names []string
	for i, name := range weekdayNames {
		if r.weekdays&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return which + strings.Join(names, ",")
}

func ordinal(n int) string {
	suffix := "th"
	switch {
	case n/10%10 == 1:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return strconv.Itoa(n) + suffix
}

// parseRecurrence reads a rule, see [Every].
func parseRecurrence(rule string) (r recurrence, err error) {
	fields := strings.Fields(rule)
	if len(fields) < 2 {
		return r, fmt.Errorf("%q has no days and hours; write it like \"Sun 02:00-03:00\"", rule)
	}
	days, hours := fields[:len(fields)-1], fields[len(fields)-1]
	if r.begin, r.stop, err = parseHours(hours); err != nil {
		return r, err
	}
	return r, r.parseDays(days)
}

// parseHours reads "22:00-06:00".
func parseHours(s string) (begin, stop int16, err error) {
	from, until, ok := strings.Cut(s, "-")
	begin, okFrom := parseClock(from)
	stop, okUntil := parseClock(until)
	switch {
	case !ok || !okFrom || !okUntil || begin == 24*60:
		return 0, 0, fmt.Errorf("%q are no hours; write them like 02:00-03:00, from 00:00 to 24:00", s)
	case begin == stop:
		return 0, 0, fmt.Errorf("%q begins when it ends; for a whole day write 00:00-24:00", s)
	case stop == 24*60:
		stop = 0 // the midnight at the end
		if begin == 0 {
			stop = 24 * 60
		}
	}
	return begin, stop, nil
}

// parseClock reads "02:00" as minutes.
func parseClock(s string) (int16, bool) {
	if len(s) != len("02:00") || s[2] != ':' {
		return 0, false
	}
	hour, errHour := strconv.ParseUint(s[:2], 10, 8)
	minute, errMinute := strconv.ParseUint(s[3:], 10, 8)
	if errHour != nil || errMinute != nil || minute > 59 || hour*60+minute > 24*60 {
		return 0, false
	}
	return int16(hour*60 + minute), true
}

// parseDays reads "Mon-Fri", "Sat,Sun", "day", "1st", "last" or "1st Sun".
func (r *recurrence) parseDays(words []string) error {
	first := strings.ToLower(words[0])
	nth, isOrdinal := parseOrdinal(first)
	switch {
	case len(words) > 2:
		return fmt.Errorf("%q names too much before the hours; write it like \"Sun 02:00-03:00\" or \"1st Sun 02:00-03:00\"", strings.Join(words, " "))
	case len(words) == 2 && (!isOrdinal || nth > 5):
		return fmt.Errorf("%q are no days; write Sun, Mon-Fri, day, 1st, last, or 1st Sun to 5th Sun", strings.Join(words, " "))
	case len(words) == 2:
		r.nth = nth
		return r.parseWeekdays(words[1])
	case isOrdinal:
		r.monthday = nth
		return nil
	case first == "day" || first == "daily":
		r.weekdays = allWeekdays
		return nil
	}
	return r.parseWeekdays(words[0])
}

// parseOrdinal reads "1st" to "31st"; "last" is -1.
func parseOrdinal(s string) (int8, bool) {
	if s == "last" {
		return -1, true
	}
	n, err := strconv.ParseUint(strings.TrimRight(s, "stndrh"), 10, 8)
	if err != nil || n < 1 || n > 31 || ordinal(int(n)) != s {
		return 0, false
	}
	return int8(n), true
}

// parseWeekdays reads "Sun", "Mon-Fri" or "Sat,Sun".
func (r *recurrence) parseWeekdays(s string) error {
	for _, part := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, ok := weekdayOf(from)
		last := first
		if isRange && ok {
			last, ok = weekdayOf(to)
		}
		if !ok {
			return fmt.Errorf("%q are no days; write Sun, Mon-Fri, day, 1st, last, or 1st Sun to 5th Sun", s)
		}
		for d := first; ; d = (d + 1) % 7 {
			r.weekdays |= 1 << d
			if d == last {
				break
			}
		}
	}
	return nil
}

// weekdayOf reads the name of a weekday: its first three letters, or all of them.
func weekdayOf(s string) (int, bool) {
	for i, name := range weekdayNames {
		if strings.EqualFold(s, name) || strings.EqualFold(s, time.Weekday(i).String()) {
			return i, true
		}
	}
	return 0, false
}
