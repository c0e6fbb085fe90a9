package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lab is what all measurements share.
type lab struct {
	folder string
	binary string // the service
	runs   int
}

func newLab(ctx context.Context) (*lab, error) {
	folder, err := os.MkdirTemp("", "sonde-bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{folder: folder, binary: filepath.Join(folder, "sonde")}
	if err := build(ctx, l.binary, "sonde/cmd/sonde"); err != nil {
		return nil, err
	}
	return l, certify(folder)
}

// build builds a program as .ci/run does: without C, whose library would be in memory, too.
func build(ctx context.Context, binary, pkg string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", pkg, err, out)
	}
	return nil
}

func (l *lab) close() error { return os.RemoveAll(l.folder) }

// trust makes a process trust the lab's authority, and only that.
func (l *lab) trust() []string {
	return []string{"SSL_CERT_FILE=" + filepath.Join(l.folder, rootFile), "SSL_CERT_DIR=" + l.folder}
}

// startTarget starts what is asked.
func (l *lab) startTarget(ctx context.Context, p plan) (*target, error) {
	args := []string{"-role", "target", "-delay", p.delay.String()}
	if p.tls {
		args = append(args, "-certificate", l.folder)
	}
	child, err := startSelf(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	t := &target{process: child}
	for _, into := range []*string{&t.url, &t.control} {
		if *into, err = child.line(); err != nil {
			child.stop()
			return nil, fmt.Errorf("start the target: %w\n%s", err, child.stderr.String())
		}
	}
	return t, nil
}

// startBare starts the yardstick.
func (l *lab) startBare(ctx context.Context, p plan, t *target) (*process, error) {
	child, err := startSelf(ctx, l.trust(), "-role", "bare", "-target", t.url, "-probes", fmt.Sprint(p.probes), "-interval", p.interval.String())
	if err != nil {
		return nil, err
	}
	child.listen, err = child.line()
	return child, err
}

// place is where a service runs: a folder with its configuration and its database, and
// an address.
type place struct{ folder, listen string }

// place makes a place. Its database holds as many days as the plan says.
func (l *lab) place(ctx context.Context, p plan, t *target) (*place, error) {
	l.runs++
	at := &place{folder: filepath.Join(l.folder, fmt.Sprintf("run-%d", l.runs))}
	if err := os.Mkdir(at.folder, 0o700); err != nil {
		return nil, err
	}
	var err error
	if at.listen, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if err := os.WriteFile(at.config(), []byte(configFor(p, at.listen, t.url)), 0o600); err != nil {
		return nil, err
	}
	if p.days > 0 {
		err = l.fill(ctx, p, at)
	}
	return at, err
}

func (p *place) config() string { return filepath.Join(p.folder, "sonde.yaml") }

// database is where the service puts it by itself, beside the configuration.
func (p *place) database() string { return filepath.Join(p.folder, "sonde.db") }

// size is that of the files of the database.
func (p *place) size() (size int64) {
	for _, end := range []string{"", "-wal"} {
		if info, err := os.Stat(p.database() + end); err == nil {
			size += info.Size()
		}
	}
	return size
}

// serve starts a service.
func (l *lab) serve(ctx context.Context, at *place) (*process, error) {
	child, err := start(ctx, l.trust(), l.binary, "serve", "-c", at.config())
	if err != nil {
		return nil, err
	}
	child.listen = "http://" + at.listen
	return child, nil
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func configFor(p plan, listen, url string) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "listen: %s\ndefaults: {interval: %s, notify: []}\nprobes:\n", listen, p.interval)
	for i := range p.probes {
		_, _ = fmt.Fprintf(&b, "  - {name: p%d, url: \"%s/%d\"}\n", i, url, i)
	}
	return b.String()
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
