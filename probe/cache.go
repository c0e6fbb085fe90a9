package probe

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
)

// CacheOutcome says what came of asking whether a known answer still holds.
type CacheOutcome uint8

// The outcomes.
const (
	CacheNone    CacheOutcome = iota // it was not asked, or not answered
	CacheHit                         // 304: what is known still holds
	CacheMiss                        // 200, although nothing says that it has changed
	CacheChanged                     // 200, with another validator
)

var cacheNames = []string{"", "hit", "miss", "changed"}

func (c CacheOutcome) String() string { return spell(cacheNames, c) }

// MarshalText writes the outcome as in [CacheOutcome.String].
func (c CacheOutcome) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *CacheOutcome) UnmarshalText(text []byte) (err error) {
	*c, err = read[CacheOutcome](cacheNames, "outcome of a conditional request", text)
	return err
}

const (
	maxValidator = 1 << 10 // bytes of a validator that is worth keeping
	maxKept      = 1 << 16 // targets whose validators are kept
)

// validators are by what the latest good answer of a target is asked for again (RFC 9110
// section 13.1). They live in memory only.
type validators struct {
	request  string // that was answered so
	etag     string
	modified string
	body     uint64 // a hash of it
	churn    int    // answers in a row whose validator was another one
}

// known keeps the validators of targets.
type known struct {
	mu sync.Mutex
	of map[who]validators
}

// who is a target that is asked over a family: behind each there may be another server.
type who struct {
	target *Target
	family Family
}

func (t *Target) who() who {
	if t.origin != nil {
		return who{t.origin, t.Transport.Family}
	}
	return who{t, t.Transport.Family}
}

func (k *known) get(t *Target) (validators, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, found := k.of[t.who()]
	return v, found
}

// put keeps validators. Where there are too many targets, those of any other are forgotten,
// which costs one unconditional request.
func (k *known) put(t *Target, v validators) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[who]validators{}
	}
	key := t.who()
	if _, there := k.of[key]; !there && len(k.of) >= maxKept {
		for other := range k.of {
			delete(k.of, other)
			break
		}
	}
	k.of[key] = v
}

// bodySeed makes hashes of bodies that nobody can aim at.
var bodySeed = maphash.MakeSeed()

// condition adds to a request what makes it conditional, if this very request has been
// answered by something that can be asked for.
func (w *walk) condition(request *http.Request) {
	w.seen.conditional = false
	if !w.target.Conditional {
		return
	}
	v, found := w.runner.known.get(w.target)
	if !found || v.request != w.hop.key() || v.etag == "" && v.modified == "" {
		return
	}
	w.seen.conditional = true
	if v.etag != "" {
		request.Header.Set("If-None-Match", v.etag)
	}
	if v.modified != "" {
		request.Header.Set("If-Modified-Since", v.modified)
	}
}

// unchanged reports whether the answer says that what is known still holds. A 304 that
// nobody asked for says nothing.
func (o *observation) unchanged() bool {
	return o.conditional && o.status == http.StatusNotModified
}

// remember compares a good answer with the one that was known, says what came of it, and
// keeps what the next request can ask for.
func (r *Runner) remember(t *Target, o *observation) CacheOutcome {
	if !t.Conditional {
		return CacheNone
	}
	before, found := r.known.get(t)
	found = found && before.request == o.request
	switch {
	case o.unchanged():
		before.churn = 0
		r.known.put(t, before)
		return CacheHit
	case o.status != http.StatusOK:
		return CacheNone
	}
	now := validators{request: o.request, etag: validETag(o.header.Get("Etag")), modified: validDate(o.header.Get("Last-Modified"))}
	if o.body != nil {
		now.body = maphash.Bytes(bodySeed, o.body.Bytes())
	}
	outcome := CacheNone
	switch {
	case now.etag == "" && now.modified == "":
		o.evidence.addNote("the answer has neither a valid ETag nor Last-Modified: nobody can ask whether it has changed")
		if found {
			outcome = CacheMiss
		}
	case !found:
	case now.etag == before.etag && now.modified == before.modified:
		outcome = CacheMiss
		o.evidence.addNote("200 with the validator that was sent: the server does not answer conditional requests (RFC 9110 section 13.1)")
	default:
		outcome, now.churn = CacheChanged, before.churn+1
		if note := churned(before, now); note != "" {
			o.evidence.addNote(note)
		}
	}
	r.known.put(t, now)
	return outcome
}

// manyChanges is how many other validators in a row are no coincidence.
const manyChanges = 3

// churned says what is odd about a validator that has changed; "" if nothing is.
func churned(before, now validators) string {
	what := "ETag"
	if now.etag == before.etag {
		what = "Last-Modified"
	}
	switch {
	case before.body == now.body && now.churn >= manyChanges:
		return what + " changes every time although the body stays the same: no cache can keep it"
	case before.body == now.body:
		return what + " has changed although the body is the same"
	case now.churn >= manyChanges:
		return what + " changes every time, and the body with it"
	}
	return ""
}

// validETag is an entity tag that can be sent back (RFC 9110 section 8.8.3); else "".
func validETag(s string) string {
	opaque := strings.TrimPrefix(s, "W/")
	if len(s) > maxValidator || len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return ""
	}
	for _, c := range []byte(opaque[1 : len(opaque)-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return ""
		}
	}
	return s
}

// validDate is a date that can be sent back; else "".
func validDate(s string) string {
	if _, err := http.ParseTime(s); err != nil {
		return ""
	}
	return s
}
