package configs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
	"sonde/text"
)

// Probe is one configured check, complete and valid. Printed in any way it is its
// name, because its target holds secrets.
type Probe struct {
	Name       string // unique in the file
	Was        string // the name it had before; empty if it was not renamed
	Group      string // may be empty
	Target     *probe.Target
	Interval   time.Duration // from 1 s to 30 d, whole milliseconds
	Objectives []slo.Objective
	Policy     incident.Policy
	Notify     notify.Routes // names destinations of the same file
	DependsOn  []string      // names of probes of the same file, or group: and the name of a group
	Labels     map[string]string
	Runbook    string // an address; may be empty

	// Credential is what it is asked with: a name, or "of/" and the first probe that is asked
	// with the same one; empty for none.
	Credential string

	// RequestHash changes whenever the request changes. It is made of what the file
	// says: of a reference, not of the secret behind it. Hexadecimal.
	RequestHash string
}

// Format prints the name, for every verb.
func (p Probe) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.Name) }

// MarshalText writes the name.
func (p Probe) MarshalText() ([]byte, error) { return []byte(p.Name), nil }

// spec is what the file says about a probe, over its defaults.
type spec struct {
	settings
	name, was  string
	address    address
	body       hidden
	watched    probe.Watched // what stands in files; headers have their own
	idempotent bool
	dependsOn  []string

	value value
	found fields // what the probe itself says
}

// address is the URL of a target.
type address struct {
	url     *url.URL // nil: not read
	written string   // unresolved
	query   probe.Source
}

// probeKeys are the keys of a probe: its own, and all settings.
var probeKeys = withSettings(keys[spec]{
	"name":       func(d *decoder, v value, s *spec) { d.name(v, &s.name) },
	"was":        func(d *decoder, v value, s *spec) { d.name(v, &s.was) },
	"url":        func(d *decoder, v value, s *spec) { s.address = d.address(v) },
	"body":       func(d *decoder, v value, s *spec) { d.body(v, s) },
	"idempotent": func(d *decoder, v value, s *spec) { d.boolean(v, &s.idempotent) },
	"depends_on": func(_ *decoder, _ value, _ *spec) {}, // read when all probes are
})

func withSettings(own keys[spec]) keys[spec] {
	for key, read := range settingKeys {
		own[key] = func(d *decoder, v value, s *spec) { read(d, v, &s.settings) }
	}
	return own
}

// probeList reads all probes.
func (d *decoder) probeList(v value, base settings, kept History, references *References) []Probe {
	items := d.list(v)
	specs := make([]spec, len(items))
	for i, item := range items {
		s := &specs[i]
		s.settings, s.value = base.clone(), item
		s.found = readFields(d, item, probeKeys, s)
		if item.node.Kind == yaml.MappingNode {
			d.checkProbe(s)
		}
	}
	if len(items) == 0 && v.node.Kind == yaml.SequenceNode {
		d.fail(v, "the list is empty; give it at least one probe with a name and a url")
	}
	d.resolveOne(specs)
	d.checkNames(specs)
	d.listNames(specs)
	d.dependencies(specs)
	d.warnProbes(specs)
	d.warnHistory(specs, kept)
	probes := make([]Probe, 0, len(specs))
	asks := make([]asked, len(specs))
	shared := credentials(specs)
	for i := range specs {
		if specs[i].address.url != nil {
			p := specs[i].probe(&asks[i])
			p.Policy.Budgets = d.budgets(&specs[i])
			p.Credential = shared[i]
			p.Policy.Local = isLocal(&p, references)
			probes = append(probes, p)
		}
		specs[i] = spec{} // ten thousand of them are half of what a start takes of memory
	}
	return probes
}

// resolveOne reads the one probe whose references are wanted once more, with what it has from the
// defaults. What is said of it a second time is dropped.
func (d *decoder) resolveOne(specs []spec) {
	i := slices.IndexFunc(specs, func(s spec) bool { return d.only != "" && s.name == d.only })
	if i < 0 {
		return
	}
	s := &specs[i]
	d.secrets, d.files = d.onlyFrom, d.onlyFrom
	d.credentials = nil // those that were made hold references
	defer func() { d.secrets, d.files = nil, nil }()
	base := builtin()
	if d.defaultsAt != nil {
		inherited := maps.Clone(settingKeys)
		for _, key := range []string{"auth", "proxy", "tls"} { // which a probe says as a whole
			if _, own := s.found.get(key); own {
				inherited[key] = func(*decoder, value, *settings) {}
			}
		}
		object(d, *d.defaultsAt, inherited, &base)
	}
	again := spec{settings: base, value: s.value}
	again.found = readFields(d, s.value, probeKeys, &again)
	d.checkProbe(&again)
	*s = again
}

