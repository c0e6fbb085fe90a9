package probe

// Retry says whether the same request, asked again, may end better. It is the
// last column of the table in the white paper on status codes, section 3.1.
type Retry uint8

// The kinds of retryability.
const (
	RetryNotApplicable Retry = iota // there is nothing to retry
	RetryYes                        // yes
	RetryNo                         // no: the same request fails the same way
	RetryConditional                // once
	RetryAfterDelay                 // after the announced delay (429)
	RetryBackoff                    // with back-off (503)
)

var retryNames = []string{"not_applicable", "yes", "no", "conditional", "after_delay", "backoff"}

func (r Retry) String() string { return spell(retryNames, r) }

// Allows returns how many of the configured retries a verdict of this kind may use.
func (r Retry) Allows(configured int) int {
	switch r {
	case RetryYes, RetryAfterDelay, RetryBackoff:
		return configured
	case RetryConditional:
		return min(configured, 1)
	default:
		return 0
	}
}

// MarshalText writes the value as in [Retry.String].
func (r Retry) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Retry) UnmarshalText(text []byte) (err error) {
	*r, err = read[Retry](retryNames, "retryability", text)
	return err
}
