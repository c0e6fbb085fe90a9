package webhook

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

var (
	oldSecret = text.NewSecret("old-secret-of-32-characters-00000")
	newSecret = text.NewSecret("new-secret-of-32-characters-11111")
)

// The digest was computed with openssl: printf '1764000000.{}' | openssl dgst -sha256 -hmac key.
func TestTheSignatureIsThatOfRFC2104(t *testing.T) {
	signed := Sign([]byte("{}"), time.Unix(1764000000, 999), text.NewSecret("key"))
	require.Equal(t, "t=1764000000,v1=135a1a8c79ff2a07661486422c8068924d01c7a70da314a29ce512bc61231899", signed)
}

func TestASignatureIsTakenOrRefused(t *testing.T) {
	body, now := []byte(`{"version":1}`), time.Unix(1764000000, 0)
	both := Sign(body, now, newSecret, oldSecret)
	for name, tc := range map[string]struct {
		signature string
		body      string
		late      time.Duration
		secret    text.Secret
		want      string // empty: taken
	}{
		"who has the new secret":            {both, string(body), 0, newSecret, ""},
		"who still has the old one":         {both, string(body), 0, oldSecret, ""},
		"within the tolerance":              {both, string(body), Tolerance, newSecret, ""},
		"a clock that is behind":            {both, string(body), -Tolerance, newSecret, ""},
		"a replay":                          {both, string(body), Tolerance + time.Second, newSecret, "it is 5m1s from now"},
		"a time of the future":              {both, string(body), -Tolerance - time.Second, newSecret, "it is 5m1s from now"},
		"another secret":                    {both, string(body), 0, text.NewSecret("another"), "no v1 is of this body"},
		"no secret is no key":               {Sign(body, now, text.Secret{}), string(body), 0, text.Secret{}, "no v1 is of this body"},
		"another body":                      {both, `{"version":2}`, 0, newSecret, "no v1 is of this body"},
		"another time":                      {strings.Replace(both, "t=1764000000", "t=1764000001", 1), string(body), 0, newSecret, "no v1 is of this body"},
		"two times":                         {both + ",t=1764000000", string(body), 0, newSecret, "two times"},
		"a later version is passed over":    {"v2=zz," + both, string(body), 0, newSecret, ""},
		"no signature":                      {"", string(body), 0, newSecret, "not of the form"},
		"no digest":                         {"t=1764000000", string(body), 0, newSecret, "not of the form"},
		"no number":                         {"t=now,v1=00", string(body), 0, newSecret, "no number of seconds"},
		"digits that are none":              {"t=1764000000,v1=zz", string(body), 0, newSecret, "not of the form"},
		"a header of a megabyte":            {both + strings.Repeat(",v1=00", 1<<18), string(body), 0, newSecret, "longer than"},
		"a digest that is cut":              {both[:len("t=1764000000,v1=")+32], string(body), 0, newSecret, "no v1 is of this body"},
		"a digest with something behind it": {Sign(body, now, newSecret) + "00", string(body), 0, newSecret, "no v1 is of this body"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Verify(tc.signature, []byte(tc.body), now.Add(tc.late), tc.secret)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Unix(1764000000, 0)
	f.Add(Sign([]byte("{}"), now, newSecret), []byte("{}"))
	f.Add("t=1,v1=00,v1=", []byte(""))
	f.Add("t=9223372036854775807,v1=00", []byte("x"))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		if Verify(signature, body, now, newSecret) == nil {
			require.Contains(t, signature, Sign(body, now, newSecret)[len("t=1764000000"):], "nothing is taken that we did not sign")
		}
	})
}
