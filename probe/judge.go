package probe

import (
	"bytes"
	"net/http"
)

// judge says what an observation means, given what was expected. It is pure.
func judge(t *Target, o *observation) Verdict {
	expect := &t.Expect
	status := judgeStatus(expect.Status, o.status)
	if t.MayShed && status == ServerError && o.status == http.StatusServiceUnavailable && o.retryAfter.Made {
		status = LoadShed
	}
	switch {
	case o.reason == OK:
	case o.status != 0 && status != OK && reasons[o.reason].symptom == NoAnswer:
		// The answer broke off, but its head had said enough: a 503 stays a 503.
		return judged(status, o.status)
	default:
		return judged(o.reason, o.status)
	}
	switch {
	case status != OK:
		return judged(status, o.status)
	case !expect.Body.met(o.body):
		return judged(BodyMismatch, o.status)
	case expect.Latency > 0 && o.timings.Total > expect.Latency:
		return judged(TooSlow, o.status)
	}
	return judged(OK, o.status)
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

// needed reports whether the body has to be kept for judging.
func (b *BodyExpect) needed() bool { return b.Contains != "" }

// met reports whether the body is as expected, as far as it was read.
func (b *BodyExpect) met(body *bytes.Buffer) bool {
	if !b.needed() {
		return true
	}
	return body != nil && bytes.Contains(body.Bytes(), []byte(b.Contains))
}
