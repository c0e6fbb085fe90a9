package incident

import "time"

// Instant is an instant in whole milliseconds since 1970, as all that is kept of instants:
// a third of a [time.Time], of which every probe has some. 0 is none.
type Instant int64

// InstantOf is an instant as states keep it.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Time is the instant, in UTC; the zero time if there is none.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// MarshalText writes the instant as [time.Time] does.
func (i Instant) MarshalText() ([]byte, error) { return i.Time().MarshalText() }

// UnmarshalText reads what MarshalText wrote.
func (i *Instant) UnmarshalText(text []byte) error {
	var t time.Time
	if err := t.UnmarshalText(text); err != nil {
		return err
	}
	*i = InstantOf(t)
	return nil
}
