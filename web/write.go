package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/text"
)

// Actions is what people may ask of the service.
type Actions interface {
	// Order has a command obeyed, and returns it as it is in force.
	Order(ctx context.Context, c incident.Command) (incident.Command, error)

	// Run asks a probe at once, in somebody's name.
	Run(ctx context.Context, probe, by string) (*report.Check, error)
}

const (
	longestBody    = 64 << 10
	longestWords   = 200
	longestSilence = 400 * 24 * time.Hour
	runWithin      = 5 * time.Minute // so long an answer may take
	usualAuthor    = "api"           // who did it, if nobody says
)

// writes are the requests that change something.
func (s *Server) writes(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/incidents/{id}/ack", s.allowed(s.acknowledge))
	mux.HandleFunc("POST /api/v1/incidents/{id}/false-alarm", s.allowed(s.falseAlarm))
	mux.HandleFunc("POST /api/v1/silences", s.allowed(s.silence))
	mux.HandleFunc("POST /api/v1/probes/{name}/run", s.allowed(s.run))
}

// allowed lets those through who have the token.
func (s *Server) allowed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.o.Token.IsZero() || s.o.Actions == nil {
			refuse(w, http.StatusForbidden, "writing is turned off; set api: {token: ...} in the configuration, and send it as Authorization: Bearer TOKEN")
			return
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") || !same(strings.TrimSpace(token), s.o.Token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="sonde"`) // RFC 6750 section 3
			refuse(w, http.StatusUnauthorized, "the bearer token is missing or wrong; send that of api.token as Authorization: Bearer TOKEN")
			return
		}
		next(w, r)
	}
}

// same compares in a time that says nothing about either, nor about their lengths.
func same(token string, want text.Secret) bool {
	a, b := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(want.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// said reads what a request says as JSON, whatever it calls it: who sends a token is no browser
// that was led astray. It is false if it was refused.
func said(w http.ResponseWriter, r *http.Request, into any) bool {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestBody))
	body.DisallowUnknownFields()
	err := body.Decode(into)
	if errors.Is(err, io.EOF) {
		return true // nothing is said
	}
	if err == nil && body.More() {
		err = errors.New("something follows the document")
	}
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB")
		return false
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "the body is not what is asked for: "+text.Printable(err.Error(), longestWords))
		return false
	}
	return true
}

// author is who says something.
type author struct {
	By string `json:"by"`
}

func (a author) check(note string) error {
	for _, words := range [...]string{a.By, note} {
		if text.Printable(words, longestWords) != words {
			return fmt.Errorf("a text is longer than %d characters, or holds one that cannot be seen; shorten it", longestWords)
		}
	}
	return nil
}

func (a author) name() string {
	if a.By == "" {
		return usualAuthor
	}
	return a.By
}

// about reads which incident a request is about. It is false if it was refused.
func about(w http.ResponseWriter, r *http.Request) (incident.ID, bool) {
	id, err := incident.ParseID(r.PathValue("id"))
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
	}
	return id, err == nil
}

// remark is what is said about an incident.
type remark struct {
	author
	Note string `json:"note"`
	Undo bool   `json:"undo"`
}

// remarked reads what is said about an incident, as a command of a kind.
func remarked(w http.ResponseWriter, r *http.Request, kind incident.CommandKind) (incident.Command, bool) {
	id, ok := about(w, r)
	if !ok {
		return incident.Command{}, false
	}
	var in remark
	if !said(w, r, &in) {
		return incident.Command{}, false
	}
	if err := in.check(in.Note); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return incident.Command{}, false
	}
	return incident.Command{Kind: kind, Incident: id, By: in.name(), Note: in.Note, Undo: in.Undo}, true
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request) {
	c, ok := remarked(w, r, incident.Acknowledge)
	if !ok {
		return
	}
	if done, ok := s.order(w, r, c); ok {
		s.write(w, r, report.NewAcknowledgement(&done))
	}
}

