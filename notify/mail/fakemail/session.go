package fakemail

import (
	"cmp"
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one conversation.
type session struct {
	server *Server
	conn   *smtp.Conn
	letter Letter
	user   string
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	x := &session{server: s, conn: c}
	return x, x.at(AtHello, "")
}

// at fails as the server was told to at a step.
func (x *session) at(step, address string) error {
	f := x.server.fault(step, address)
	switch {
	case f == nil:
		return nil
	case f.Drop:
		_ = x.conn.Conn().Close()
		return errDropped
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: cmp.Or(f.Message, "no")}
}

// AuthMechanisms are the ways to log in.
func (x *session) AuthMechanisms() []string { return x.server.o.Mechanisms }

// Auth begins a login.
func (x *session) Auth(mechanism string) (sasl.Server, error) {
	if err := x.at(AtAuth, ""); err != nil {
		return nil, err
	}
	if mechanism == "LOGIN" {
		return &login{check: x.check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return x.check(user, password) }), nil
}

func (x *session) check(user, password string) error {
	if user != x.server.o.User || password != x.server.o.Password {
		return smtp.ErrAuthFailed
	}
	x.user = user
	return nil
}

// login is AUTH LOGIN, which has no standard: the client is asked for either, one after the other.
type login struct {
	check func(user, password string) error
	asked int
	user  string
}

// Next takes an answer, and asks on.
func (l *login) Next(answer []byte) (challenge []byte, done bool, err error) {
	switch l.asked++; l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(answer)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(answer))
}

// Mail begins a letter.
func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if x.server.o.User != "" && x.user == "" {
		return smtp.ErrAuthRequired
	}
	_, encrypted := x.conn.TLSConnectionState()
	x.letter = Letter{From: from, User: x.user, Encrypted: encrypted}
	return x.at(AtFrom, "")
}

// Rcpt adds a recipient.
func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := x.at(AtTo, to); err != nil {
		return err
	}
	x.letter.To = append(x.letter.To, to)
	return nil
}

// Data takes the letter.
func (x *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.letter.Data = string(data)
	if f := x.server.fault(AtTaken, ""); f != nil {
		if f.Drop {
			x.server.keep(x.letter)
			_ = x.conn.Conn().Close()
			return errDropped
		}
		return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: cmp.Or(f.Message, "no")}
	}
	x.server.keep(x.letter)
	return nil
}

// Reset forgets the letter.
func (x *session) Reset() { x.letter = Letter{} }

// Logout ends the conversation.
func (x *session) Logout() error { return nil }
