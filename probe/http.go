package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"sonde/text"
)

// httpAsker asks over HTTP/1.1, and over HTTP/2 where the server prefers it. It
// follows redirects itself, each on a connection of its own.
type httpAsker struct{}

func (httpAsker) ask(ctx context.Context, r *Runner, t *Target) observation {
	w := walk{runner: r, target: t, hop: firstHop(t)}
	if !w.prove(ctx) {
		return w.seen
	}
	w.began = time.Now()
	w.seen.asked = w.began
	if proxy := t.Transport.Proxy; proxy != nil {
		w.seen.evidence.Proxy = proxy.String()
	}
	w.trace, w.inject = traceOf(t)
	for w.step(ctx) {
	}
	if note := statusNote(w.hop.method, w.seen.status, w.seen.header); note != "" && w.seen.reason != RedirectInvalid {
		w.seen.evidence.addNote(note)
	}
	if t.Conditional {
		w.seen.request = w.hop.key()
	}
	w.seen.timings.Total = time.Since(w.began)
	return w.seen
}

// walk is the way from the configured address to the final answer.
type walk struct {
	runner  *Runner
	target  *Target
	began   time.Time
	hop     hop
	visited []string
	exposed bool // a public address has answered
	told    int  // notes before the last redirect was told of
	trace   trace
	inject  bool // the trace is sent
	seen    observation
}

// step makes one request, and reports whether another follows.
func (w *walk) step(ctx context.Context) (more bool) {
	x := &exchange{
		runner: w.runner, target: w.target, home: w.hop.home, began: w.began, request: w.request(), client: w.clientPart(),
		guard: guard{allowed: w.target.Transport.AllowNetworks, redirected: len(w.visited) > 0, exposed: w.exposed},
	}
	defer x.close()
	err := x.begin(ctx)
	defer w.note(x)
	if err != nil {
		w.fail(ctx, x, err)
		return false
	}
	w.head(x.answer)
	if x.forward && x.answer.StatusCode == http.StatusProxyAuthRequired { // RFC 9110 section 15.5.8: of the proxy
		refusal := refusalError{proxy: w.seen.evidence.Proxy, reason: Unauthenticated}
		w.seen.reason = refusal.reason
		w.seen.evidence.addNote(refusal.note())
		return false
	}
	if w.mayFollow() {
		w.seen.reason = w.follow(x.answer.Header.Get("Location"))
		return w.seen.reason == OK
	}
	w.noteRefusal(x)
	maybeLogin := w.maybeLogin()
	if w.target.Expect.needsBody(w.seen.status) || w.target.grants || w.target.Conditional || maybeLogin {
		w.seen.body = bodies.Get().(*bytes.Buffer)
	}
	if err := x.readBody(w.seen.body); err != nil {
		w.fail(ctx, x, err)
	}
	w.seen.form = maybeLogin && asksForPassword(w.seen.body.Bytes())
	return false
}

// head takes over what the head of an answer says.
func (w *walk) head(answer *http.Response) {
	w.seen.status = answer.StatusCode
	w.seen.header = answer.Header
	w.seen.retryAfter = Announcement{}
	w.seen.elsewhere = w.hop.url.Path != w.target.URL.Path
	if w.target.Expect.Redirect != nil {
		w.seen.lead(w.hop.url, answer)
	}
	w.seen.phrase = answer.Status
	if ClassOf(answer.StatusCode) != ClassSuccess {
		w.seen.retryAfter = retryAfter(answer.Header, time.Now())
	}
}

// fail takes over why there is no complete answer.
func (w *walk) fail(ctx context.Context, x *exchange, err error) {
	w.seen.reason = x.client.causeOf(err, cause(ctx, err, x.at))
	w.seen.evidence.Error = x.inWords(w.seen.reason, err)
	if w.seen.reason == RedirectBlocked {
		w.stay()
	}
	if refused := refusedCertificate(err); refused != nil {
		w.seen.evidence.Certificate = evidenceOfCertificate(refused)
	}
	w.noteCertificate(x, err)
	if note := noteOn(err, w.target.Transport.Family); note != "" {
		w.seen.evidence.addNote(note)
	}
	if refusal, found := errors.AsType[*refusalError](err); found && refusal.answer != nil {
		w.head(refusal.answer)
		w.noteRefusal(x)
		return
	}
	if x.answer != nil || w.seen.reason == RedirectBlocked {
		return
	}
	w.seen.status, w.seen.header, w.seen.phrase = 0, nil, ""
	if interim := x.lastInterim(); interim != 0 && (w.seen.reason == ConnectionClosed || w.seen.reason == ConnectionReset) {
		w.seen.status, w.seen.reason = interim, OK // the answer that there was
	}
}