// where is the value that decided a setting: the probe's own, or the defaults'. It
// is false if neither says anything.
func (d *decoder) where(s *spec, key string) (value, bool) {
	if v, ok := s.found.get(key); ok {
		return v, true
	}
	v, ok := d.defaults.get(key)
	return v, ok
}

// whereIn is the value of a key inside a setting, which a probe says key by key over the
// defaults; the setting itself where neither has the key as its own.
func (d *decoder) whereIn(s *spec, setting, key string) (value, bool) {
	for _, found := range []fields{s.found, d.defaults} {
		if v, ok := found.get(setting); ok {
			if inside, ok := v.child(key); ok {
				return inside, true
			}
		}
	}
	return d.where(s, setting) // it was merged
}

// asked is what a probe asks. All probes have theirs in one piece of memory, so that they
// do not keep what lay between them while the file was read.
type asked struct {
	target probe.Target
	url    url.URL
}

// probe makes one piece of what the file says.
func (s *spec) probe(into *asked) Probe {
	target := &into.target
	into.url = *s.address.url
	*target = probe.Target{
		Name:        s.name,
		URL:         &into.url,
		Method:      s.method,
		Body:        s.body.value,
		Expect:      s.expect,
		Timeout:     s.timeoutOr(),
		Retries:     s.retries,
		Redirect:    s.redirects,
		LoginHosts:  s.loginHosts,
		Idempotent:  s.idempotent,
		Credit:      s.credit,
		Transport:   s.transport.Transport,
		MayShed:     s.mayShed,
		NoTrace:     s.untraced,
		Conditional: s.cache.on,
	}
	user := s.address.url.User
	if len(s.headers) > 0 || user != nil {
		target.Header = make(map[string]text.Secret, len(s.headers)+1)
	}
	for name, h := range s.headers {
		target.Header[name] = h.value
	}
	if user != nil {
		target.URL.User = nil
		password, _ := user.Password()
		target.Header["Authorization"] = text.NewSecret("Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	s.useAuth(target)
	s.watch(target)
	thresholds, _ := incident.NewThresholds(s.objectives)
	return Probe{
		Name: s.name, Was: s.was, Group: s.group, Target: target, Interval: s.interval,
		Objectives: s.objectives, Notify: s.routes, DependsOn: s.dependsOn, Labels: s.labels, Runbook: s.runbook,
		Policy: incident.Policy{
			Thresholds:     thresholds,
			StartOnSuccess: s.startOnSuccess,
			Interval:       s.interval,
			DownAfter:      s.alert.downAfter,
			AuthAfter:      s.alert.authAfter,
			RecheckEvery:   s.alert.recheckEvery,
			ResolveAfter:   s.alert.resolveAfter,
			RemindEvery:    s.alert.remindEvery,
			Repeatable:     target.Repeatable(),
			Count4xx:       s.count4xx,
			Timeout:        s.timeoutOr(),
			Conditional:    s.cache.on,
			MinCacheRatio:  s.cache.minRatio,
			Rules:          s.alert.rules,
		},
		RequestHash: s.requestHash(),
	}
}

// requestHash is a hash over what the file says about the request.
func (s *spec) requestHash() string {
	h := sha256.New()
	write(h, s.method, s.address.written, s.body.template.written)
	for _, name := range slices.Sorted(maps.Keys(s.headers)) {
		write(h, name, s.headers[name].written)
	}
	if s.auth != nil { // without it the hash is as it always was
		write(h, s.auth.written...)
	}
	write(h, s.transport.hashed()...)
	return hex.EncodeToString(h.Sum(nil))
}

// write adds texts to a hash so that no two lists of texts look the same.
func write(h hash.Hash, texts ...string) {
	for _, s := range texts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		_, _ = io.WriteString(h, s)
	}
}

// bodied are the methods whose requests have a body.
var bodied = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// address reads the URL of a target. References may stand in its query.
func (d *decoder) address(v value) address {
	written, ok := d.raw(v)
	if !ok {
		return address{}
	}
	var source probe.Source
	before, query, asks := strings.Cut(written, "?")
	resolved, ok := d.plain(v, before)
	if !ok {
		return address{}
	}
	if asks {
		content, ok := d.query(v, query)
		if !ok {
			return address{}
		}
		resolved += "?" + content.value.Reveal()
		source = d.source(content, url.QueryEscape, anyForm)
		d.warnQuery(v, content)
	}
	u, why := parseAddress(resolved)
	switch {
	case why != "":
		d.fail(v, "%s", why)
		return address{}
	case strings.Contains(resolved, "#"):
		d.fail(v, "a fragment (#...) is never sent; remove it")
		return address{}
	}
	return address{u, written, source}
}
