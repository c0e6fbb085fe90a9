package text

import (
	"regexp"
	"strings"
)

// named keeps what says what a secret is.
const named = "${name}" + redacted

// value is what is said to be a secret: in quotes, or up to where it may end.
const value = `("(\\.|[^"\\\n])*"?|'[^'\n]*'?|[^\s,;&}"'<>]+)`

// secretForms are what secrets look like, the most certain first, and what stands there instead.
// Looking for a form is slow, and nearly every text has none of the hints of one.
var secretForms = []struct {
	hints []string // in lower case, of which a text has one if it has the form
	form  *regexp.Regexp
	with  string
}{
	{[]string{"private key"}, regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), redacted},
	{[]string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*)*`), redacted}, // a JWT, also a part of one
	{[]string{"://"}, regexp.MustCompile(`://[^/\s@]+:[^/\s@]*@`), "://" + redacted + "@"},
	{
		[]string{"cookie", "authorization"},
		regexp.MustCompile(`(?i)(?P<name>\b(cookie|authorization)["']?\s*[:=]\s*)[^\n]+`), named,
	},
	{
		[]string{"pass", "secret", "token", "key", "session", "credential", "signature"},
		regexp.MustCompile(`(?i)(?P<name>(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|session|credential|signature)[\w-]*["']?\s*[:=]\s*)` + value), named,
	},
	{[]string{"pwd", "sid", "sig", "otp", "pin"}, regexp.MustCompile(`(?i)(?P<name>\b(pwd|sid|sig|otp|pin)["']?\s*[:=]\s*)` + value), named},
	{
		[]string{"xox", "xapp-", "gh", "glpat-", "sk-", "sk_", "rk_", "pk_", "akia", "asia", "aiza", "ya29.", "sg.", "npm_", "dop_", "hf_", "shpat_", "whsec_"},
		regexp.MustCompile(`\b(xox[a-z]-|xapp-|gh[pousr]_|github_pat_|glpat-|sk[-_]|rk_|pk_live_|AKIA|ASIA|AIza|ya29\.|SG\.|npm_|dop_v1_|hf_|shpat_|whsec_)[A-Za-z0-9_.+-]{8,}`), redacted,
	},
}

// schemed is a credential after its scheme; not every match is one.
var schemed = regexp.MustCompile(`(?i)\b(bearer|basic|token|apikey|negotiate)\s+([A-Za-z0-9._~+/=-]{6,})`)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Masked takes out of a text what looks like a secret: tokens, keys, passwords, cookies. It errs
// on the side of taking out: nobody can know what a target sends back.
func Masked(s string) string {
	lower := strings.ToLower(s)
	for _, secret := range secretForms {
		if hasAny(lower, secret.hints) {
			s = secret.form.ReplaceAllString(s, secret.with)
		}
	}
	if hasAny(lower, []string{"bearer", "basic", "token", "apikey", "negotiate"}) {
		s = schemed.ReplaceAllStringFunc(s, func(found string) string {
			said := schemed.FindStringSubmatch(found)
			if len(said[2]) < 20 && !strings.ContainsAny(said[2], "0123456789") {
				return found // a word: Bearer error=, Basic realm=
			}
			return said[1] + " " + redacted
		})
	}
	return withoutKeys(s)
}

func hasAny(s string, hints []string) bool {
	for _, hint := range hints {
		if strings.Contains(s, hint) {
			return true
		}
	}
	return false
}

// longKey is the shortest word that may be a key by its length alone.
const longKey = 32

// withoutKeys takes out long words that are more likely keys than names.
func withoutKeys(s string) string {
	var out strings.Builder
	begin, kept := 0, 0 // of the word, and of what is not written yet
	for i := 0; i <= len(s); i++ {
		if i < len(s) && partOfKey(s[i]) {
			continue
		}
		if i-begin >= longKey && isKey(s[begin:i]) {
			out.WriteString(s[kept:begin] + redacted)
			kept = i
		}
		begin = i + 1
	}
	if kept == 0 {
		return s
	}
	return out.String() + s[kept:]
}

func partOfKey(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_+/=-", c) >= 0
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
