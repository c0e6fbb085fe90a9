package probe

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"
)

// An asker is a kind of probe: it asks a target once. It says what came of it
// and does not judge an answer.
type asker interface {
	ask(ctx context.Context, r *Runner, t *Target) observation
}

// askers holds the kind for each scheme of a URL.
var askers = map[string]asker{
	"http":  httpAsker{},
	"https": httpAsker{},
}

// observation is what asking once has shown.
type observation struct {
	status      int       // of the answer; 0 if none came
	reason      Reason    // why the asking ended early; OK if it did not
	asked       time.Time // when the asking began
	timings     Timings
	retryAfter  Announcement
	header      http.Header         // of the answer; nil if none came
	body        *bytes.Buffer       // as far as read; nil unless an expectation needs it
	cut         bool                // the body went on
	leads       string              // where the last redirect leads; empty if there was none or nobody asks
	elsewhere   bool                // redirects led to another path than the target's
	beginning   *[maxBeginning]byte // of a body that no expectation needs; nil if none was read
	conditional bool                // the last request asked whether what is known still holds
	request     string              // of a conditional target: what was asked last
	wait        time.Duration       // for the first byte of the last answer
	phrase      string              // the status as the answer spells it: code and reason phrase
	trace       trace               // of the requests; none if nothing was sent
	evidence    Evidence
	proof       proof // what was shown of who asks
	form        bool  // the body is a page with a form to log in
}

// start is the beginning of the body, and whether that is all of it.
func (o *observation) start() (beginning []byte, whole bool) {
	switch {
	case o.body != nil:
		beginning = o.body.Bytes()
	case o.beginning != nil:
		beginning = o.beginning[:]
	}
	beginning = beginning[:min(int64(len(beginning)), o.evidence.BodyBytes, maxBeginning)]
	return beginning, int64(len(beginning)) == o.evidence.BodyBytes
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// release gives back what is only needed for judging.
func (o *observation) release() {
	if o.beginning != nil {
		beginnings.Put(o.beginning)
		o.beginning = nil
	}
	if o.body == nil {
		return
	}
	o.body.Reset()
	bodies.Put(o.body)
	o.body = nil
}

// add adds the phases of a further exchange.
func (t *Timings) add(further Timings) {
	t.DNS += further.DNS
	t.Connect += further.Connect
	t.TLS += further.TLS
	t.FirstByte += further.FirstByte
	t.Transfer += further.Transfer
}
