package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sonde/configs"
	"sonde/incident"
	"sonde/report"
)

// The control socket lies beside the lock of the database, and speaks HTTP with JSON. It
// answers the user whose service it is, and root.
const (
	controlSuffix  = ".sock"
	longestRequest = 64 << 10
	controlWithin  = 10 * time.Second
	manualRuns     = 4 // at once
)

// request is what the command line asks the service for.
type request struct {
	Command *incident.Command `json:"command,omitempty"`
	Key     string            `json:"key,omitempty"` // of the command
	From    time.Time         `json:"from,omitzero"`
	Until   time.Time         `json:"until,omitzero"`
	Run     string            `json:"run,omitempty"` // the name of a probe
	By      string            `json:"by,omitempty"`  // who asks for that
	Outbox  *postOrder        `json:"outbox,omitempty"`
}

// asks counts what is asked for, which is to be one thing.
func (r *request) asks() (n int) {
	for _, asked := range [...]bool{r.Command != nil, r.Run != "", r.Outbox != nil} {
		if asked {
			n++
		}
	}
	return n
}

// reply is what the service answers.
type reply struct {
	Error   string             `json:"error,omitempty"`
	Code    int                `json:"code,omitempty"` // how the command line exits
	ID      incident.CommandID `json:"id,omitempty"`
	Command *incident.Command  `json:"command,omitempty"`
	From    time.Time          `json:"from,omitzero"`
	Until   time.Time          `json:"until,omitzero"`
	Check   json.RawMessage    `json:"check,omitempty"`
	Text    string             `json:"text,omitempty"`

	Messages int `json:"messages,omitempty"` // of the outbox that were altered
}

// control answers the command line.
type control struct {
	service *service
	answers *answers

	destinations []string // of messages
	listen       net.Listener
	server       *http.Server
	folder       *os.File // that the socket lies in, while its name is too long for an address
	path         string
	ended        chan struct{}
}

// openControl binds the socket. Whoever has the lock may remove what is left of another.
func (s *service) openControl(ctx context.Context, config *configs.Config) error {
	path := s.store.Path() + controlSuffix
	address, folder, err := socketAddress(path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		_ = os.Remove(path)
	}
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), 0o600) }) // before it has a name
		return errors.Join(err, failed)
	}}
	listen, err := private.Listen(ctx, "unix", address)
	if err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), closed(folder))
	}
	listen.(*net.UnixListener).SetUnlinkOnClose(false)
	c := &control{service: s, answers: s.answers, listen: listen, folder: folder, path: path, ended: make(chan struct{})}
	for _, d := range config.Destinations {
		c.destinations = append(c.destinations, d.Name)
	}
	c.server = &http.Server{
		Handler: http.HandlerFunc(c.answer), ReadTimeout: controlWithin, IdleTimeout: controlWithin, MaxHeaderBytes: 8 << 10,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peerOf(conn))
		},
	}
	s.control = c
	go func() {
		defer close(c.ended)
		_ = c.server.Serve(listen) // until it is closed
	}()
	return nil
}

func closed(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// socketAddress is a name by which a socket can be bound and found: unix(7) has room for
// 107 bytes, so that a longer one goes by way of its folder, which is open as long.
func socketAddress(path string) (address string, folder *os.File, err error) {
	const longest = 107
	if len(path) <= longest {
		return path, nil, nil
	}
	if folder, err = os.Open(filepath.Dir(path)); err != nil {
		return "", nil, err
	}
	return "/proc/self/fd/" + strconv.Itoa(int(folder.Fd())) + "/" + filepath.Base(path), folder, nil
}

// close stops answering, and removes the socket.
func (c *control) close() error {
	brief, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	err := c.server.Shutdown(brief)
	if err != nil {
		err = c.server.Close()
	}
	<-c.ended
	_ = os.Remove(c.path)
	return errors.Join(err, closed(c.folder))
}

func (s *service) closeControl() error {
	if s.control == nil {
		return nil
	}
	c := s.control
	s.control = nil
	return c.close()
}

type peerKey struct{}

// peerOf is the user at the other end of a connection; nil if nobody knows.
func peerOf(conn net.Conn) *unix.Ucred {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	var peer *unix.Ucred
	if err := raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			peer = cred
		}
	}); err != nil {
		return nil
	}
	return peer
}

// answer answers one request.
func (c *control) answer(w http.ResponseWriter, r *http.Request) {
	peer, _ := r.Context().Value(peerKey{}).(*unix.Ucred)
	status, out := http.StatusForbidden, reply{Error: "the service obeys its own user and root only", Code: exitStorage}
	if peer != nil && (peer.Uid == 0 || int(peer.Uid) == os.Geteuid()) {
		status, out = c.serve(r)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // whoever asked may be gone
}

func (c *control) serve(r *http.Request) (int, reply) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, reply{Error: "only POST is answered", Code: exitUsage}
	}
	var in request
	body := json.NewDecoder(io.LimitReader(r.Body, longestRequest))
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil || in.asks() != 1 || !atEnd(body) {
		return http.StatusBadRequest, reply{Error: "the request is no command of this version of sonde", Code: exitUsage}
	}
	ctx, cancel := context.WithTimeout(r.Context(), controlWithin)
	defer cancel()
	switch {
	case in.Run != "":
		return c.run(r.Context(), in.Run, in.By)
	case in.Outbox != nil:
		return c.outbox(ctx, *in.Outbox)
	}
	in.Command.Key, in.Command.From, in.Command.Until = in.Key, in.From, in.Until
	done, err := c.answers.Order(ctx, *in.Command)
	if err != nil {
		return http.StatusOK, reply{Error: err.Error(), Code: orderCode(err)}
	}
	return http.StatusOK, reply{ID: done.ID, Command: &done, From: done.From, Until: done.Until}
}

// atEnd reports whether nothing follows what was read.
func atEnd(body *json.Decoder) bool {
	_, err := body.Token()
	return err == io.EOF
}

// orderCode is how a command that was not obeyed exits.
func orderCode(err error) int {
	for _, mistake := range []error{incident.ErrNotOpen, incident.ErrNotOver, incident.ErrNoIncident, incident.ErrNoProbe, incident.ErrNoCommand, incident.ErrNoStorm} {
		if errors.Is(err, mistake) {
			return exitUsage
		}
	}
	return exitStorage
}

// run asks a probe at once.
func (c *control) run(ctx context.Context, name, by string) (int, reply) {
	check, err := c.answers.Run(ctx, name, by)
	switch {
	case errors.Is(err, errTooManyRuns):
		return http.StatusServiceUnavailable, reply{Error: err.Error(), Code: exitStorage}
	case err != nil:
		return http.StatusOK, reply{Error: err.Error(), Code: exitUsage}
	}
	return http.StatusOK, checked(check)
}

func checked(answer *report.Check) reply {
	var said strings.Builder
	written, err := json.Marshal(answer)
	if err == nil {
		err = answer.WriteText(&said, report.Screen{})
	}
	if err != nil {
		return reply{Error: err.Error(), Code: exitStorage}
	}
	return reply{Check: written, Text: said.String()}
}
