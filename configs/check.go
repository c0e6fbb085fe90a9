package configs

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sonde/text"
)

// query reads what follows the "?" of an address.
func (d *decoder) query(v value, written string) (hidden, bool) {
	t, err := parseTemplate(written)
	if err == nil && !t.refers() {
		return hidden{t, text.NewSecret(t.text()), true}, true // most of it is no secret, so the line may be shown
	}
	return d.secretText(v, written, url.QueryEscape)
}

// warnPlain warns of secrets that everybody on the way can read. What auth holds is told by
// checkAuth.
func (d *decoder) warnPlain(s *spec) {
	u := s.address.url
	if u == nil || u.Scheme != "http" || loopback(u.Hostname()) {
		return
	}
	var plain []string
	for _, name := range slices.Sorted(maps.Keys(s.headers)) {
		if s.headers[name].secret {
			plain = append(plain, "header "+strings.ToLower(name))
		}
	}
	_, query, _ := strings.Cut(s.address.written, "?")
	if names := sensitiveNames(query); len(names) > 0 || strings.Contains(query, "${") {
		plain = append(plain, "the query")
	}
	if s.body.template.refers() {
		plain = append(plain, "the body")
	}
	if u.User != nil {
		plain = append(plain, "the user in the address")
	}
	if len(plain) > 0 {
		d.warn(s.found.of("url"), "%s may hold secrets, and everybody on the way can read them, because the address is http; use https", strings.Join(plain, ", "))
	}
}

// sensitiveNames are the names in a query whose values are secrets.
func sensitiveNames(query string) (names []string) {
	for pair := range strings.SplitSeq(query, "&") {
		if name, secret, _ := strings.Cut(pair, "="); sensitive(name) && secret != "" {
			names = append(names, name)
		}
	}
	return names
}

// warnQuery warns of a secret among the values of a query.
func (d *decoder) warnQuery(v value, content hidden) {
	for pair := range strings.SplitSeq(content.template.written, "&") {
		name, secret, _ := strings.Cut(pair, "=")
		if sensitive(name) && secret != "" && !strings.Contains(secret, "${") {
			d.warn(v, "the value of %s in the query is a secret that stands in the file; write ${env:NAME}, ${file:PATH} or ${credential:NAME}", quote(name))
		}
	}
}

// checkProbe checks what the keys of one probe mean together.
func (d *decoder) checkProbe(s *spec) {
	for _, key := range []string{"name", "url"} {
		if _, ok := s.found.get(key); !ok {
			d.fail(s.value, "a probe needs a %s; add %s:", key, key)
		}
	}
	d.checkTimeout(s)
	d.checkBody(s)
	d.checkCache(s)
	d.checkAuth(s)
	d.warnPlain(s)
	d.checkTransport(s)
	if s.address.url != nil && s.address.url.User != nil {
		d.checkUser(s)
	}
	if v, ok := s.found.get("was"); ok && s.was != "" && s.was == s.name {
		d.fail(v, "%s is the name it still has; remove was", quote(s.was))
	}
}

// checkTimeout checks that a run fits its slot (DESIGN.md section 3, invariant 7).
func (d *decoder) checkTimeout(s *spec) {
	if s.timeout <= s.interval {
		return
	}
	timeout, interval := FormatDuration(s.timeout), FormatDuration(s.interval)
	if _, own := s.found.get("timeout"); !own {
		if v, ok := s.found.get("interval"); ok {
			d.fail(v, "%s is shorter than timeout %s; raise interval or lower timeout", interval, timeout)
			return
		}
	}
	if v, ok := d.where(s, "timeout"); ok {
		d.fail(v, "%s does not fit interval %s; lower timeout or raise interval", timeout, interval)
	}
}

// checkBody checks that bodies are only where the method has them.
func (d *decoder) checkBody(s *spec) {
	if v, ok := s.found.get("body"); ok && !slices.Contains(bodied, s.method) {
		d.fail(v, "%s has no body; remove it, or use POST, PUT, PATCH or DELETE", s.method)
	}
	if v, ok := d.where(s, "expect"); ok && s.method == http.MethodHead && looksIntoBody(&s.expect) {
		d.fail(v, "the answer to HEAD has no body to look into; remove body, size and json, or use GET")
	}
}

// checkUser checks a user that stands in the address: it becomes a header.
func (d *decoder) checkUser(s *spec) {
	v := s.found.of("url")
	if _, password := s.address.url.User.Password(); password {
		d.warn(v, "a password stands in the address; write auth: {basic: {user: %s, password: \"${env:NAME}\"}} instead", quote(s.address.url.User.Username()))
	}
	if _, both := s.headers["Authorization"]; both {
		d.fail(v, "the address has a user and there is an authorization header; keep one of them")
	}
}

// listNames notes the names of probes and of their groups, for those who refer to them.
func (d *decoder) listNames(specs []spec) {
	seen := make(map[string]bool, len(specs))
	for i := range specs {
		d.names = append(d.names, specs[i].name)
		if g := specs[i].group; g != "" && !seen[g] {
			seen[g] = true
			d.groups = append(d.groups, g)
		}
	}
}

// checkNames checks names across probes.
func (d *decoder) checkNames(specs []spec) {
	named := make(map[string]value, len(specs))
	for i := range specs {
		s := &specs[i]
		v, ok := s.found.get("name")
		if !ok || s.name == "" {
			continue
		}
		if first, twice := named[s.name]; twice {
			d.fail(v, "%s is also the name of the probe on line %d; give each its own", quote(s.name), first.at.line)
			continue
		}
		named[s.name] = v
	}
	renamed := map[string]value{}
	for i := range specs {
		s := &specs[i]
		v, ok := s.found.get("was")
		if !ok || s.was == "" || s.was == s.name {
			continue
		}
		if other, taken := named[s.was]; taken {
			d.fail(v, "%s is the name of the probe on line %d, which has that history; remove was", quote(s.was), other.at.line)
		} else if first, twice := renamed[s.was]; twice {
			d.fail(v, "the probe on line %d was %s already; only one of them can have that history", first.at.line, quote(s.was))
		} else {
			renamed[s.was] = v
		}
	}
}
