package configs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// template is a text in which references to secrets may stand.
type template struct {
	written string // as in the file
	parts   []part
}

// part is either a literal text or a reference.
type part struct {
	literal string
	scheme  string // env, file or credential; empty for a literal
	name    string
}

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// parseTemplate splits a text at ${scheme:name}; $${ is a literal ${. Errors quote
// no more than the reference.
func parseTemplate(written string) (template, error) {
	t := template{written: written}
	if written != "" && !strings.Contains(written, "${") {
		t.parts = []part{{literal: written}}
		return t, nil
	}
	var literal strings.Builder
	for rest := written; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		literal.WriteString(before)
		if !found {
			break
		}
		if escaped, ok := strings.CutSuffix(literal.String(), "$"); ok {
			literal.Reset()
			literal.WriteString(escaped + "${")
			rest = after
			continue
		}
		inside, tail, closed := strings.Cut(after, "}")
		if !closed {
			return template{}, errors.New("a ${ has no closing }; write $${ for the text itself")
		}
		reference, err := parseReference(inside)
		if err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, part{literal: literal.String()}, reference)
		literal.Reset()
		rest = tail
	}
	if literal.Len() > 0 {
		t.parts = append(t.parts, part{literal: literal.String()})
	}
	return t, nil
}

// parseReference reads what stands between ${ and }. Its errors quote nothing of
// that: it could be a secret that merely looks like a reference.
func parseReference(inside string) (part, error) {
	scheme, name, _ := strings.Cut(inside, ":")
	p := part{scheme: scheme, name: name}
	switch {
	case scheme == "env":
		if !environmentName.MatchString(name) {
			return part{}, errors.New("a ${env:…} names no environment variable; write ${env:NAME}, in letters, digits and _")
		}
	case scheme == "credential":
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return part{}, errors.New("a ${credential:…} names no credential; write ${credential:NAME}, without a slash")
		}
	case scheme == "file":
		if name == "" || strings.Contains(name, "\x00") {
			return part{}, errors.New("a ${file:…} names no file; write ${file:PATH}")
		}
	default:
		if meant, ok := nearest(scheme, []string{"env", "file", "credential"}); ok && name != "" {
			return part{}, fmt.Errorf("a reference cannot begin with ${%s:; did you mean ${%s:?", strings.Map(letter, scheme), meant)
		}
		return part{}, errors.New("a ${ begins no reference; write ${env:NAME}, ${file:PATH} or ${credential:NAME}, or $${ for the text itself")
	}
	return p, nil
}

// letter keeps what is printable ASCII.
func letter(r rune) rune {
	if r > ' ' && r <= '~' {
		return r
	}
	return '?'
}

// String is the reference as it is written.
func (p part) String() string { return "${" + p.scheme + ":" + p.name + "}" }

// refers reports whether there is a reference in the text.
func (t template) refers() bool { return t.reference() != part{} }

// reference is the first reference of a template.
func (t template) reference() part {
	for _, p := range t.parts {
		if p.scheme != "" {
			return p
		}
	}
	return part{}
}

// text is a template without references as it is meant.
func (t template) text() string {
	if len(t.parts) == 1 {
		return t.parts[0].literal
	}
	var out strings.Builder
	for _, p := range t.parts {
		out.WriteString(p.literal)
	}
	return out.String()
}
