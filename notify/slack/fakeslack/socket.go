package fakeslack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// AppToken is the app-level token that the server accepts.
const AppToken = "xapp-fake-token"

// AppID is the id of the app that the tokens belong to.
const AppID = "A0FAKE"

// TeamID is the id of the only workspace.
const TeamID = "T0FAKE"

const (
	socketPath = "/link/"
	pingEvery  = 5 * time.Second
)

// links are the connections of Socket Mode.
type links struct {
	mu      sync.Mutex
	changed *sync.Cond
	tickets map[string]bool // that were given and not used yet
	last    int
	open    []*link
	opened  int // since the start
	acks    map[string]Ack
	closed  bool
	serving sync.WaitGroup
	upgrade websocket.Upgrader
}

// link is one connection.
type link struct {
	conn *websocket.Conn
	mu   sync.Mutex // of writing
}

// Ack is how an envelope was answered.
type Ack struct {
	Payload json.RawMessage // what was said with it; nil: nothing
	At      time.Time
}

func newLinks() *links {
	l := &links{tickets: map[string]bool{}, acks: map[string]Ack{}}
	l.upgrade.CheckOrigin = func(*http.Request) bool { return true } // clients say that they are api.slack.com
	l.changed = sync.NewCond(&l.mu)
	return l
}

// openConnection gives the address of a connection of Socket Mode, good for once.
func (s *Server) openConnection(call) response {
	l := s.links
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	ticket := "ticket-" + strconv.Itoa(l.last)
	l.tickets[ticket] = true
	return response{"ok": true, "url": strings.Replace(s.base, "http://", "ws://", 1) + socketPath + "?ticket=" + ticket + "&app_id=" + AppID}
}

// link serves a connection of Socket Mode.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	l := s.links
	ticket := r.URL.Query().Get("ticket")
	if !l.begin(ticket) {
		http.Error(w, "no such ticket", http.StatusForbidden)
		return
	}
	defer l.serving.Done()
	conn, err := l.upgrade.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	s.attend(&link{conn: conn})
}

// begin takes a ticket, unless it is none or the server is closed.
func (l *links) begin(ticket string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.tickets[ticket] && !l.closed
	delete(l.tickets, ticket)
	if known {
		l.serving.Add(1)
	}
	return known
}

// close waits until all connections have ended. They are being closed.
func (l *links) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.serving.Wait()
}

// attend greets, pings and hears until the connection ends.
func (s *Server) attend(c *link) {
	defer func() { _ = c.conn.Close() }()
	ending := context.AfterFunc(s.closing, func() { _ = c.conn.Close() })
	defer ending()
	if c.send(map[string]any{
		"type": "hello", "num_connections": 1, "connection_info": map[string]string{"app_id": AppID},
		"debug_info": map[string]any{"host": "fake", "approximate_connection_time": 3600},
	}) != nil {
		return
	}
	s.links.add(c)
	defer s.links.remove(c)
	var pings sync.WaitGroup
	over := make(chan struct{})
	pings.Go(func() { c.ping(over) })
	defer pings.Wait()
	defer close(over)
	for {
		var answer struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if c.conn.ReadJSON(&answer) != nil {
			return
		}
		s.links.acked(answer.ID, answer.Payload)
	}
}

// ping lets the other side know that the connection lives.
func (c *link) ping(over <-chan struct{}) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		if c.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second)) != nil {
			return
		}
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

func (c *link) send(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	return c.conn.WriteJSON(v)
}

func (l *links) add(c *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, c)
	l.opened++
	l.changed.Broadcast()
}

func (l *links) remove(c *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.DeleteFunc(l.open, func(x *link) bool { return x == c })
	l.changed.Broadcast()
}

func (l *links) acked(id string, payload json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, twice := l.acks[id]; !twice {
		l.acks[id] = Ack{payload, time.Now()}
	}
	l.changed.Broadcast()
}

// until waits until done says so, under the lock, or ctx ends.
func (l *links) until(ctx context.Context, done func() bool) bool {
	wake := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})
	defer wake()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !done() && ctx.Err() == nil {
		l.changed.Wait()
	}
	return done()
}

// Connected waits until n connections of Socket Mode were opened since the start and one is
// open now.
func (s *Server) Connected(ctx context.Context, n int) bool {
	return s.links.until(ctx, func() bool { return s.links.opened >= n && len(s.links.open) > 0 })
}

// Disconnect asks every connection to come again, as Slack does from time to time; rudely: it
// cuts them without a word.
func (s *Server) Disconnect(rudely bool) {
	s.links.mu.Lock()
	open := slices.Clone(s.links.open)
	s.links.mu.Unlock()
	for _, c := range open {
		if rudely {
			_ = c.conn.Close()
			continue
		}
		_ = c.send(map[string]any{"type": "disconnect", "reason": "refresh_requested", "debug_info": map[string]string{"host": "fake"}})
	}
}

// Raw sends bytes over a connection as they are.
func (s *Server) Raw(text string) error {
	c, err := s.links.any()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.WriteMessage(websocket.TextMessage, []byte(text))
}

func (l *links) any() (*link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) == 0 {
		return nil, errors.New("nobody is connected")
	}
	return l.open[len(l.open)-1], nil
}

// Deliver sends an envelope of a type ("interactive", "slash_commands") with a payload over a
// connection, and returns its id.
func (s *Server) Deliver(kind string, payload any) (id string, err error) {
	c, err := s.links.any()
	if err != nil {
		return "", err
	}
	s.links.mu.Lock()
	s.links.last++
	id = "envelope-" + strconv.Itoa(s.links.last)
	s.links.mu.Unlock()
	return id, c.send(map[string]any{"type": kind, "envelope_id": id, "accepts_response_payload": true, "payload": payload})
}

// Acked waits until an envelope was answered, or ctx ends.
func (s *Server) Acked(ctx context.Context, id string) (Ack, bool) {
	s.links.until(ctx, func() bool { _, acked := s.links.acks[id]; return acked })
	s.links.mu.Lock()
	defer s.links.mu.Unlock()
	a, acked := s.links.acks[id]
	return a, acked
}
