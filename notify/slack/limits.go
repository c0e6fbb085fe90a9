package slack

import "unicode/utf16"

// What a message may hold, in UTF-16 units of text before it is escaped. Escaping
// makes a text up to five times as long, and even then all stay within Slack's
// limits: 3,000 for a section, 2,000 for a field, 10 fields, and about 11,000 for
// all blocks together, which is not documented.
const (
	maxName   = 100
	maxURL    = 200
	maxPlace  = 80
	maxLabel  = 60
	maxAdvice = 280
	maxLink   = 1000 // this one as it is sent

	maxLabels  = 5
	maxNext    = 3
	maxCodes   = 5
	maxBudgets = 3
	maxMembers = 5
)

const ellipsis = "…"

// clamp cuts a text to so many UTF-16 units, which is how Slack counts. It never
// cuts a character in half.
func clamp(s string, units int) string {
	if len(s) <= units { // a UTF-16 unit is at least a byte
		return s
	}
	length, fits := 0, 0 // fits is where to cut so that the ellipsis still fits
	for i, r := range s {
		if length < units {
			fits = i
		}
		if length += utf16.RuneLen(r); length > units {
			return s[:fits] + ellipsis
		}
	}
	return s
}
