package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sonde/notify"
	"sonde/text"
)

const (
	pauseUnsaid = 30 * time.Second
	pauseMost   = time.Hour
	pauseGone   = time.Hour // what is gone does not come back within minutes
	maxDetail   = 200
	minHidden   = 4 // shorter texts are no secrets, and stand in every error
)

func transport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: deliveryWait}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    deliveryWait,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// answered is what a status means; nil if the message was taken.
func (s *Sender) answered(r *http.Response) error {
	said := strings.TrimSpace(strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode))
	pause, asked := pauseOf(r.Header.Get("Retry-After"))
	switch code := r.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests && !asked:
		return s.failure(notify.Throttled, pauseUnsaid, said)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && asked:
		return s.failure(notify.Throttled, max(pause, time.Second), said)
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return s.failure(notify.Ambiguous, 0, said)
	case code >= 500:
		return s.failure(notify.Ambiguous, pause, said)
	case code >= 300 && code < 400:
		return s.failure(notify.Unreachable, 0, said+"; redirects are not followed: write the address that it leads to")
	case code == http.StatusGone:
		return s.failure(notify.Unreachable, pauseGone, said)
	}
	switch r.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired:
		return s.failure(notify.Unreachable, 0, said)
	}
	return s.failure(notify.Refused, 0, said)
}

// unanswered is what no answer means.
func (s *Sender) unanswered(err error, connected bool) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err // the address is a secret
	}
	said := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		said = "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		said = "timeout"
	}
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return s.failure(notify.Unreachable, 0, said)
	}
	if !connected {
		return s.failure(notify.Transient, 0, "not connected: "+said)
	}
	return s.failure(notify.Ambiguous, 0, "no answer: "+said)
}

// failure tells what happened without what is secret.
func (s *Sender) failure(trouble notify.Trouble, after time.Duration, said string) error {
	for _, hidden := range s.hidden {
		if len(hidden) >= minHidden {
			said = strings.ReplaceAll(said, hidden, "[redacted]")
		}
	}
	return &notify.Failure{Trouble: trouble, After: after, Err: errors.New("webhook: " + text.Printable(said, maxDetail))}
}

// pauseOf reads a Retry-After (RFC 9110 section 10.2.3): seconds or a date.
func pauseOf(header string) (pause time.Duration, asked bool) {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, pauseMost), true
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, time.Until(at)), pauseMost), true
	}
	return 0, false
}
