package web

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"sonde/report"
	"sonde/store"
	"sonde/text"
)

// Source is where the server takes what it shows from.
type Source interface {
	Snapshot(ctx context.Context, now time.Time) (*store.Snapshot, error)
}

// Options say what a server shows.
type Options struct {
	Source  Source
	History History
	Now     func() time.Time
	Ready   func(ctx context.Context) error // why the service is not ready; nil if it is
	Storage func() report.Storage           // how storing goes; nil if nobody knows
	Gauges  func() Gauges
	Untold  func(ctx context.Context, now time.Time) (time.Time, error) // since when the oldest critical message waits; zero: none does; nil if nobody knows
	Tallies *Tallies
	Actions Actions     // nil: nothing can be written
	Token   text.Secret // of those who write; zero: nobody does
	Log     *slog.Logger
}

// maxConnections is how many connections are open at once, at the most. Further ones
// wait. So no reader takes the file descriptors that probes need.
const maxConnections = 100

// Server answers on one address.
type Server struct {
	o        Options
	listener net.Listener
	http     *http.Server
	end      context.CancelFunc // of all that is being answered
	serving  sync.WaitGroup
}

// Listen binds the address, such as 127.0.0.1:9320.
func Listen(ctx context.Context, address string, o Options) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; free the port, or name another in listen", address, err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{o: o, listener: newBounded(listener, maxConnections), end: end}
	s.http = &http.Server{
		Handler:           s.routes(life),
		BaseContext:       func(net.Listener) context.Context { return life },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Address is where the server answers.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve begins to answer. It does not wait.
func (s *Server) Serve() {
	s.serving.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.o.Log.Error("stopped listening", "err", err)
		}
	})
}

// Close stops answering. Answers under way may end until ctx does; then they are cut,
// which is no error.
func (s *Server) Close(ctx context.Context) error {
	defer s.end()
	err := s.http.Shutdown(ctx)
	if ctx.Err() != nil {
		s.o.Log.Info("cut readers that were still being answered")
		err = s.http.Close()
	}
	err = errors.Join(err, s.listener.Close()) // for when Serve was never called
	s.serving.Wait()
	return err
}

func (s *Server) routes(life context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /api/v1/status", s.status)
	mux.HandleFunc("GET /api/v1/slo", s.objectives)
	mux.HandleFunc("GET /api/v1/incidents", s.incidents)
	mux.HandleFunc("GET /api/v1/probes/{name}/results", s.results)
	s.writes(mux)
	mux.Handle("GET /metrics", s.scraper(life))
	return guard(mux)
}

// guard sets what holds for every answer.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

const (
	untoldAfter  = 2 * time.Minute        // a critical message waits that long only if it does not get through
	untoldWithin = 500 * time.Millisecond // whether one does is worth that wait
)

// untold says since when a critical message waits that should have been told by now; zero: none
// does, or nobody can say.
func (s *Server) untold(ctx context.Context) time.Time {
	if s.o.Untold == nil {
		return time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, untoldWithin)
	defer cancel()
	now := s.o.Now()
	since, err := s.o.Untold(ctx, now)
	if err != nil || since.IsZero() || now.Sub(since) <= untoldAfter {
		return time.Time{}
	}
	return since
}

// health answers as long as the service lives: a restart mends no disk, and no Slack.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if s.o.Storage != nil {
		switch state := s.o.Storage().State; state {
		case report.StorageFull, report.StorageFailing:
			answer(w, http.StatusOK, "degraded: storage is "+string(state)+"; results wait in memory\n")
			return
		case report.StorageLow:
			answer(w, http.StatusOK, "degraded: room for the database is low\n")
			return
		}
	}
	if since := s.untold(r.Context()); !since.IsZero() {
		answer(w, http.StatusOK, "degraded: a critical message waits since "+since.UTC().Format(time.RFC3339)+"; sonde outbox says why\n")
		return
	}
	answer(w, http.StatusOK, "ok\n")
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.o.Ready(ctx); err != nil {
		answer(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		return
	}
	answer(w, http.StatusOK, "ready\n")
}

// status is written as it goes: that of ten thousand probes is never in memory as a whole.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	now := s.o.Now()
	snapshot, err := s.o.Source.Snapshot(r.Context(), now)
	if err != nil {
		if r.Context().Err() == nil { // else the reader has gone away
			s.o.Log.Error("status not read", "err", err)
			answer(w, http.StatusInternalServerError, "the status cannot be read; the service's log says why\n")
		}
		return
	}
	defer snapshot.Done()
	s.stream(w, func(out io.Writer) error { return report.WriteStatusJSON(out, snapshot, now, s.storage()) })
}

// stream answers with JSON that is written as it is made.
func (s *Server) stream(w http.ResponseWriter, write func(io.Writer) error) {
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 32<<10)
	if err := cmp.Or(write(out), out.Flush()); err != nil {
		s.o.Log.Info("not answered as a whole", "err", err)
		panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
	}
}

// storage is how storing goes; nil if nobody knows.
func (s *Server) storage() *report.Storage {
	if s.o.Storage == nil {
		return nil
	}
	storage := s.o.Storage()
	return &storage
}
