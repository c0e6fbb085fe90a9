package configs

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/probe"
)

// expectKeys are what may be expected of an answer. A probe says it key by key over the
// defaults.
var expectKeys = keys[probe.Expect]{
	"status":   func(d *decoder, v value, e *probe.Expect) { e.Status = d.statuses(v) },
	"business": func(d *decoder, v value, e *probe.Expect) { compile(d, v, probe.ParseBusiness, &e.Business) },
	"redirect": func(d *decoder, v value, e *probe.Expect) { compile(d, v, probe.ParsePattern, &e.Redirect) },
	"headers":  func(d *decoder, v value, e *probe.Expect) { d.expectHeaders(v, &e.Header) },
	"body":     func(d *decoder, v value, e *probe.Expect) { object(d, v, bodyKeys, &e.Body) },
	"size":     func(d *decoder, v value, e *probe.Expect) { d.size(v, &e.Size) },
	"json":     func(d *decoder, v value, e *probe.Expect) { compile(d, v, probe.ParseCondition, &e.JSON) },
	"tls":      func(d *decoder, v value, e *probe.Expect) { object(d, v, expectTLSKeys, &e.TLS) },
	"latency":  func(d *decoder, v value, e *probe.Expect) { d.duration(v, time.Millisecond, &e.Latency) },
}

var bodyKeys = keys[probe.BodyExpect]{
	"contains":     func(d *decoder, v value, b *probe.BodyExpect) { b.Contains = d.filledTexts(v) },
	"not_contains": func(d *decoder, v value, b *probe.BodyExpect) { b.NotContains = d.filledTexts(v) },
	"matches":      func(d *decoder, v value, b *probe.BodyExpect) { b.Matches = d.patterns(v) },
}

var expectTLSKeys = keys[probe.TLSExpect]{
	"expires_in": func(d *decoder, v value, t *probe.TLSExpect) { d.expiresIn(v, t) },
}

// expiresIn reads how long a certificate should last at least: 0s for no matter how long. What
// is said holds for every certificate, however short its life.
func (d *decoder) expiresIn(v value, into *probe.TLSExpect) {
	if days, ok := d.loose(v); !ok || days != "" && strings.Trim(days, "0123456789") == "" {
		if ok {
			d.fail(v, "%s has no unit; write %sd", days, days)
		}
		return
	}
	if length, ok := d.length(v); ok {
		*into = probe.TLSExpect{ExpiresIn: length}
	}
}

// looksIntoBody reports whether something is expected that only a body can have.
func looksIntoBody(e *probe.Expect) bool {
	b := &e.Body
	return len(b.Contains)+len(b.NotContains)+len(b.Matches) > 0 || e.Size != probe.SizeExpect{} || e.JSON != nil
}

// compile reads an expression, and points into it where it is wrong.
func compile[T any](d *decoder, v value, parse func(string) (*T, error), into **T) {
	s, ok := d.text(v)
	if !ok {
		return
	}
	if s == "" {
		d.fail(v, "is empty; give it an expression or remove the key")
		return
	}
	compiled, err := parse(s)
	if err != nil {
		d.failInside(v, s, err)
		return
	}
	*into = compiled
}

// failInside notes a problem at the place within a text that an error is about.
func (d *decoder) failInside(v value, s string, err error) {
	at := v.at
	if bad, ok := errors.AsType[*probe.SyntaxError](err); ok {
		at = d.src.inside(v.node, s, bad.At)
	}
	d.failAs(at, v.path, "%v", err)
}

// patterns reads one regular expression or a list.
func (d *decoder) patterns(v value) []*probe.Pattern {
	var all []*probe.Pattern
	for _, item := range d.someOrList(v) {
		var one *probe.Pattern
		if compile(d, item, probe.ParsePattern, &one); one != nil {
			all = append(all, one)
		}
	}
	return all
}

// filledTexts reads one text or a list, none of them empty.
func (d *decoder) filledTexts(v value) []string {
	var all []string
	for _, item := range d.someOrList(v) {
		var one string
		if d.filled(item, &one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// someOrList is like oneOrList, and refuses an empty list.
func (d *decoder) someOrList(v value) []value {
	items := d.oneOrList(v)
	if len(items) == 0 && v.node.Kind == yaml.SequenceNode {
		d.fail(v, "the list is empty; name something or remove the key")
	}
	return items
}

// statuses reads a code, a class such as 2xx, or a list of them.
func (d *decoder) statuses(v value) probe.StatusSet {
	var set probe.StatusSet
	items := d.oneOrList(v)
	for _, item := range items {
		written, ok := d.loose(item)
		if !ok {
			continue
		}
		some, err := probe.ParseStatus(written)
		if err != nil {
			d.fail(item, "%v", err)
			continue
		}
		set = set.Union(some)
	}
	if len(items) == 0 && v.node.Value == "" {
		d.fail(v, "expects no status at all; name one, or remove the key to expect 2xx")
	}
	return set
}

// unseen are headers that HTTP takes away before an answer is judged.
var unseen = map[string]bool{"Transfer-Encoding": true, "Trailer": true}

// expectHeaders adds what is expected of headers to what is expected already: a regular
// expression for each, or {absent: true}.
func (d *decoder) expectHeaders(v value, into *[]probe.HeaderExpect) {
	all := slices.Clone(*into) // the defaults' list is not the probe's to change
	written := map[string]bool{}
	for _, e := range d.mapping(v) {
		one := probe.HeaderExpect{Name: http.CanonicalHeaderKey(e.key)}
		switch {
		case !isToken(e.key):
			d.failAs(e.keyAt, e.value.path, "%s is no name for a header; use letters, digits and -", quote(e.key))
			continue
		case unseen[one.Name]:
			d.failAs(e.keyAt, e.value.path, "HTTP takes %s away before the answer is judged; remove it", one.Name)
			continue
		case written[one.Name]:
			d.failAs(e.keyAt, e.value.path, "header %s is there already in other letters; remove one of them", one.Name)
			continue
		}
		written[one.Name] = true
		if !d.expectHeader(e.value, &one) {
			continue
		}
		i := slices.IndexFunc(all, func(h probe.HeaderExpect) bool { return h.Name == one.Name })
		if i < 0 {
			all = append(all, one)
			continue
		}
		all[i] = one
	}
	*into = all
}

var absentKeys = keys[probe.HeaderExpect]{
	"absent": func(d *decoder, v value, h *probe.HeaderExpect) { d.boolean(v, &h.Absent) },
}

func (d *decoder) expectHeader(v value, into *probe.HeaderExpect) bool {
	switch {
	case v.node.Kind == yaml.MappingNode:
		before := len(d.problems)
		object(d, v, absentKeys, into)
		if !into.Absent && len(d.problems) == before {
			d.fail(v, "expects nothing; write a regular expression such as \".\" for any value, or {absent: true}")
		}
	case v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!null":
		d.fail(v, "has no value; write a regular expression such as \".\" for any value, or {absent: true}")
	default:
		compile(d, v, probe.ParsePattern, &into.Match)
	}
	return into.Absent || into.Match != nil
}
