package probe

import (
	"net/http"
	"net/url"
	"time"

	"sonde/text"
)

// ID identifies a probe for ever: it is given once and survives a rename.
type ID int64

// Target is what to ask, and what to expect of the answer. It is never changed
// once it is in use; several runs may share it.
type Target struct {
	Name     string
	URL      *url.URL // absolute, http or https
	Method   string   // GET if empty
	Header   map[string]text.Secret
	Body     text.Secret
	Auth     *Auth  // nil: nobody in particular asks
	Roots    *Roots // whom to trust; the runner's if nil
	Expect   Expect
	Timeout  time.Duration // bounds the whole run, retries and waits included; > 0
	Retries  int           // attempts after the first, at the most
	Redirect int           // redirects that are followed, at the most; 0 judges the 3xx itself

	// LoginHosts are hosts where people log in: a redirect to one of them says that the
	// credential is missing, whatever its path.
	LoginHosts []string

	Transport Transport // how the target is reached

	// Idempotent says that repeating the request does no harm although the
	// method does not promise it (RFC 9110 section 9.2.2).
	Idempotent bool
	Credit     RetryCredit

	// MayShed says that the target may shed load: a 503 that announces when to come
	// back (RFC 9110 section 15.6.4) is then load_shed instead of server_error.
	MayShed bool

	Watched *Watched // what of the request stands in files; nil: nothing

	NoTrace bool // send no traceparent

	// Conditional asks with the validators of the latest good answer whether that still
	// holds: a 304 is good then. Only with GET and HEAD.
	Conditional bool

	grants bool    // an access token is asked for: the body is kept
	origin *Target // of which this is a copy; nil if it is none
}

// Repeatable reports whether the request may be sent more than once: its method is
// idempotent (RFC 9110 section 9.2.2), or the target says that it is.
func (t *Target) Repeatable() bool { return t.mayRepeat(t.Method) }

// mayRepeat is Repeatable for the method that a request has become on its way.
func (t *Target) mayRepeat(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return t.Idempotent
}
