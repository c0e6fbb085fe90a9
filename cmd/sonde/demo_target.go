package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// act is a part of the story, from one instant to another. They are given for a story
// of a minute.
type act struct {
	from, to time.Duration
	path     string
	says     string // to the audience
	play     http.HandlerFunc
}

// acts is the whole story: outside of them every endpoint is well.
var acts = []act{
	{6 * time.Second, 14 * time.Second, "/shop", "the shop answers after 0.5 s, and 0.3 s were promised", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(500 * time.Millisecond):
		case <-r.Context().Done():
		}
		welcome(w, r)
	}},
	{18 * time.Second, 32 * time.Second, "/shop", "the shop answers 503 and says when it will be back (Retry-After)", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
	}},
	{38 * time.Second, 50 * time.Second, "/reports", "the token of reports has expired", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="reports", error="invalid_token"`)
		http.Error(w, "token expired", http.StatusUnauthorized)
	}},
}

func welcome(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("welcome\n")) }

// target is the server that plays the story.
type target struct {
	url    string
	began  time.Time
	speed  float64 // story seconds per second
	server *http.Server
	done   chan struct{}
}

func startTarget(length time.Duration) (*target, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the demo's target: %w", err)
	}
	t := &target{
		url: "http://" + listener.Addr().String(), began: time.Now(),
		speed: demoFor.Seconds() / length.Seconds(), done: make(chan struct{}),
	}
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: time.Second}
	go func() {
		defer close(t.done)
		_ = t.server.Serve(listener)
	}()
	return t, nil
}

func (t *target) close() {
	_ = t.server.Close()
	<-t.done
}

// acts returns those that are on now.
func (t *target) acts() []act {
	now := time.Duration(float64(time.Since(t.began)) * t.speed)
	var on []act
	for _, a := range acts {
		if a.from <= now && now < a.to {
			on = append(on, a)
		}
	}
	return on
}

// left is how many whole seconds an act goes on.
func (t *target) left(a act) string {
	ends := t.began.Add(time.Duration(float64(a.to) / t.speed))
	return strconv.Itoa(int(max(0, time.Until(ends)).Seconds()) + 1)
}

// ServeHTTP plays the act that is on for the path.
func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, a := range t.acts() {
		if a.path == r.URL.Path {
			w.Header().Set("Retry-After", t.left(a)) // means nothing in an answer that is good or refuses
			a.play(w, r)
			return
		}
	}
	welcome(w, r)
}
