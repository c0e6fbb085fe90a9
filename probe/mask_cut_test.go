package probe

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// echoed is what people are shown of a bad answer that repeats something everywhere, each
// time behind so many other characters.
func echoed(t *testing.T, target *Target, before int, what string) string {
	t.Helper()
	said := strings.Repeat("x", before) + what + " and more, and more"
	header := http.Header{
		"Server": {said}, "Via": {said}, "X-Request-Id": {said}, "Location": {"http://other.test/" + said}, "Content-Type": {said},
		"Proxy-Status": {said + "; error=" + said},
	}
	beginning := new([maxBeginning]byte)
	copy(beginning[:], "\x00")
	o := &observation{status: http.StatusBadGateway, header: header, phrase: "502 " + said, beginning: beginning}
	o.evidence = Evidence{Protocol: "HTTP/1.1", BodyBytes: 1, Error: text.Printable(said, maxText), Redirects: []string{text.Printable(said, maxText)}}
	o.evidence.Interim = []Interim{{Status: http.StatusEarlyHints, Links: hints(http.StatusEarlyHints, []string{"</" + said + ">; rel=preload"})}}
	o.evidence.addNote(said)
	o.evidence.addNote("it is " + shown(said))
	o.evidence.Challenges = parseChallenges(nil, `Basic realm="`+said+`"`)
	a := &Attempt{Verdict: Verdict{Outcome: Bad}, Evidence: o.evidence}
	target.show(a, o)
	all, err := json.Marshal(a.Evidence)
	require.NoError(t, err)
	return string(all)
}

func TestACutShowsNoBeginningOfASecret(t *testing.T) {
	const secret = "S3CRET-that-is-long-enough-to-be-cut-anywhere"
	for name, sent := range map[string]string{
		"as it is":                        secret,
		"behind its scheme":               "Bearer " + secret,
		"that begins like a shorter one":  secret,
		"beside which another secret may": secret + "; other=S3CRET",
	} {
		t.Run(name, func(t *testing.T) {
			target := &Target{URL: mustParse("http://a.test/"), Header: map[string]text.Secret{"Authorization": text.NewSecret(sent), "X-Key": text.NewSecret("S3CRET-that")}}
			for before := range maxText + 8 {
				all := echoed(t, target, before, secret)
				require.NotContains(t, all, "S3CR", "behind %d characters", before)
				require.NotContains(t, all, "-long", "behind %d characters", before)
			}
		})
	}
}

func TestWhatIsCutLosesNoMoreThanASecret(t *testing.T) {
	m := newMasker([]string{"abcdef", "efgh12", "aXXXXa"})
	for s, want := range map[string]string{
		"":            "",
		"ok":          "ok",
		"ok abc":      "ok ",
		"ok abcdef":   "ok ",
		"ok aXXXXa":   "ok ",
		"ok abcdefg":  "ok ",
		"abcdef ok":   "abcdef ok",
		"xabcdefgh":   "x",
		"abcdefXXXXa": "abcdefXXXX",
	} {
		require.Equal(t, want, m.withoutBegun(s), s)
	}
}
