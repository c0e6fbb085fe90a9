package text

import (
	"regexp"
	"strings"
)

// named keeps what says what a secret is.
const named = "${name}" + redacted

// secretForms are what secrets look like, the most certain first, and what stands there instead.
var secretForms = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), redacted},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*)*`), redacted}, // a JWT, also a part of one
	{regexp.MustCompile(`://[^/\s@]+:[^/\s@]*@`), "://" + redacted + "@"},
	{regexp.MustCompile(`(?i)(?P<name>\b(set-cookie|cookie|authorization|proxy-authorization)["']?\s*[:=]\s*)[^\n]+`), named},
	{regexp.MustCompile(`(?i)(?P<name>["']?\b[\w-]*(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|session|credential|signature)[\w-]*["']?\s*[:=]\s*)("(\\.|[^"\\\n])*"?|'[^'\n]*'?|[^\s,;&}"'<>]+)`), named},
	{regexp.MustCompile(`(?i)(?P<name>\b(pwd|sid|sig|otp|pin)["']?\s*[:=]\s*)("[^"\n]*"?|'[^'\n]*'?|[^\s,;&}"'<>]+)`), named},
	{regexp.MustCompile(`\b(xox[a-z]-|xapp-|gh[pousr]_|github_pat_|glpat-|sk[-_]|rk_|pk_live_|AKIA|ASIA|AIza|ya29\.|SG\.|npm_|dop_v1_|hf_|shpat_|whsec_)[A-Za-z0-9_.+-]{8,}`), redacted},
}

// Patterns of which only some matches are secrets.
var (
	schemed = regexp.MustCompile(`(?i)\b(bearer|basic|token|apikey|negotiate)\s+([A-Za-z0-9._~+/=-]{6,})`)
	keyLike = regexp.MustCompile(`[A-Za-z0-9_+/=-]{32,}`)
	uuid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// Masked takes out of a text what looks like a secret: tokens, keys, passwords, cookies. It errs
// on the side of taking out: nobody can know what a target sends back.
func Masked(s string) string {
	for _, secret := range secretForms {
		s = secret.form.ReplaceAllString(s, secret.with)
	}
	s = schemed.ReplaceAllStringFunc(s, func(found string) string {
		said := schemed.FindStringSubmatch(found)
		if len(said[2]) < 20 && !strings.ContainsAny(said[2], "0123456789") {
			return found // a word: Bearer error=, Basic realm=
		}
		return said[1] + " " + redacted
	})
	return keyLike.ReplaceAllStringFunc(s, func(found string) string {
		if isKey(found) {
			return redacted
		}
		return found
	})
}

// isKey reports whether a long word is more likely a key than a name: it has letters and digits in
// one piece, or capitals, small letters and digits in any. An id in the form of a UUID is none.
func isKey(s string) bool {
	digits := strings.ContainsAny(s, "0123456789")
	small := strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz")
	capitals := strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	switch {
	case uuid.MatchString(s):
		return false
	case digits && small && capitals:
		return true
	}
	return digits && (small || capitals) && !strings.ContainsAny(s, "-_/+=")
}
