package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// Encryption is how a connection is encrypted.
type Encryption string

// The ways, and none.
const (
	StartTLS    Encryption = "starttls" // by STARTTLS (RFC 3207), without which nothing is sent
	ImplicitTLS Encryption = "tls"      // from the first byte on (RFC 8314)
	NoTLS       Encryption = "none"     // nobody can log in over it
)

// Config says where mail goes, and how.
type Config struct {
	Name      string // of the destination, for errors
	Host      string // and port
	TLS       Encryption
	From      *netmail.Address
	To        []*netmail.Address
	User      text.Secret // zero: nobody logs in
	Password  text.Secret
	Roots     *probe.Roots // authorities of the server's certificate; nil: the system's
	UserAgent string
	Log       *slog.Logger

	// Write says a message in a subject of one line, and in a text.
	Write func(ctx context.Context, m notify.Message) (subject, text string)
}

// New returns a sender that delivers as the configuration says. It does not talk to the
// server yet.
func New(cfg Config) (*Sender, error) {
	host, _, err := net.SplitHostPort(cfg.Host)
	switch {
	case err != nil:
		return nil, fmt.Errorf("mail destination %q: the host is no host:port", cfg.Name)
	case cfg.From == nil || len(cfg.To) == 0:
		return nil, fmt.Errorf("mail destination %q: needs an address from and at least one to", cfg.Name)
	case cfg.TLS != StartTLS && cfg.TLS != ImplicitTLS && cfg.TLS != NoTLS:
		return nil, fmt.Errorf("mail destination %q: %q is no way to encrypt; use starttls, tls or none", cfg.Name, cfg.TLS)
	case cfg.TLS == NoTLS && !cfg.User.IsZero():
		return nil, fmt.Errorf("mail destination %q: a password never travels unencrypted; use starttls or tls", cfg.Name)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{cfg: cfg, host: host, tell: letters{}, refused: map[string]bool{}}, nil
}

// Sender delivers to one list of people.
type Sender struct {
	cfg  Config
	host string // without its port

	mu      sync.Mutex
	tell    letters
	refused map[string]bool // of whom people have read in the log
}

// Send sends the message, as an answer to the first one about the incident. What is only for those who follow
// an incident is left out, as what is a part of a larger one: nobody can leave a mailbox as they leave a thread.
func (s *Sender) Send(ctx context.Context, m notify.Message, thread notify.Thread) (notify.Thread, error) {
	if m.Body.Quiet || m.Body.Part != 0 || m.Body.Chart != 0 || m.Change == incident.Staged {
		return thread, nil
	}
	subject, body := s.cfg.Write(ctx, m)
	id, err := s.send(ctx, &m, thread.Root, subject, body)
	switch {
	case err != nil:
		return notify.Thread{}, err
	case m.Incident == 0:
		return notify.Thread{}, nil
	case thread.IsZero():
		return notify.Thread{Channel: "mail", Root: id}, nil
	}
	return thread, nil
}

// Test sends a message that is about nothing. An error is as those of [Sender.Send].
func (s *Sender) Test(ctx context.Context, location string, now time.Time) error {
	_, err := s.send(ctx, &notify.Message{
		Key: "test:" + s.cfg.Name + ":" + strconv.FormatInt(now.UnixMilli(), 10), Destination: s.cfg.Name,
		Body: notify.Body{Location: location, At: now}, CreatedAt: now,
	}, "", "Test", "This is a test of the destination "+text.Printable(s.cfg.Name, 100)+" by sonde at "+text.Printable(location, 100)+". Nothing is wrong.\n")
	return err
}

// send delivers a letter to all who do not have it, and returns its Message-ID.
func (s *Sender) send(ctx context.Context, m *notify.Message, root, subject, body string) (string, error) {
	letter, id, err := s.compose(m, root, subject, body)
	if err != nil {
		return "", s.failure(notify.Refused, "compose", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.tell.of(m.Key, s.cfg.To, m.Body.Given)
	err = p.given(s.deliver(ctx, p, letter))
	now := time.Now()
	for address, why := range p.refused {
		s.warnOnce(address, why)
	}
	switch {
	case err != nil:
		if f, ok := errors.AsType[*notify.Failure](err); ok && f.Trouble == notify.Refused {
			s.tell.forget(m.Key)
		}
		return "", err
	case len(p.later) > 0 && (len(p.taken) == 0 || now.Sub(p.since) < patience):
		return "", p.given(s.failure(notify.Transient, "recipient", p.firstLater()))
	case len(p.taken) == 0:
		s.tell.forget(m.Key)
		return "", s.failure(notify.Unreachable, "every recipient is refused", p.firstRefused())
	}
	for address, why := range p.later {
		s.warnOnce(address, why)
	}
	s.tell.forget(m.Key)
	return id, nil
}

// warnOnce says that somebody does not get mail, until they do again.
func (s *Sender) warnOnce(address string, why error) {
	if !s.refused[address] {
		s.refused[address] = true
		s.cfg.Log.Warn("mail is not taken for a recipient", "to", address, "err", s.hide(why.Error()))
	}
}

// tlsConfig is what a connection is encrypted by: the certificate is verified, always.
func (s *Sender) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.cfg.Roots.Pool(s.cfg.Log), MinVersion: tls.VersionTLS12}
}

// domain is that of the sender's address.
func (s *Sender) domain() string {
	_, domain, _ := strings.Cut(s.cfg.From.Address, "@")
	return domain
}
