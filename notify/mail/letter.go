package mail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// maxSubject is more than any reader of mail shows. A line of a letter has 998 bytes at most
// (RFC 5322 section 2.1.1), and ASCII without a blank cannot be folded.
const maxSubject = 250

// compose makes a letter (RFC 5322), and returns it with its Message-ID. It is the same for the
// same message, however often it is sent.
func (s *Sender) compose(m *notify.Message, root, subject, body string) (letter []byte, id string, err error) {
	id = s.messageID(m)
	l := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8))
	l.FromMailAddress(s.cfg.From)
	l.ToMailAddress(s.cfg.To...)
	subject = text.Printable(subject, maxSubject)
	l.Subject(strings.ReplaceAll(subject, "=?", "= ?")) // what looks like an encoded word (RFC 2047) would be decoded
	l.SetDateWithValue(m.CreatedAt.UTC())
	l.SetGenHeader(gomail.HeaderMessageID, id)
	if root != "" {
		l.SetGenHeader(gomail.HeaderInReplyTo, root)
		l.SetGenHeader(gomail.HeaderReferences, root)
	}
	l.SetGenHeader("Auto-Submitted", "auto-generated")
	l.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	l.SetGenHeader("List-Id", "<sonde."+s.domain()+">")
	if s.cfg.UserAgent != "" {
		l.SetUserAgent(s.cfg.UserAgent)
	}
	for name, value := range filters(m) {
		if value != "" {
			l.SetGenHeader(gomail.Header("X-Sonde-"+name), value)
		}
	}
	l.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(body, "\r", ""))
	var out bytes.Buffer
	_, err = l.WriteTo(&out)
	return out.Bytes(), id, err
}

// messageID follows from the key of the message, and from where we stand: two sondes may give
// the same key.
func (s *Sender) messageID(m *notify.Message) string {
	sum := sha256.Sum256([]byte(m.Body.Location + "\x00" + m.Key))
	return "<sonde." + hex.EncodeToString(sum[:16]) + "@" + s.domain() + ">"
}

// filters are what people sort mail by. All are words of ours.
func filters(m *notify.Message) map[string]string {
	switch {
	case m.Body.Notice != notify.NoNotice:
		return map[string]string{"Event": "service." + m.Body.Notice.String()}
	case m.Body.Storm != nil:
		return map[string]string{"Event": "storm." + m.Change.String(), "Severity": m.Body.Severity.String()}
	case m.Body.Digest != nil:
		return map[string]string{"Event": "digest." + m.Body.Digest.Period.String()}
	case m.Incident == 0:
		return map[string]string{"Event": "test"}
	}
	all := map[string]string{"Event": "incident." + m.Change.String(), "Incident": cmp.Or(m.Body.Part, m.Incident).String()}
	if m.Body.Kind != probe.NoIncident {
		all["Kind"], all["Severity"] = m.Body.Kind.String(), m.Body.Severity.String()
	}
	if m.Body.Shared.Tie == incident.NoTie {
		all["Probe"] = m.Body.Probe // encoded, if it is more than ASCII
	}
	return all
}
