package fakeslack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Token is the bot token that the server accepts.
const Token = "xoxb-fake-token"

// WebhookChannel is the channel that the webhook posts to.
const WebhookChannel = "C0WEBHOOK"

const webhookPath = "/services/T0FAKE/B0FAKE/fakesecret"

// Server is a Slack with one workspace, one bot and one webhook. Every channel
// whose id or #name is well formed exists until it is archived.
type Server struct {
	http     *http.Server
	base     string
	stopped  sync.WaitGroup
	closing  context.Context
	stop     context.CancelFunc
	changed  *sync.Cond // told of every message
	mu       sync.Mutex
	messages []Message
	faults   []Fault
	requests []Request
	archived map[string]bool
	people   people
	links    *links
	limits   map[string]limit
	recent   map[string][]time.Time // requests, by method and channel
	lag      time.Duration
	lastTS   int64 // microseconds
}

// Request is a call that arrived, whatever became of it.
type Request struct {
	Method string // "chat.postMessage", or "webhook"
	At     time.Time
	Header http.Header
}

// Start begins to listen on a port of the loopback.
func Start() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start fake slack: %w", err)
	}
	s := newServer("http://" + listener.Addr().String())
	s.stopped.Go(func() { _ = s.http.Serve(listener) })
	return s, nil
}

// New returns a server that listens nowhere: it is reached by [Server.Transport] alone, also from
// within a synctest bubble.
func New() *Server { return newServer("http://slack.invalid") }

func newServer(base string) *Server {
	s := &Server{
		base: base, archived: map[string]bool{}, limits: map[string]limit{}, recent: map[string][]time.Time{},
		people: newPeople(), links: newLinks(),
	}
	s.changed = sync.NewCond(&s.mu)
	s.closing, s.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	for method, handle := range map[string]func(call) response{
		"auth.test":             s.authTest,
		"chat.postMessage":      s.postMessage,
		"chat.update":           s.updateMessage,
		"chat.getPermalink":     s.permalink,
		"conversations.history": s.history,
		"conversations.replies": s.replies,
	} {
		mux.HandleFunc("/api/"+method, s.api(method, handle))
	}
	for method, handle := range s.answerMethods() {
		mux.HandleFunc("/api/"+method, s.api(method, handle))
	}
	mux.HandleFunc("GET "+socketPath, s.link)
	mux.HandleFunc("POST "+responsePath, s.respond)
	mux.HandleFunc("/api/", s.api("unknown", func(call) response { return refuse("unknown_method") }))
	mux.HandleFunc("POST /services/", s.webhook)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return s
}

// URL is the api_url of the server; it ends in "/api/".
func (s *Server) URL() string { return s.base + "/api/" }

// WebhookURL is the address of the incoming webhook.
func (s *Server) WebhookURL() string { return s.base + webhookPath }

// Close ends the server and everything that hangs in it. What was told stays
// readable.
func (s *Server) Close() {
	s.stop()
	_ = s.http.Close()
	s.stopped.Wait()
	s.links.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

// Messages returns what was taken so far, in order, as it is now.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Await waits until at least n messages were taken or ctx ends, and returns what
// was taken by then.
func (s *Server) Await(ctx context.Context, n int) []Message {
	wake := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer wake()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.messages) < n && ctx.Err() == nil && s.closing.Err() == nil {
		s.changed.Wait()
	}
	return slices.Clone(s.messages)
}

// Requests returns every call that arrived, those that failed too.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Delete removes a message, as a person does; what replies to it stays.
func (s *Server) Delete(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m Message) bool { return m.Channel == channel && m.TS == ts })
}

// Lag has a message be seen in a channel's history only so long after it was posted. Who looks at
// [Server.Messages] sees it at once.
func (s *Server) Lag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// visible are the messages that a history shows.
func (s *Server) visible() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool { return now.Sub(m.At) < s.lag })
}

// Archive closes a channel, given by id or #name.
func (s *Server) Archive(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.archived[channelID(channel)] = true
}

// channelID is the id of a channel that is given by id or by #name; empty if
// there cannot be such a channel.
func channelID(channel string) string {
	if name, named := strings.CutPrefix(channel, "#"); named && name != "" {
		id := strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToUpper(name))
		return "C0NAME" + id
	}
	if len(channel) < 2 || !strings.ContainsRune("CGD", rune(channel[0])) {
		return ""
	}
	for _, r := range channel {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return channel
}

// nextTS returns a ts that no message has. The lock is held.
func (s *Server) nextTS(now time.Time) string {
	s.lastTS = max(s.lastTS+1, now.UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1_000_000, s.lastTS%1_000_000)
}
