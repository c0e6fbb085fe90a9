package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// judge says what an observation means, given what was expected of it, and notes which
// expectation was not met. The context bounds how long it looks at a hostile body.
func judge(ctx context.Context, t *Target, o *observation) Verdict {
	expect := &t.Expect
	status, expiring := o.weighStatus(t), o.weighCertificate(&expect.TLS)
	if o.unchanged() {
		status = OK
	}
	switch {
	case o.reason == OK:
	case o.status != 0 && status != OK && reasons[o.reason].symptom == NoAnswer:
		// The answer broke off, but its head had said enough: a 503 stays a 503.
		return judged(status, o.status)
	default:
		return judged(o.reason, o.status)
	}
	if status == ServerError && expect.Business != nil {
		return judged(o.business(ctx, t), o.status)
	}
	if status != OK {
		o.noteStatus(t, status)
		return judged(status, o.status)
	}
	if reason := o.weigh(ctx, t); reason != OK {
		return judged(reason, o.status)
	}
	if expiring {
		o.noteCertificate()
		return judged(CertificateExpiring, o.status)
	}
	return judged(OK, o.status)
}

// weigh finds the first expectation beyond the status that is not met.
func (o *observation) weigh(ctx context.Context, t *Target) Reason {
	expect := &t.Expect
	if o.unchanged() { // as it was when it was good
		return o.weighLatency(expect)
	}
	if expect.Redirect != nil {
		why, err := leadsTo(ctx, expect.Redirect, o.leads)
		if why != nil || err != nil {
			return o.unmet(ctx, t, HeaderMismatch, why, err)
		}
	}
	for i := range expect.Header {
		if why, err := expect.Header[i].met(ctx, o.header); why != nil || err != nil {
			return o.unmet(ctx, t, HeaderMismatch, why, err)
		}
	}
	if !bodiless(o.status) {
		if reason := o.weighBody(ctx, t); reason != OK {
			return reason
		}
	}
	return o.weighLatency(expect)
}

func (o *observation) weighLatency(expect *Expect) Reason {
	if took := o.timings.Total; expect.Latency > 0 && took > expect.Latency {
		o.evidence.addNote(fmt.Sprintf("it took %.3f s, and should take at most %.3f s", took.Seconds(), expect.Latency.Seconds()))
		return TooSlow
	}
	return OK
}

// weighBody finds the first expectation of the body that is not met.
func (o *observation) weighBody(ctx context.Context, t *Target) Reason {
	expect := &t.Expect
	if expect.Body.needed() {
		if why, err := expect.Body.met(ctx, o.read()); why != nil || err != nil {
			return o.unmet(ctx, t, BodyMismatch, why, err)
		}
	}
	if why := expect.Size.met(o.evidence.BodyBytes, o.cut); why != nil {
		return o.unmet(ctx, t, BodyMismatch, why, nil)
	}
	if expect.JSON != nil {
		if why, err := expect.JSON.met(ctx, o.read(), o.cut); why != nil || err != nil {
			return o.unmet(ctx, t, JSONMismatch, why, err)
		}
	}
	return OK
}

// read is the body as far as it was read.
func (o *observation) read() []byte {
	if o.body == nil {
		return nil
	}
	return o.body.Bytes()
}

// unmet notes for people what is not as expected. An error says that time ran out while
// that was being found out.
func (o *observation) unmet(ctx context.Context, t *Target, reason Reason, why *mismatch, err error) Reason {
	if errors.Is(ctx.Err(), context.Canceled) {
		return Canceled
	}
	note := "what came could not be judged before the time ran out; ask for less of it"
	switch {
	case err == nil:
		note = why.note(t)
	case errors.Is(err, errBusy):
		note, reason = err.Error(), ProberOverload
	}
	o.evidence.Notes = append(o.evidence.Notes, note)
	return reason
}

// weighStatus says what the status means for a target.
func (o *observation) weighStatus(t *Target) Reason {
	reason := judgeStatus(t.Expect.Status, o.status)
	switch {
	case isRedirect(o.status) && t.wantsRedirect():
		return OK
	case reason == AuthBypass && o.elsewhere:
		return UnexpectedStatus // another page than the one that should be closed
	case reason == ServerError && t.MayShed && o.status == http.StatusServiceUnavailable && o.retryAfter.Made:
		return LoadShed
	}
	return reason
}

// noteStatus says which status was expected, where that alone makes the answer wrong.
func (o *observation) noteStatus(t *Target, reason Reason) {
	expected := &t.Expect.Status
	if reason == UnexpectedStatus && o.status == http.StatusNotModified {
		o.evidence.addNote(t.noteUnasked())
	}
	if (reason == UnexpectedStatus || reason == AuthBypass) && !expected.Empty() {
		o.evidence.addNote("the status is " + strconv.Itoa(o.status) + ", and should be " + expected.String())
	}
}

// judgeStatus says what a status means. An expected one is good whatever it is.
func judgeStatus(expected StatusSet, status int) Reason {
	class := ClassOf(status)
	if expected.Has(status) || expected.Empty() && class == ClassSuccess {
		return OK
	}
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusTooManyRequests:
		return Throttled
	}
	switch {
	case class == ClassServerError:
		return ServerError
	case class == ClassClientError:
		return ClientError
	case class == ClassSuccess && expected.onlyDenial():
		return AuthBypass
	}
	return UnexpectedStatus
}

// onlyDenial reports whether nothing but a refused access is expected.
func (s StatusSet) onlyDenial() bool {
	denials := 0
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		if s.Has(code) {
			denials++
		}
	}
	return denials > 0 && denials == s.size()
}
