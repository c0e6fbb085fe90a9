package probe

// Outcome is what a run means for the promise that was made about a target.
type Outcome uint8

// The outcomes. No data is [Unknown]: it is never good and never bad.
const (
	Unknown  Outcome = iota // the prober's own fault, or nothing was asked
	Good                    // as expected
	Bad                     // the promise was broken
	Excluded                // answered, but says nothing about the promise
)

var outcomeNames = []string{"unknown", "good", "bad", "excluded"}

func (o Outcome) String() string { return spell(outcomeNames, o) }

// MarshalText writes the outcome as in [Outcome.String].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) (err error) {
	*o, err = read[Outcome](outcomeNames, "outcome", text)
	return err
}
