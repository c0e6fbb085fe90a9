package probe

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// announcing is the header of an answer, given as "Name: value" lines.
func announcing(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimPrefix(value, " "))
	}
	return h
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	const hourBehind, hourAhead = "Date: Mon, 23 Nov 2026 04:00:00 GMT", "Date: Mon, 23 Nov 2026 06:00:00 GMT"
	const none = -1
	for name, tc := range map[string]struct {
		header []string
		want   time.Duration
	}{
		"none":                          {nil, none},
		"an empty value":                {[]string{"Retry-After: "}, none},
		"seconds":                       {[]string{"Retry-After: 120"}, 2 * time.Minute},
		"seconds with space around":     {[]string{"Retry-After:  120\t"}, 2 * time.Minute},
		"zero is now":                   {[]string{"Retry-After: 0"}, 0},
		"many zeros are now":            {[]string{"Retry-After: 000"}, 0},
		"leading zeros say nothing":     {[]string{"Retry-After: 00060"}, time.Minute},
		"the first of several counts":   {[]string{"Retry-After: 5", "Retry-After: 7"}, 5 * time.Second},
		"a day at most":                 {[]string{"Retry-After: 86401"}, 24 * time.Hour},
		"a second less than a day":      {[]string{"Retry-After: 86399"}, 24*time.Hour - time.Second},
		"a number that overflows":       {[]string{"Retry-After: 9223372036854775808"}, 24 * time.Hour},
		"nanoseconds that overflow":     {[]string{"Retry-After: 9223372037"}, 24 * time.Hour},
		"a number beyond all bounds":    {[]string{"Retry-After: " + strings.Repeat("9", 1000)}, 24 * time.Hour},
		"seconds need no Date":          {[]string{"Retry-After: 30", hourBehind, "Age: 20"}, 30 * time.Second},
		"a date counts from now":        {[]string{"Retry-After: Mon, 23 Nov 2026 05:00:30 GMT"}, 30 * time.Second},
		"by a clock that is behind":     {[]string{"Retry-After: Mon, 23 Nov 2026 04:00:30 GMT", hourBehind}, 30 * time.Second},
		"by a clock that is ahead":      {[]string{"Retry-After: Mon, 23 Nov 2026 06:00:30 GMT", hourAhead}, 30 * time.Second},
		"a Date that is none":           {[]string{"Retry-After: Mon, 23 Nov 2026 05:00:30 GMT", "Date: yesterday"}, 30 * time.Second},
		"an answer kept by a cache":     {[]string{"Retry-After: Mon, 23 Nov 2026 04:01:00 GMT", hourBehind, "Age: 20"}, 40 * time.Second},
		"kept for longer than that":     {[]string{"Retry-After: Mon, 23 Nov 2026 04:01:00 GMT", hourBehind, "Age: 99999999999999999999"}, 0},
		"an Age that is none":           {[]string{"Retry-After: Mon, 23 Nov 2026 04:01:00 GMT", hourBehind, "Age: -20"}, time.Minute},
		"an Age without a Date":         {[]string{"Retry-After: Mon, 23 Nov 2026 05:01:00 GMT", "Age: 20"}, time.Minute},
		"a date in RFC 850 form":        {[]string{"Retry-After: Monday, 23-Nov-26 05:00:30 GMT"}, 30 * time.Second},
		"a date in asctime form":        {[]string{"Retry-After: Mon Nov 23 05:00:30 2026"}, 30 * time.Second},
		"a date that has passed is now": {[]string{"Retry-After: Mon, 23 Nov 2026 04:59:59 GMT"}, 0},
		"the first date there is":       {[]string{"Retry-After: Mon, 01 Jan 0001 00:00:00 GMT"}, 0},
		"a date far away":               {[]string{"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"}, 24 * time.Hour},
		"between dates far apart":       {[]string{"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", "Date: Mon, 01 Jan 0001 00:00:00 GMT"}, 24 * time.Hour},
		"a negative number":             {[]string{"Retry-After: -5"}, none},
		"a positive sign":               {[]string{"Retry-After: +5"}, none},
		"a fraction":                    {[]string{"Retry-After: 1.5"}, none},
		"a unit":                        {[]string{"Retry-After: 5s"}, none},
		"digits of another script":      {[]string{"Retry-After: ５"}, none},
		"a word":                        {[]string{"Retry-After: soon"}, none},
		"a day that never was":          {[]string{"Retry-After: Mon, 31 Feb 2026 05:00:30 GMT"}, none},
	} {
		t.Run(name, func(t *testing.T) {
			want := Announcement{tc.want, true}
			if tc.want == none {
				want = Announcement{}
			}
			require.Equal(t, want, retryAfter(announcing(tc.header...), now))
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"0", "120", "-1", "+5", "1e3", "00", "99999999999999999999", " 7 ", "Mon, 23 Nov 2026 05:00:30 GMT",
		"Monday, 23-Nov-26 05:00:30 GMT", "Mon Nov 23 05:00:30 2026", "Fri, 31 Dec 9999 23:59:59 GMT", "",
	} {
		f.Add(value, "", "")
		f.Add(value, "Mon, 23 Nov 2026 05:00:00 GMT", "9")
		f.Add("Mon, 23 Nov 2026 05:00:30 GMT", value, value)
	}
	now := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value, date, age string) {
		header := http.Header{"Retry-After": {value}, "Date": {date}, "Age": {age}}
		got := retryAfter(header, now)
		require.GreaterOrEqual(t, got.Wait, time.Duration(0))
		require.LessOrEqual(t, got.Wait, maxRetryAfter)
		require.True(t, got.Made || got.Wait == 0, "nothing said is no wait")
		if _, err := http.ParseTime(date); err == nil {
			require.Equal(t, got, retryAfter(header, now.Add(1000*time.Hour)), "our own clock does not matter where there is a Date")
		}
		if isDigits(strings.TrimSpace(value)) {
			require.True(t, got.Made)
			require.Equal(t, got, retryAfter(http.Header{"Retry-After": {value}}, time.Time{}), "seconds count from the answer on")
		}
	})
}
