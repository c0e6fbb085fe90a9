package mail

import (
	"encoding/base64"
	"strings"

	"sonde/text"
)

const (
	maxDetail = 200
	minHidden = 4 // shorter texts are no secrets, and stand in every answer
)

// hide keeps what is secret out of what a server said: it may repeat what it was told.
func (s *Sender) hide(said string) string {
	user, password := s.cfg.User.Reveal(), s.cfg.Password.Reveal()
	for _, secret := range []string{"\x00" + user + "\x00" + password, password, user} {
		for _, written := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if len(secret) >= minHidden {
				said = strings.ReplaceAll(said, written, "[redacted]")
			}
		}
	}
	return text.Printable(said, maxDetail)
}
