package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sonde/text"
)

// Tolerance is how much older or newer than the receiver's clock a signature may be.
const Tolerance = 5 * time.Minute

// maxSigned bounds what is read of a header that claims to be a signature.
const maxSigned = 4 << 10

// Sign returns the value of X-Sonde-Signature for a body: one v1 for each secret.
func Sign(body []byte, at time.Time, secrets ...text.Secret) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signed := "t=" + stamp
	for _, secret := range secrets {
		signed += ",v1=" + hex.EncodeToString(mac(stamp, body, secret))
	}
	return signed
}

func mac(stamp string, body []byte, secret text.Secret) []byte {
	h := hmac.New(sha256.New, []byte(secret.Reveal()))
	h.Write([]byte(stamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify says why a body was not signed lately with one of the secrets; nil if it was. Who
// remembers X-Sonde-Delivery for [Tolerance] takes no request twice.
func Verify(signature string, body []byte, now time.Time, secrets ...text.Secret) error {
	stamp, signed, err := parseSignature(signature)
	if err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("verify signature: t is no number of seconds")
	}
	if apart := now.Sub(time.Unix(seconds, 0)).Abs(); apart > Tolerance {
		return fmt.Errorf("verify signature: it is %s from now, and %s is allowed", apart.Round(time.Second), Tolerance)
	}
	for _, secret := range secrets {
		want := mac(stamp, body, secret)
		for _, got := range signed {
			if !secret.IsZero() && hmac.Equal(want, got) {
				return nil
			}
		}
	}
	return errors.New("verify signature: no v1 is of this body and any of the secrets")
}

// parseSignature splits t=1764000000,v1=6f2c…. Names that it does not know are for later versions.
func parseSignature(signature string) (stamp string, signed [][]byte, err error) {
	if len(signature) > maxSigned {
		return "", nil, fmt.Errorf("it is longer than %d bytes", maxSigned)
	}
	for part := range strings.SplitSeq(signature, ",") {
		switch name, value, _ := strings.Cut(part, "="); {
		case name == "t" && stamp != "":
			return "", nil, errors.New("it has two times")
		case name == "t":
			stamp = value
		case name == "v1":
			if one, err := hex.DecodeString(value); err == nil {
				signed = append(signed, one)
			}
		}
	}
	if stamp == "" || len(signed) == 0 {
		return "", nil, errors.New("it is not of the form t=SECONDS,v1=HEX")
	}
	return stamp, signed, nil
}
