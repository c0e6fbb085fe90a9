package probe

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// maxJWT is how long a token may be that is looked into.
const maxJWT = 64 << 10

// life is when a credential holds. A zero time is not known.
type life struct{ begins, ends time.Time }

// lifeOfToken reads when a JWT holds (RFC 7519 sections 4.1.4 to 4.1.6), without
// verifying anything: that is for whoever is shown it. A token that is no signed JWT
// says nothing.
func lifeOfToken(token string) life {
	if len(token) > maxJWT || strings.Count(token, ".") != 2 {
		return life{}
	}
	head, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	var header struct {
		Algorithm *string `json:"alg"` // RFC 7515 section 4.1.1: it must be there
	}
	var claims struct {
		Expires   *float64 `json:"exp"`
		NotBefore *float64 `json:"nbf"`
		Issued    *float64 `json:"iat"`
	}
	if !readSegment(head, &header) || header.Algorithm == nil || !readSegment(payload, &claims) {
		return life{}
	}
	begins := numericDate(claims.Issued)
	if later := numericDate(claims.NotBefore); later.After(begins) {
		begins = later
	}
	return life{begins, numericDate(claims.Expires)}
}

// readSegment reads a part of a JWT: base64url without padding, of a JSON object.
func readSegment(segment string, into any) bool {
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(segment, "="))
	return err == nil && json.Unmarshal(decoded, into) == nil
}

// latestDate bounds what a NumericDate may say: the end of the year 9999.
const latestDate = 253402300799

// numericDate is seconds since 1970 as a time; zero if that is no time.
func numericDate(seconds *float64) time.Time {
	if seconds == nil || !(*seconds > 0 && *seconds <= latestDate) {
		return time.Time{}
	}
	whole, part := math.Modf(*seconds)
	return time.Unix(int64(whole), int64(part*float64(time.Second))).UTC()
}