// note takes over what an exchange has shown on its way.
func (w *walk) note(x *exchange) {
	w.seen.timings.add(x.timings)
	w.exposed = w.exposed || !x.reached.IsValid() || networkOf(x.reached).reach == public
	e := &w.seen.evidence
	if address := x.remoteAddr(); address != "" || w.seen.reason != RedirectBlocked {
		e.RemoteAddr = address // of a redirect that was blocked: that of who sent it
	}
	interim, heard := x.interims()
	if heard > len(interim) {
		e.addNote(fmt.Sprintf("%d interim (1xx) answers came; the first %d are kept", heard, len(interim)))
	}
	e.Interim = append(e.Interim, interim[:min(len(interim), maxInterim-len(e.Interim))]...)
	e.BodyBytes = x.size
	w.seen.beginning, w.seen.wait = x.beginning, x.timings.FirstByte
	if !x.sent.IsZero() {
		w.seen.trace = w.trace
	}
	if x.answer != nil {
		e.Protocol = text.Printable(x.answer.Proto, maxText)
	}
	w.noteTLS(x)
	if x.cut {
		w.seen.cut = true
		e.addNote(fmt.Sprintf("the body was cut at %s and judged as far as read", bytesInWords(x.size)))
	}
}

// mayFollow reports whether the answer is a redirect that is not itself what was
// asked for. A redirect to a login page is looked at even where none is followed.
func (w *walk) mayFollow() bool {
	status := w.seen.status
	if !isRedirect(status) || w.target.Expect.Status.Has(status) || w.target.wantsRedirect() {
		return false
	}
	return w.target.Redirect > 0 || w.target.leadsToLogin(w.hop.url, w.seen.header.Get("Location"))
}

// follow goes where a redirect leads, or says why not. A request that may not be
// repeated is not repeated elsewhere either.
func (w *walk) follow(location string) Reason {
	if location != "" && w.target.leadsToLogin(w.hop.url, location) && !w.expectedThere(location) {
		if to, err := w.hop.url.Parse(location); err == nil {
			w.seen.evidence.addNote("the redirect leads to a page to log in: " + text.URL(to))
		}
		return LoginRedirect
	}
	next, reason, note := w.hop.next(w.seen.status, location)
	if reason != OK {
		w.seen.evidence.addNote(note)
		return reason
	}
	if !w.target.mayRepeat(next.method) {
		w.seen.evidence.Notes = append(w.seen.evidence.Notes,
			next.method+" was not sent again to "+text.URL(next.url)+": configure that address, or idempotent: true")
		return RedirectBlocked
	}
	w.visited = append(w.visited, w.hop.key())
	switch {
	case slices.Contains(w.visited, next.key()):
		return RedirectLoop
	case len(w.visited) > w.target.Redirect:
		return RedirectLimit
	}
	w.tell(next)
	w.hop = next
	return OK
}

// tell notes for people that a redirect was followed, and what would spare it.
func (w *walk) tell(next hop) {
	e := &w.seen.evidence
	w.told = len(e.Notes)
	address := text.URL(next.url)
	e.Redirects = append(e.Redirects, address)
	if status := w.seen.status; status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect {
		e.Notes = append(e.Notes, "moved permanently: configure "+address)
	}
	if w.hop.home && !next.home && (len(w.target.Header) > 0 || w.target.URL.User != nil || w.target.Auth != nil) {
		e.Notes = append(e.Notes, "headers and user-info were not sent to another origin: "+address)
	}
}

// stay takes back what was told of a redirect that was not followed after all: nobody
// should configure an address that is never asked.
func (w *walk) stay() {
	e := &w.seen.evidence
	e.Redirects, e.Notes = e.Redirects[:len(e.Redirects)-1], e.Notes[:w.told]
}

// request is the request of the present hop.
func (w *walk) request() *http.Request {
	request := &http.Request{
		Method: w.hop.method, URL: w.hop.url, Host: w.hop.url.Host,
		Header: make(http.Header, len(w.target.Header)+3),
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Close: true,
	}
	if w.hop.home {
		w.addConfigured(request)
	}
	if w.hop.body {
		body := w.target.Body.Reveal()
		request.ContentLength = int64(len(body))
		request.Body = io.NopCloser(strings.NewReader(body))
		// A repeat is an attempt of its own, never something that net/http does in between.
		request.GetBody = func() (io.ReadCloser, error) { return nil, errOneConnection }
	}
	w.addDefaults(request)
	w.condition(request)
	return request
}

// addConfigured adds what only the configured origin may see.
func (w *walk) addConfigured(request *http.Request) {
	if user := w.target.URL.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	bodyDropped := !w.hop.body && !w.target.Body.IsZero()
	for name, value := range w.target.Header {
		name = http.CanonicalHeaderKey(name)
		switch {
		case name == "Host":
			request.Host = value.Reveal()
		case bodyDropped && strings.HasPrefix(name, "Content-"):
		default:
			request.Header[name] = []string{value.Reveal()}
		}
	}
	if proof := w.seen.proof.header; !proof.IsZero() {
		request.Header["Authorization"] = []string{proof.Reveal()}
	}
}

func (w *walk) addDefaults(request *http.Request) {
	w.addTrace(request)
	if _, set := request.Header["User-Agent"]; !set {
		agent := w.runner.UserAgent
		if agent == "" {
			agent = "sonde"
		}
		request.Header.Set("User-Agent", agent)
	}
	// A range of compressed bytes could not be read, and a HEAD has nothing to compress.
	if request.Header.Get("Accept-Encoding") == "" && request.Header.Get("Range") == "" && request.Method != http.MethodHead {
		request.Header.Set("Accept-Encoding", "gzip")
	}
}