func (s *Server) falseAlarm(w http.ResponseWriter, r *http.Request) {
	c, ok := remarked(w, r, incident.FalseAlarm)
	if !ok {
		return
	}
	if done, ok := s.order(w, r, c); ok {
		s.write(w, r, report.NewFalseAlarm(&done))
	}
}

// quiet is a silence that is asked for.
type quiet struct {
	author
	Probes   []string     `json:"probes"` // names, and group: and the name of a group
	Kinds    []probe.Kind `json:"kinds"`
	Incident string       `json:"incident"` // instead of probes: what it is about
	For      string       `json:"for"`      // or until; with incident neither: until it has recovered
	Until    time.Time    `json:"until"`
	Reason   string       `json:"reason"`
}

// command is the silence as a command.
func (q *quiet) command(now time.Time) (c incident.Command, err error) {
	c = incident.Command{Kind: incident.Silence, By: q.name(), Note: q.Reason, From: now, Until: q.Until.UTC().Truncate(time.Millisecond), Scope: incident.Scope{Names: q.Probes, Kinds: q.Kinds}}
	if err := q.check(q.Reason); err != nil {
		return c, err
	}
	switch {
	case q.Incident != "" && len(q.Probes) > 0:
		return c, errors.New("incident says what it is about already; leave out probes")
	case q.Incident == "" && len(q.Probes) == 0 && len(q.Kinds) == 0:
		return c, errors.New("name probes, kinds or an incident")
	case q.For != "" && !q.Until.IsZero():
		return c, errors.New("for and until say the same; leave out one of them")
	case q.Incident != "":
		c.Incident, err = incident.ParseID(q.Incident)
		if err == nil && c.Incident == 0 {
			err = errors.New("there is no incident 0")
		}
		if err != nil {
			return c, err
		}
	}
	if q.For != "" {
		length, err := configs.ParseDuration(q.For)
		if err != nil {
			return c, fmt.Errorf("for: %w", err)
		}
		c.Until = now.Add(length)
	}
	c.UntilRecovered = q.Incident != "" && q.For == "" && q.Until.IsZero()
	if lasts := c.Until.Sub(now); !c.UntilRecovered && (lasts <= 0 || lasts > longestSilence) {
		return c, errors.New(`say how long: "for": "2h" or "until": a time to come, at most 400 days`)
	}
	if c.UntilRecovered {
		c.Until = time.Time{}
	}
	return c, nil
}

func (s *Server) silence(w http.ResponseWriter, r *http.Request) {
	var in quiet
	if !said(w, r, &in) {
		return
	}
	c, err := in.command(time.Now().UTC().Truncate(time.Millisecond))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if done, ok := s.order(w, r, c); ok {
		s.writeAs(w, r, http.StatusCreated, report.NewInForce(&done))
	}
}

// order has a command obeyed. It is false if the request was refused.
func (s *Server) order(w http.ResponseWriter, r *http.Request, c incident.Command) (incident.Command, bool) {
	c.Key = rand.Text()
	done, err := s.o.Actions.Order(r.Context(), c)
	if err != nil {
		s.unable(w, r, err)
	}
	return done, err == nil
}

// unable answers why something was not done.
func (s *Server) unable(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable
	switch {
	case r.Context().Err() != nil:
		return // whoever asked has gone away
	case errors.Is(err, incident.ErrNoIncident), errors.Is(err, incident.ErrNoProbe):
		status = http.StatusNotFound
	case errors.Is(err, incident.ErrNotOpen), errors.Is(err, incident.ErrNotOver):
		status = http.StatusConflict
	default:
		s.o.Log.Error("not done", "path", r.URL.Path, "err", err)
	}
	refuse(w, status, err.Error())
}

func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	var in author
	if !said(w, r, &in) {
		return
	}
	if err := in.check(""); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	// A run may take longer than other answers do.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(runWithin))
	check, err := s.o.Actions.Run(r.Context(), r.PathValue("name"), in.name())
	if err != nil {
		s.unable(w, r, err)
		return
	}
	s.write(w, r, check)
}
