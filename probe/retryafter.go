package probe

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a target may ask us to wait.
const maxRetryAfter = 24 * time.Hour

// Announcement is what Retry-After says; the zero Announcement is that it says nothing.
type Announcement struct {
	Wait time.Duration // from the answer on, 0 to a day
	Made bool          // it was said: a Wait of 0 then means now
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date. A
// date counts from the answer's own Date, so that a wrong clock on either side
// does no harm, and from now where there is none; an answer that a cache has kept
// is older than its Date by its Age (RFC 9111 section 5.1). What makes no sense is
// no announcement, a date that has passed means now, and nobody may ask us to wait
// for more than a day.
func retryAfter(header http.Header, now time.Time) Announcement {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if isDigits(value) {
		return Announcement{seconds(value), true}
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return Announcement{}
	}
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
		if age := strings.TrimSpace(header.Get("Age")); isDigits(age) {
			now = sent.Add(seconds(age))
		}
	}
	return Announcement{min(max(until.Sub(now), 0), maxRetryAfter), true}
}

// seconds reads digits as a number of seconds, up to a day.
func seconds(digits string) time.Duration {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n >= int64(maxRetryAfter/time.Second) {
		return maxRetryAfter // all that can be wrong is that it is too large
	}
	return time.Duration(n) * time.Second
}

// isDigits reports whether a text consists of digits, and has one.
func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
