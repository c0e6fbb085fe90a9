package configs

import (
	"time"

	"sonde/text"
)

// Heartbeat is where the service says that it lives.
type Heartbeat struct {
	URL   text.Secret
	Every time.Duration
}

// How often it says so, and the bounds.
const (
	defaultHeartbeat  = time.Minute
	shortestHeartbeat = 10 * time.Second
	longestHeartbeat  = day
)

var heartbeatKeys = keys[heartbeat]{
	"url":   func(d *decoder, v value, h *heartbeat) { h.url, _ = d.secret(v) },
	"every": func(d *decoder, v value, h *heartbeat) { d.heartbeatEvery(v, &h.every) },
}

// heartbeat is what the file says, before it is made of one piece.
type heartbeat struct {
	url   hidden
	every time.Duration
}

// heartbeat reads where to say that the service lives; nil if it has a problem.
func (d *decoder) heartbeat(v value) *Heartbeat {
	read := heartbeat{every: defaultHeartbeat}
	before := len(d.problems)
	found := object(d, v, heartbeatKeys, &read)
	address, ok := found["url"]
	switch {
	case ok && len(d.problems) == before:
		d.checkReceiver(address, read.url, "address")
	case !ok && len(d.problems) == before:
		d.fail(v, "says no address to ping; add url:")
	}
	if len(d.problems) > before {
		return nil
	}
	return &Heartbeat{URL: read.url.value, Every: read.every}
}

func (d *decoder) heartbeatEvery(v value, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < shortestHeartbeat || length > longestHeartbeat:
		d.fail(v, "%s is not from %s to %s; 60s is usual", FormatDuration(length), FormatDuration(shortestHeartbeat), FormatDuration(longestHeartbeat))
	default:
		*into = length
	}
}
