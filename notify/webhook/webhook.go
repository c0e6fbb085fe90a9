package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

const (
	deliveryWait = 10 * time.Second
	maxAnswer    = 64 << 10 // what is read of an answer, so that its connection ends well
)

// Config says where messages go.
//
// What an answer means: 2xx, it was taken. 429, and 503 with Retry-After: not taken, a
// pause is asked for. 408, 425, every other 5xx, and no answer after the connection was made: it may have been
// taken; it is tried again, marked as a repeat. 401, 403, 404, 405, 407 and redirects: the address
// or a credential is wrong, and people must act; tried again slowly. 410: the same, an hour
// apart. Every other answer: this message will never be taken.
type Config struct {
	Name      string // of the destination, for errors
	URL       text.Secret
	Headers   map[string]text.Secret
	Secrets   []text.Secret // that sign, the newest first; none: nothing is signed
	Roots     *probe.Roots  // authorities of the receiver's certificate; nil: the system's
	UserAgent string
	Log       *slog.Logger
	PublicURL string // where our own pages are, for links; empty: no links

	// Text says a message in a sentence for people; nil: none is sent.
	Text func(m notify.Message, now time.Time) string
}

// New returns a sender that delivers as the configuration says. It does not talk to the
// receiver yet.
func New(cfg Config) (*Sender, error) {
	u, err := url.Parse(cfg.URL.Reveal())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("webhook destination %q: the url is no http or https address", cfg.Name)
	}
	for _, secret := range cfg.Secrets {
		if secret.IsZero() {
			return nil, fmt.Errorf("webhook destination %q: a secret is empty", cfg.Name)
		}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	s := &Sender{cfg: cfg}
	if user := u.User; user != nil {
		password, _ := user.Password()
		s.hidden = append(s.hidden, password, user.Username())
	}
	s.hidden = append(s.hidden, cfg.URL.Reveal(), u.RequestURI(), u.Path)
	for _, value := range cfg.Headers {
		s.hidden = append(s.hidden, value.Reveal())
	}
	for _, secret := range cfg.Secrets {
		s.hidden = append(s.hidden, secret.Reveal())
	}
	return s, nil
}

// Sender delivers to one receiver.
type Sender struct {
	cfg    Config
	hidden []string // what no error may hold
}

// Send posts the message. The Thread is always zero: the receiver keeps the conversation by
// the id of the incident. That people had a probe asked changes nothing, and is left out.
func (s *Sender) Send(ctx context.Context, m notify.Message, _ notify.Thread) (notify.Thread, error) {
	if m.Change == incident.RunNow {
		return notify.Thread{}, nil
	}
	return notify.Thread{}, s.post(ctx, &m)
}

// Test posts a message of event test, which is about nothing. An error is as those of [Sender.Send].
func (s *Sender) Test(ctx context.Context, location string, now time.Time) error {
	return s.post(ctx, &notify.Message{
		Key: "test:" + s.cfg.Name + ":" + strconv.FormatInt(now.UnixMilli(), 10), Destination: s.cfg.Name,
		Body: notify.Body{Location: location, At: now}, CreatedAt: now,
	})
}

func (s *Sender) post(ctx context.Context, m *notify.Message) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	request, err := s.request(traced, m, time.Now())
	if err != nil {
		return s.failure(notify.Refused, 0, err.Error())
	}
	answer, err := newClient(s.cfg.Roots.Pool(s.cfg.Log)).Do(request)
	if err != nil {
		return s.unanswered(err, connected.Load())
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	_ = answer.Body.Close()
	return s.answered(answer)
}

// request is the message as it goes out.
func (s *Sender) request(ctx context.Context, m *notify.Message, now time.Time) (*http.Request, error) {
	p := newPayload(m, s.cfg.PublicURL)
	p.DeliveryID, p.SentAt = rand.Text(), now.UTC()
	if s.cfg.Text != nil && p.Event != "test" && m.Change != incident.Staged { // which says nothing to people
		p.Text = s.cfg.Text(*m, now)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the body: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the url cannot be asked")
	}
	request.Header.Set("User-Agent", s.cfg.UserAgent)
	for name, value := range s.cfg.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value.Reveal()
			continue
		}
		request.Header.Set(name, value.Reveal())
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Sonde-Event", p.Event)
	request.Header.Set("X-Sonde-Delivery", p.DeliveryID)
	request.Header.Set("Idempotency-Key", strconv.QuoteToASCII(m.Key))
	if len(s.cfg.Secrets) > 0 {
		request.Header.Set("X-Sonde-Signature", Sign(body, now, s.cfg.Secrets...))
	}
	return request, nil
}

// newClient connects anew for every message: one that meets a connection which the other
// side has just closed may have got through or not. It takes no proxy from the environment.
func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: transport(roots),
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
