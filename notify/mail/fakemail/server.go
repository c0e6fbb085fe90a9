// Package fakemail is a mail server that keeps what it gets, on the wire: SMTP with STARTTLS or
// TLS from the first byte on, and with logins. It fails as it is told. It is for tests.
package fakemail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Options say how a server is.
type Options struct {
	TLS        string   // starttls (also if empty), tls, or none
	Mechanisms []string // of logins; empty: PLAIN
	User       string   // empty: nobody has to log in
	Password   string
}

// Letter is what the server has taken.
type Letter struct {
	From      string
	To        []string
	Data      string
	User      string // who was logged in
	Encrypted bool
}

// The steps at which a server fails.
const (
	AtHello = "hello"
	AtAuth  = "auth"
	AtFrom  = "from"
	AtTo    = "to"
	AtTaken = "taken" // after the letter
)

// Fault is how the server fails: it says no at a step, or it hangs up.
type Fault struct {
	Step    string
	Address string // of AtTo: only this one
	Code    int
	Message string
	Drop    bool // hangs up instead; of AtTaken, with the letter kept
	Count   int  // so many times; 0: always
}

// Server is a mail server on 127.0.0.1.
type Server struct {
	o        Options
	smtp     *smtp.Server
	listener net.Listener
	ca       []byte
	serving  sync.WaitGroup

	mu      sync.Mutex
	letters []Letter
	faults  []*Fault
}

// Start makes a server that listens.
func Start(o Options) (*Server, error) {
	if len(o.Mechanisms) == 0 {
		o.Mechanisms = []string{"PLAIN"}
	}
	s := &Server{o: o}
	certificate, ca, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	s.ca = ca
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return s.session(c) }))
	s.smtp.Domain, s.smtp.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	switch o.TLS {
	case "tls":
		s.listener = tls.NewListener(s.listener, config)
	case "none":
		s.smtp.AllowInsecureAuth = true
	default:
		s.smtp.TLSConfig = config
	}
	s.serving.Go(func() { _ = s.smtp.Serve(s.listener) })
	return s, nil
}

// Close stops the server.
func (s *Server) Close() {
	_ = s.smtp.Close()
	s.serving.Wait()
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// CA is its certificate, in PEM.
func (s *Server) CA() []byte { return s.ca }

// Letters are what it has taken, the oldest first.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend removes all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault is the one that is due at a step; nil if none is.
func (s *Server) fault(step, address string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Step != step || f.Address != "" && f.Address != address {
			continue
		}
		if f.Count--; f.Count == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return f
	}
	return nil
}

func (s *Server) keep(l Letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, l)
}

// errDropped ends a conversation without an answer.
var errDropped = errors.New("hung up")

// selfSigned makes a certificate for 127.0.0.1 and localhost.
func selfSigned() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
