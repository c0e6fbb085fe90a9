package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"sonde/notify"
)

// Waits are shorter than RFC 5321 section 4.5.3.2 proposes: an alert is of use now. The answer to
// the end of the letter is waited for longest, for without it nobody knows.
const (
	dialWait  = 10 * time.Second
	talkWait  = 30 * time.Second
	takenWait = 2 * time.Minute
)

const tooMany = 452 // recipients in this transaction; the others belong into the next one (RFC 5321 section 4.5.3.1.10)

// talk is one conversation with the server.
type talk struct {
	*Sender
	conn   net.Conn
	client *smtp.Client
}

// deliver hands the letter to the server for all who are left, and notes for whom it was taken. An
// error is about the letter or the server as a whole.
func (s *Sender) deliver(ctx context.Context, p *progress, letter []byte) error {
	if len(p.left) == 0 {
		return nil
	}
	dialer := net.Dialer{Timeout: dialWait}
	conn, err := dialer.DialContext(ctx, "tcp", s.cfg.Host)
	if err != nil {
		return s.judge("connect", err)
	}
	defer func() { _ = conn.Close() }()
	end := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer end()
	t := &talk{Sender: s, conn: conn}
	if step, err := t.begin(ctx); err != nil {
		return s.judge(step, err)
	}
	for len(p.left) > 0 {
		again, step, err := t.transact(p, letter)
		if err != nil {
			return s.judge(step, err)
		}
		p.left = again
	}
	t.until(time.Second)
	_ = t.client.Quit() // the letter is theirs, whatever comes now
	return nil
}

func (t *talk) until(wait time.Duration) { _ = t.conn.SetDeadline(time.Now().Add(wait)) }

// begin greets, encrypts and logs in. It says at which step it did not get on.
func (t *talk) begin(ctx context.Context) (step string, err error) {
	t.until(talkWait)
	if t.cfg.TLS == ImplicitTLS {
		encrypted := tls.Client(t.conn, t.tlsConfig())
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return "tls", err
		}
		t.conn = encrypted
	}
	if t.client, err = smtp.NewClient(t.conn, t.host); err != nil {
		return "greeting", err
	}
	if err := t.client.Hello(ownName()); err != nil {
		return "hello", err
	}
	if t.cfg.TLS == StartTLS {
		if offered, _ := t.client.Extension("STARTTLS"); !offered {
			return "starttls", errNoTLS
		}
		if err := t.client.StartTLS(t.tlsConfig()); err != nil {
			return "starttls", err
		}
	}
	if t.cfg.User.IsZero() {
		return "", nil
	}
	auth, err := t.auth()
	if err != nil {
		return "login", err
	}
	return "login", t.client.Auth(auth)
}

var (
	errNoTLS   = errors.New("the server does not offer STARTTLS; use tls: tls if it speaks TLS from the first byte on")
	errNoLogin = errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")
)

// auth is how to log in: PLAIN (RFC 4616) before LOGIN. Either refuses to go over a connection that is not encrypted.
func (t *talk) auth() (smtp.Auth, error) {
	_, offered := t.client.Extension("AUTH")
	user, password := t.cfg.User.Reveal(), t.cfg.Password.Reveal()
	for _, mechanism := range strings.Fields(strings.ToUpper(offered)) {
		if mechanism == "PLAIN" {
			return smtp.PlainAuth("", user, password, t.host, false), nil
		}
	}
	if strings.Contains(strings.ToUpper(offered), "LOGIN") {
		return smtp.LoginAuth(user, password, t.host, false), nil
	}
	return nil, errNoLogin
}

// transact sends the letter to as many as the server takes at once, and returns who are
// to be tried in another transaction.
func (t *talk) transact(p *progress, letter []byte) (again []string, step string, err error) {
	t.until(talkWait)
	t.client.SkipSMTPUTF8(true) // all addresses are ASCII
	if err := t.client.Mail("<" + t.cfg.From.Address + ">"); err != nil {
		return nil, "sender", err
	}
	var accepted []string
	for _, address := range p.left {
		err := t.client.Rcpt("<" + address + ">")
		switch code := codeOf(err); {
		case err == nil:
			accepted = append(accepted, address)
		case code == tooMany && len(accepted) > 0:
			again = append(again, address)
		case code >= 500:
			p.refused[address] = err
		case code >= 400:
			p.later[address] = err
		default:
			return nil, "recipient", err
		}
	}
	if len(accepted) == 0 {
		return nil, "", nil
	}
	if step, err := t.hand(letter); err != nil {
		return nil, step, err
	}
	if p.since.IsZero() {
		p.since = time.Now()
	}
	for _, address := range accepted {
		p.taken[address] = true
		delete(t.refused, address)
	}
	return again, "", nil
}

// hand hands the letter over. Until its last dot is sent the server must not deliver it (RFC 5321
// section 4.1.1.4); after that nobody knows until it answers.
func (t *talk) hand(letter []byte) (step string, err error) {
	w, err := t.client.Data()
	if err != nil {
		return "data", err
	}
	if _, err := w.Write(letter); err != nil {
		return "data", err
	}
	t.until(takenWait)
	return stepTaken, w.Close()
}

const stepTaken = "taken"

// ownName is how we introduce ourselves (RFC 5321 section 4.1.1.1).
func ownName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "localhost"
	}
	return name
}

// codeOf is the code by which the server says no; 0 if it said something else, or nothing.
func codeOf(err error) int {
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return said.Code
	}
	return 0
}

// judge is what trouble a step met: 4xx is over soon. A 5xx before the letter is about the place, the sender
// or a credential, and people must act; of the letter it is for good (RFC 5321 section 4.2.1). When the connection is lost, it depends on when.
func (s *Sender) judge(step string, err error) error {
	trouble := notify.Transient
	code := codeOf(err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case code >= 500 && (step == "data" || step == stepTaken):
		trouble = notify.Refused
	case code >= 500, untrusted, errors.Is(err, errNoTLS), errors.Is(err, errNoLogin):
		trouble = notify.Unreachable
	case code < 400 && step == stepTaken:
		trouble = notify.Ambiguous
	}
	return s.failure(trouble, step, err)
}

// failure tells what happened without what is secret.
func (s *Sender) failure(trouble notify.Trouble, step string, err error) error {
	return &notify.Failure{Trouble: trouble, Err: fmt.Errorf("mail: %s: %s", step, s.hide(err.Error()))}
}
