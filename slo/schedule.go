package slo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule says when something is: once, or again and again by the clock of a zone.
// Its zero value is never.
type Schedule struct {
	once  Spell
	every recurrence
	zone  *time.Location // nil: once
}

// longestSpell bounds a single spell: what is longer is no maintenance.
const longestSpell = 400 * day

// Once is a schedule of one spell.
func Once(from, until time.Time) (Schedule, error) {
	s := Spell{from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)}
	switch {
	case s.IsZero():
		return Schedule{}, fmt.Errorf("%s does not lie before %s; swap them, or name a later end", s.From.Format(time.RFC3339), s.Until.Format(time.RFC3339))
	case s.Until.Sub(s.From) > longestSpell:
		return Schedule{}, errors.New("it lasts longer than 400 days; name a nearer end")
	}
	return Schedule{once: s}, nil
}

// Every reads a schedule that recurs, such as "Sun 02:00-03:00", "Mon-Fri 22:00-06:00",
// "day 02:00-03:00", "1st 03:00-04:00" or "last Sun 02:00-03:00", by the clock of a zone.
// An end that is not behind its beginning lies on the next day. While an hour is
// repeated, a spell reaches from the first to the last instant that the clock shows. A
// beginning that the clock leaps over is the leap; a spell of which nothing would be left
// has its length behind the leap.
func Every(rule string, zone *time.Location) (Schedule, error) {
	r, err := parseRecurrence(rule)
	if err != nil {
		return Schedule{}, err
	}
	if zone == nil {
		zone = time.UTC
	}
	return Schedule{every: r, zone: zone}, nil
}

// Recurs reports whether there is more than one spell.
func (s Schedule) Recurs() bool { return s.zone != nil }

// Spells are the spells that overlap [from, until), whole, in their order. Those of a
// recurring schedule may overlap each other.
func (s Schedule) Spells(from, until time.Time) []Spell {
	if !s.Recurs() {
		if s.once.Within(from, until).IsZero() {
			return nil
		}
		return []Spell{s.once}
	}
	var all []Spell
	// A spell that overlaps begins on one of these days by the clock of the zone: none is
	// longer than two days and a leap, and no zone is further than a day from UTC.
	first, last := from.AddDate(0, 0, -4), until.AddDate(0, 0, 2)
	for d := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, time.UTC); d.Before(last); d = d.AddDate(0, 0, 1) {
		if !s.every.on(d) {
			continue
		}
		if spell := s.every.spell(d, s.zone); !spell.Within(from, until).IsZero() {
			all = append(all, spell)
		}
	}
	return all
}

// Next is the spell that an instant lies in or that follows it, within a year and a
// month; zero if there is none.
func (s Schedule) Next(now time.Time) Spell {
	for _, length := range []time.Duration{8 * day, 40 * day, longestSpell} {
		for _, spell := range s.Spells(now, now.Add(length)) {
			if spell.Until.After(now) {
				return spell
			}
		}
	}
	if s.once.Until.After(now) {
		return s.once
	}
	return Spell{}
}

// String writes the schedule for people, and as [ParseSchedule] reads it.
func (s Schedule) String() string {
	if s.Recurs() {
		return s.every.String() + " " + s.zone.String()
	}
	if s.once.IsZero() {
		return "never"
	}
	return s.once.From.Format(time.RFC3339) + "/" + s.once.Until.Format(time.RFC3339)
}

// ParseSchedule reads what [Schedule.String] wrote.
func ParseSchedule(text string) (Schedule, error) {
	if text == "never" {
		return Schedule{}, nil
	}
	if from, until, ok := strings.Cut(text, "Z/"); ok {
		a, errA := time.Parse(time.RFC3339, from+"Z")
		b, errB := time.Parse(time.RFC3339, until)
		if err := errors.Join(errA, errB); err != nil {
			return Schedule{}, err
		}
		return Once(a, b)
	}
	rule, name, ok := cutLast(text, " ")
	if !ok {
		return Schedule{}, fmt.Errorf("%q is no schedule; write it like \"Sun 02:00-03:00 Asia/Seoul\"", text)
	}
	zone, err := Zone(name)
	if err != nil {
		return Schedule{}, err
	}
	return Every(rule, zone)
}

// MarshalText writes the schedule as in [Schedule.String].
func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Schedule) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSchedule(string(text))
	return err
}

// Zone finds a zone by its name in the IANA database, such as Asia/Seoul.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || strings.ContainsAny(name, " \t\r\n") {
		return nil, fmt.Errorf("%s is no time zone; write a name such as Asia/Seoul, Europe/Berlin or UTC", strconv.Quote(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%s is no time zone; write a name such as Asia/Seoul, Europe/Berlin or UTC", strconv.Quote(name))
	}
	return zone, nil
}

// cutLast cuts a text at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
