package probe

import (
	"net/http"
	"time"
)

// Expect is what the answer must be like to be good. It is judged in the order of its
// fields, and the first that is not met is the reason. The zero Expect asks for any 2xx.
type Expect struct {
	Status   StatusSet // empty: any 2xx
	Business *Business // turns a 5xx into business_error; nil: none does
	Redirect *Pattern  // where the last redirect must lead, as an absolute address; nil: anywhere or nowhere
	Header   []HeaderExpect
	Body     BodyExpect
	Size     SizeExpect
	JSON     *Condition    // over the body; nil: it need not be JSON
	Latency  time.Duration // slower is too_slow; 0: any
	TLS      TLSExpect
}

// needsBody reports whether the body of an answer has to be kept for judging.
func (e *Expect) needsBody(status int) bool {
	return e.Body.needed() || e.JSON != nil || e.Business != nil && ClassOf(status) == ClassServerError
}

// wantsRedirect reports whether a redirect is itself the answer that is expected: one is
// asked for, none is followed, and no status says otherwise.
func (t *Target) wantsRedirect() bool {
	return t.Expect.Redirect != nil && t.Redirect == 0 && t.Expect.Status.Empty()
}

// bodiless reports whether an answer has no body whatever it says (RFC 9110 section
// 15.4.5): what is expected of the body was judged when the copy was made.
func bodiless(status int) bool { return status == http.StatusNotModified }
