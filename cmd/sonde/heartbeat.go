package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"sonde/configs"
	"sonde/report"
	"sonde/store"
	"sonde/text"
)

const (
	pingWait  = 10 * time.Second
	retryMost = 30 * time.Second // between tries within a period
	retryMin  = time.Second
	warmUp    = 15 * time.Second // nobody need read that a service has only just begun
)

// heartbeat tells somebody outside that the service does its work, once in every period, for
// as long as it does. When the pings stay away, they find out what nobody here can tell any more.
type heartbeat struct {
	url    text.Secret
	every  time.Duration
	client *http.Client
	health func(ctx context.Context) error // why the service does not do its work
	log    *slog.Logger

	began   time.Time
	said    string               // why there was no ping, as it stands in the log; empty: there was one
	silence atomic.Pointer[hush] // nil: it is heard
	last    atomic.Int64         // the latest ping that was taken, in ms since 1970; 0: none yet
	running sync.WaitGroup
	end     context.CancelFunc
}

// hush is why nobody outside hears of the service.
type hush struct {
	since    time.Time
	withheld bool // the service does not do its work; else nobody takes the ping
	why      string
}

// withheldError says why the service does not do its work.
type withheldError struct{ err error }

func (e *withheldError) Error() string { return "withheld: " + e.err.Error() }
func (e *withheldError) Unwrap() error { return e.err }

func newHeartbeat(c *configs.Heartbeat, health func(ctx context.Context) error, log *slog.Logger) *heartbeat {
	return &heartbeat{
		url: c.URL, every: c.Every, health: health, log: log,
		client: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// start begins to ping, in a goroutine of its own.
func (h *heartbeat) start(ctx context.Context) {
	h.began = time.Now()
	ctx, h.end = context.WithCancel(context.WithoutCancel(ctx))
	h.running.Go(func() { h.run(ctx) })
}

// stop ends it. A nil heartbeat has nothing to end.
func (h *heartbeat) stop() {
	if h == nil || h.end == nil {
		return
	}
	h.end()
	h.running.Wait()
}

// lastSuccess is when the latest ping was taken; zero: none was.
func (h *heartbeat) lastSuccess() time.Time {
	if h == nil || h.last.Load() == 0 {
		return time.Time{}
	}
	return time.UnixMilli(h.last.Load()).UTC()
}

func (h *heartbeat) run(ctx context.Context) {
	for period := time.Now(); ctx.Err() == nil; {
		next := period.Add(h.every)
		h.beat(ctx, next)
		wait(ctx, time.Until(next))
		if period = next; time.Since(period) > h.every {
			period = time.Now() // the machine slept
		}
	}
}

// beat tries until a ping is taken, or the period is over: whoever gets well within it is in time.
func (h *heartbeat) beat(ctx context.Context, until time.Time) {
	between := min(max(h.every/6, retryMin), retryMost)
	for {
		err := h.once(ctx)
		if ctx.Err() != nil {
			return
		}
		h.note(err)
		if err == nil || time.Until(until) <= between {
			return
		}
		wait(ctx, between)
	}
}

// once pings if the service does its work.
func (h *heartbeat) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(pingWait, h.every))
	defer cancel()
	if err := h.health(ctx); err != nil {
		return &withheldError{err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url.Reveal(), nil)
	if err != nil {
		return errors.New("the address cannot be asked")
	}
	request.Header.Set("User-Agent", userAgent())
	answer, err := h.client.Do(request)
	if err != nil {
		return unnamed(err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	_ = answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	h.last.Store(time.Now().UnixMilli())
	return nil
}

// unnamed is an error without the address, which is a secret.
func unnamed(err error) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

// note writes down that there is no ping any more, or another reason for it, or that there is one again.
func (h *heartbeat) note(err error) {
	switch {
	case err == nil && h.said != "":
		h.said = ""
		h.silence.Store(nil)
		h.log.Info("heartbeat goes on")
	case err != nil && h.last.Load() == 0 && time.Since(h.began) < warmUp:
	case err != nil && err.Error() != h.said:
		h.said = err.Error()
		h.silence.Store(h.silenced(err))
		h.log.Warn("no heartbeat", "err", text.Printable(h.said, 200))
	}
}

// silenced is the silence that an error is about, since the first of those without a ping between them.
func (h *heartbeat) silenced(err error) *hush {
	now := &hush{since: time.Now().UTC().Truncate(time.Millisecond), why: text.Printable(err.Error(), 200)}
	if before := h.silence.Load(); before != nil {
		now.since = before.since
	}
	if withheld, ok := errors.AsType[*withheldError](err); ok {
		now.withheld, now.why = true, text.Printable(withheld.err.Error(), 200)
	}
	return now
}

// state is whether the service is heard outside, for those who only look; nil if nobody is to hear of it.
func (h *heartbeat) state() *store.Heartbeat {
	if h == nil {
		return nil
	}
	is := h.silence.Load()
	switch {
	case is == nil:
		return &store.Heartbeat{State: string(report.HeartbeatOK)}
	case is.withheld:
		return &store.Heartbeat{State: string(report.HeartbeatWithheld), Since: is.since, Why: is.why}
	}
	return &store.Heartbeat{State: string(report.HeartbeatFailing), Since: is.since, Why: is.why}
}

func sameHeartbeat(a, b *store.Heartbeat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
