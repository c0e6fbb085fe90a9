package probe

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// hop is one request on the way from the configured address to the final answer.
type hop struct {
	url    *url.URL
	method string
	body   bool // the configured body is sent
	home   bool // still at the configured origin: headers, user-info and body may go there
}

// firstHop is the request that a target describes.
func firstHop(t *Target) hop {
	method := t.Method
	if method == "" {
		method = http.MethodGet
	}
	return hop{url: wired(t.URL), method: method, body: !t.Body.IsZero(), home: true}
}

// isRedirect reports whether a status asks to go elsewhere (RFC 9110 section 15.4).
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// next is the request that a redirect asks for, or why it is not made, which note
// tells people.
func (h hop) next(status int, location string) (following hop, reason Reason, note string) {
	to, err := url.Parse(location)
	switch {
	case location == "":
		return hop{}, RedirectInvalid, "not followed: the redirect has no Location"
	case err != nil:
		return hop{}, RedirectInvalid, "not followed: the redirect's Location is no address (URL)"
	}
	to = h.url.ResolveReference(to)
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return hop{}, RedirectBlocked, "not followed: a redirect may lead to http and https only"
	case h.url.Scheme == "https" && to.Scheme == "http":
		return hop{}, RedirectBlocked, "not followed: a redirect from https to http would give up what https protects; configure the address that is meant"
	case to.Hostname() == "":
		return hop{}, RedirectInvalid, "not followed: the redirect's Location has no host"
	}
	if wrong, found := errors.AsType[*HostError](CheckHost(to.Hostname())); found {
		if wrong.Disguise {
			return hop{}, RedirectBlocked, "not followed: " + wrong.Error()
		}
		return hop{}, RedirectInvalid, "not followed: " + wrong.Error()
	}
	following = hop{url: wired(to), method: h.method, body: h.body, home: h.home && sameOrigin(h.url, to)}
	if becomesGet(status, h.method) {
		following.method = http.MethodGet
	}
	if status == http.StatusSeeOther || following.method != h.method {
		following.body = false
	}
	if following.body && !following.home {
		return hop{}, RedirectBlocked, "not followed: the body would have to go to another origin"
	}
	return following, OK, ""
}

// becomesGet reports whether a redirect turns the method into GET.
func becomesGet(status int, method string) bool {
	switch status {
	case http.StatusSeeOther:
		return method != http.MethodHead
	case http.StatusMovedPermanently, http.StatusFound:
		return method == http.MethodPost
	}
	return false
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

// key tells requests apart when looking for loops.
func (h hop) key() string {
	return h.method + " " + h.url.Scheme + "://" + strings.ToLower(h.url.Hostname()) + ":" + portOf(h.url) + h.url.RequestURI()
}
