package text

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a text that must not be shown. Every way of printing it gives
// "[redacted]"; [Secret.Reveal] is the only way to its text. The zero Secret is
// empty.
//
// The text stands behind two pointers, so that fmt finds nothing to print even
// where the Secret is an unexported field of something else: it follows the
// first pointer when a verb does not fit, but no pointer inside what it follows.
type Secret struct {
	hidden *hidden
}

type hidden struct{ text *string }

// NewSecret hides a text.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&hidden{&s}}
}

// Reveal returns the text. Use it only where the secret is needed: in the
// request that carries it.
func (s Secret) Reveal() string {
	if s.hidden == nil {
		return ""
	}
	return *s.hidden.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.hidden == nil }

// Format prints "[redacted]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// MarshalText writes "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue logs "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
