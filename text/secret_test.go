package text_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func ExampleSecret() {
	token := text.NewSecret("t0ken")
	fmt.Println(token)
	fmt.Printf("%q %x\n", token, token)
	fmt.Println(len(token.Reveal()))
	// Output:
	// [redacted]
	// [redacted] [redacted]
	// 5
}

const canary = "canary-8c1f"

// holder keeps a secret where fmt cannot call its methods.
type holder struct {
	name   string
	inner  struct{ token text.Secret }
	byName map[string]text.Secret
	list   []text.Secret
	ptr    *text.Secret
}

func newHolder() holder {
	s := text.NewSecret(canary)
	h := holder{name: "h", byName: map[string]text.Secret{"k": s}, list: []text.Secret{s}, ptr: &s}
	h.inner.token = s
	return h
}

func TestSecretIsNeverPrinted(t *testing.T) {
	s, h := text.NewSecret(canary), newHolder()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "%X", "% x", "%d", "%c", "%b", "%o", "%O", "%U", "%e", "%t", "%p", "%10.3s"} {
		for name, value := range map[string]any{
			"a secret":                    s,
			"a pointer to a secret":       &s,
			"an unexported nested field":  h,
			"a pointer to what holds one": &h,
			"a list":                      []text.Secret{s},
			"a map":                       map[string]text.Secret{"k": s},
			"a key of a map":              map[text.Secret]int{s: 1},
			"an interface in a list":      []any{s, h},
		} {
			t.Run(name+" with "+verb, func(t *testing.T) {
				requireHidden(t, fmt.Sprintf(verb, value))
			})
		}
	}
}

func TestSecretIsNeverLoggedOrEncoded(t *testing.T) {
	s, h := text.NewSecret(canary), newHolder()
	var out bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("attribute", "token", s)
		log.Info("pointer", "token", &s)
		log.Info("struct", "holder", h, "pointer", &h)
		log.Info("group", slog.Group("g", slog.Any("token", s)))
		log.Info("exported field", "v", struct{ Token text.Secret }{s})
		log.With("token", s).Info("with")
		log.Info("error", "err", fmt.Errorf("ask with %v: %w", s, errors.ErrUnsupported))
	}
	for _, value := range []any{s, &s, map[string]text.Secret{"k": s}, map[text.Secret]int{s: 1}, struct{ Token text.Secret }{s}, h} {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		out.Write(encoded)
	}
	requireHidden(t, out.String())
	require.Contains(t, out.String(), "[redacted]")
}

func TestSecretIsRevealedOnDemandOnly(t *testing.T) {
	require.Equal(t, canary, text.NewSecret(canary).Reveal())
	require.False(t, text.NewSecret(canary).IsZero())
	require.True(t, text.NewSecret("").IsZero())
	require.True(t, text.Secret{}.IsZero())
	require.Empty(t, text.Secret{}.Reveal())
	require.Equal(t, "[redacted]", text.Secret{}.String(), "that a secret is empty is not shown either")
}

// requireHidden looks for the secret as text, as hex, and as decimal bytes.
func requireHidden(t *testing.T, shown string) {
	t.Helper()
	require.NotContains(t, shown, canary)
	require.NotContains(t, strings.ToLower(strings.ReplaceAll(shown, " ", "")), fmt.Sprintf("%x", canary))
	require.NotContains(t, shown, strings.Trim(fmt.Sprint([]byte(canary)), "[]"))
}
