package configs

import (
	"fmt"
	"time"
)

// ParseInstant reads a moment of the past as people name it: how long ago, such as 36h
// or 30d, a day such as 2026-11-23, which begins at midnight UTC, or a time of RFC 3339.
func ParseInstant(s string, now time.Time) (time.Time, error) {
	if ago, err := ParseDuration(s); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no moment; write how long ago, like 36h or 30d, or a time like 2026-11-23 or 2026-11-23T05:00:00Z", quote(s))
}

// maxSuggested is how many names are listed.
const maxSuggested = 20

// Suggest is the way out after a name that there is not: the nearest of those that
// there are, or some of them.
func Suggest(name string, known []string) string {
	if _, near := nearest(name, known); near || len(known) <= maxSuggested {
		return instead(name, known)
	}
	return fmt.Sprintf("%s and %d more", instead(name, known[:maxSuggested]), len(known)-maxSuggested)
}
