package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"sonde/probe"
	"sonde/text"
)

// secret is a text of a field that may hold a secret, and where it comes from while
// sonde runs.
type secret struct {
	source  probe.Source
	written string // unresolved
}

// watched reads a secret whose files are read anew when they change. private warns of
// one that stands in the file itself; fault says why a text will not do.
func (d *decoder) watched(v value, private bool, fault func(string) string) secret {
	content, ok := d.secret(v)
	if !ok {
		return secret{}
	}
	if private {
		d.warnInline(v, content, content.value.Reveal())
	}
	form := func(s string) (text.Secret, error) {
		switch {
		case s == "":
			return text.Secret{}, errors.New("is empty; give it a value")
		case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return text.Secret{}, errors.New("holds a line break or another control character; remove it")
		}
		if fault != nil {
			if why := fault(s); why != "" {
				return text.Secret{}, errors.New(why)
			}
		}
		return text.NewSecret(s), nil
	}
	if content.final {
		if _, err := form(content.value.Reveal()); err != nil {
			d.fail(v, "the value %v", err)
			return secret{}
		}
	}
	return secret{d.source(content, plainly, form), content.template.written}
}

// token reads a bearer token.
func (d *decoder) token(v value) secret {
	return d.watched(v, true, func(s string) string {
		switch {
		case strings.HasPrefix(strings.ToLower(s), "bearer "):
			return "begins with the word Bearer, which sonde adds itself; leave only the token"
		case strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r > '~' }):
			return "holds a space or a letter that no token has; leave only the token"
		}
		return ""
	})
}

// userName reads the user of basic: RFC 7617 section 2 has no colon in it.
func (d *decoder) userName(v value) secret {
	return d.watched(v, false, func(s string) string {
		if strings.Contains(s, ":") {
			return "holds a colon, which ends a user in basic authentication; remove it"
		}
		return ""
	})
}

// plainly is a text as it is.
func plainly(s string) string { return s }

// source is where a resolved text comes from while sonde runs. A text of an
// environment variable stays as it is. What is referred to is escaped.
func (d *decoder) source(content hidden, escape func(string) string, form func(string) (text.Secret, error)) probe.Source {
	var files []string
	if d.secrets != nil {
		for _, p := range content.template.parts {
			if path, err := d.secrets.locate(p); err == nil && path != "" {
				files = append(files, path)
			}
		}
	}
	if len(files) == 0 {
		return probe.Fixed(content.value)
	}
	vault, parts := d.secrets, content.template.parts
	return probe.FromFiles(content.value, files, func(contents [][]byte) (text.Secret, error) {
		var out strings.Builder
		for _, p := range parts {
			switch path, _ := vault.locate(p); {
			case p.scheme == "":
				out.WriteString(p.literal)
			case path == "":
				value, _ := vault.resolve(p)
				out.WriteString(escape(value))
			default:
				content := trimmed(contents[0])
				if content == "" {
					return text.Secret{}, errors.New("is empty; give it a value")
				}
				out.WriteString(escape(content))
				contents = contents[1:]
			}
		}
		return form(out.String())
	})
}

// locate is the file that a reference names; empty if it names none.
func (v *vault) locate(p part) (string, error) {
	switch p.scheme {
	case "credential":
		folder, ok := v.env("CREDENTIALS_DIRECTORY")
		if !ok || folder == "" {
			return "", fmt.Errorf("%s needs $CREDENTIALS_DIRECTORY, which is not set; systemd sets it for a unit with LoadCredential=%s:PATH", p, p.name)
		}
		return filepath.Join(folder, p.name), nil
	case "file":
		if filepath.IsAbs(p.name) {
			return p.name, nil
		}
		return filepath.Join(v.folder, p.name), nil
	}
	return "", nil
}

// filePath reads the name of a file: a path, relative to this file, or a reference to
// a file.
func (d *decoder) filePath(v value) filePath {
	written, ok := d.raw(v)
	if !ok {
		return filePath{}
	}
	if strings.Contains(written, "-----BEGIN") {
		d.hide(v)
		d.fail(v, "holds the certificate or key itself; write it to a file and name that")
		return filePath{}
	}
	t, err := parseTemplate(written)
	if err != nil {
		d.fail(v, "%v", err)
		return filePath{}
	}
	p := part{scheme: "file", name: t.text()}
	if t.refers() {
		p = t.reference()
	}
	switch {
	case written == "":
		d.fail(v, "is empty; name a file")
	case t.refers() && (p.scheme == "env" || written != p.String()):
		d.fail(v, "must be the name of a file; write a path, ${file:PATH} or ${credential:NAME} and nothing else")
	case d.files == nil:
		return filePath{v, "", written}
	default:
		path, err := d.files.locate(p)
		if err != nil && d.secrets != nil {
			d.fail(v, "%v", err)
		}
		return filePath{v, path, written}
	}
	return filePath{}
}

// filePath is a file, and how it is named.
type filePath struct {
	value   value
	path    string // empty where files are not looked at
	written string // empty: none is named
}

// trimmed is what a file holds, without the newline at its end.
func trimmed(content []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
}

// pathless is why a file cannot be used, with its base name only where it is needed.
func pathless(err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", quote(filepath.Base(cause.Path)), cause.Err)
	}
	return err
}

// body reads what is sent.
func (d *decoder) body(v value, s *spec) {
	content, ok := d.secret(v)
	if s.body = content; ok {
		s.watched.Body = d.source(content, plainly, anyForm)
	}
}

// watch gives a target what of its request stands in files.
func (s *spec) watch(t *probe.Target) {
	w := s.watched
	w.Query = s.address.query
	for name, h := range s.headers {
		if !h.source.Changes() {
			continue
		}
		if w.Header == nil {
			w.Header = map[string]probe.Source{}
		}
		w.Header[name] = h.source
	}
	if w.Header != nil || w.Query.Changes() || w.Body.Changes() {
		t.Watched = &w
	}
}
