package probe

import (
	"log/slog"
	"maps"
	"net/http"
	"sync"

	"sonde/text"
)

// Watched are the parts of a request that stand in files, and change with them. They take the place
// of what the target says. It may be used by many at once.
type Watched struct {
	Header map[string]Source // by canonical name
	Query  Source            // the whole of it; zero: the target's
	Body   Source            // zero: the target's
}

// current is the target as the files have it; the target itself if none of it stands in files.
func (t *Target) current(log *slog.Logger) *Target {
	w := t.Watched
	if w == nil {
		return t
	}
	one := *t
	one.origin = t.who().target
	one.Header = maps.Clone(t.Header)
	for name, source := range w.Header {
		if one.Header == nil {
			one.Header = make(map[string]text.Secret, len(w.Header))
		}
		one.Header[name] = source.now(log)
	}
	if w.Query.Changes() {
		u := *t.URL
		u.RawQuery = w.Query.now(log).Reveal()
		one.URL = &u
	}
	if w.Body.Changes() {
		one.Body = w.Body.now(log)
	}
	return &one
}

// sources are the files that say who asks and what is asked.
func (t *Target) sources(each func(Source)) {
	if w := t.Watched; w != nil {
		for _, source := range w.Header {
			each(source)
		}
		each(w.Query)
		each(w.Body)
	}
	if t.Auth == nil || t.Auth.Credential == nil {
		return
	}
	c := t.Auth.Credential
	each(c.user)
	each(c.secret)
	if c.grant != nil {
		each(c.grant.ID)
		each(c.grant.Secret)
	}
}

// edition counts how often the files of a target have changed, as far as anybody has looked.
func (t *Target) edition() (n uint64) {
	t.sources(func(s Source) {
		if s.files != nil {
			n += s.files.edition.Load()
		}
	})
	if t.Auth != nil && t.Auth.Identity != nil {
		n += t.Auth.Identity.pair.edition.Load()
	}
	return n
}

// look looks at the files of a target, at once or as often as they are looked at anyway.
func (t *Target) look(log *slog.Logger, atOnce bool) {
	t.sources(func(s Source) {
		if atOnce {
			s.atOnce(log)
			return
		}
		s.now(log)
	})
	if t.Auth != nil && t.Auth.Identity != nil {
		t.Auth.Identity.pair.now(log)
	}
}

// refusals keeps, of targets whose credential was refused, which edition of their files that was.
type refusals struct {
	mu sync.Mutex
	of map[*Target]uint64
}

// note keeps or forgets a refusal.
func (k *refusals) note(t *Target, refused bool, edition uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := t.who().target
	switch {
	case !refused:
		delete(k.of, key)
	case k.of == nil:
		k.of = map[*Target]uint64{key: edition}
	default:
		k.of[key] = edition
	}
}

// Renewed reports whether a file has changed that says who asks or what is asked, since the target
// last refused that. It looks at the files.
func (r *Runner) Renewed(t *Target) bool {
	r.refused.mu.Lock()
	refused, found := r.refused.of[t]
	r.refused.mu.Unlock()
	if !found {
		return false
	}
	t.look(r.logger(), false)
	return t.edition() != refused
}

// changed reports whether files have another request by now than the one that was refused.
func (t *Target) changed(log *slog.Logger, asked uint64) bool {
	if t.Watched == nil {
		return false
	}
	t.look(log, true)
	return t.edition() != asked
}

// refuses reports whether an attempt was refused in a way that a renewed credential may change.
func (a *Attempt) refuses() bool {
	return a.Verdict.Reason == Unauthenticated && a.Verdict.Status == http.StatusUnauthorized
}
