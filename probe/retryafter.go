package probe

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a target may ask us to wait.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date. A
// date counts from the answer's own Date, so that a wrong clock on either side
// does no harm, and from now where there is none. What makes no sense gives 0.
func retryAfter(value, date string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if isDigits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if errors.Is(err, strconv.ErrRange) || seconds >= int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(date); err == nil {
		now = sent
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
