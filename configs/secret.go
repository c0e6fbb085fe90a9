package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
	"sonde/text"
)

// maxSecret is how large a file with a secret may be.
const maxSecret = 64 << 10

// secretFields is where references may stand, in words.
const secretFields = "auth, header values, the query of a url, body, proxy, heartbeat, the token of api, and what is secret of destinations"

// vault resolves references, each once.
type vault struct {
	env    func(string) (string, bool)
	folder string // that relative paths start from
	known  map[part]resolved
}

type resolved struct {
	value string
	err   error
}

func newVault(env func(string) (string, bool), folder string) *vault {
	return &vault{env: env, folder: folder, known: map[part]resolved{}}
}

// resolve returns the text behind a reference. Errors hold names, never values.
func (v *vault) resolve(p part) (string, error) {
	r, ok := v.known[p]
	if !ok {
		r.value, r.err = v.fetch(p)
		if r.err == nil && r.value == "" {
			r.err = fmt.Errorf("%s is empty; give it a value", p)
		}
		v.known[p] = r
	}
	return r.value, r.err
}

func (v *vault) fetch(p part) (string, error) {
	switch p.scheme {
	case "env":
		value, ok := v.env(p.name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set; set it where sonde starts", p.name)
		}
		return value, nil
	}
	path, err := v.locate(p)
	if err != nil {
		return "", err
	}
	return readSecret(p, path)
}

// readSecret reads a file and drops the newline at its end.
func readSecret(p part, path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", unreadableSecret(p, path, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s: %s is no regular file; name a file that holds the secret", p, quote(path))
	}
	file, err := os.Open(path)
	if err != nil {
		return "", unreadableSecret(p, path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return "", unreadableSecret(p, path, err)
	case len(data) > maxSecret:
		return "", fmt.Errorf("%s: %s is larger than 64 KiB; is it the right file?", p, quote(path))
	}
	return trimmed(data), nil
}

func unreadableSecret(p part, path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	wayOut := "check the path and its permissions"
	if p.scheme == "credential" {
		wayOut = "name it in the unit: LoadCredential=" + p.name + ":PATH"
	}
	return fmt.Errorf("%s: %s cannot be read: %w; %s", p, quote(path), err, wayOut)
}

// hidden is a text of a secret field.
type hidden struct {
	template template
	value    text.Secret // unresolved: as it is written
	final    bool        // value is what will be sent
}

// hide keeps a value out of the excerpts.
func (d *decoder) hide(v value) {
	if v.node.Kind == yaml.ScalarNode {
		d.src.hide(place{v.node.Line, v.node.Column})
	}
}

// secret reads a text of a field that may hold a secret.
func (d *decoder) secret(v value) (hidden, bool) {
	if tag := v.node.ShortTag(); v.node.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!timestamp" {
		d.hide(v)
		d.fail(v, "must be a text; put it in quotes")
		return hidden{}, false
	}
	return d.secretText(v, v.node.Value, func(s string) string { return s })
}

// secretText reads a text in which references may stand; what they resolve to is
// escaped.
func (d *decoder) secretText(v value, written string, escape func(string) string) (hidden, bool) {
	t, err := parseTemplate(written)
	if err != nil {
		d.hide(v)
		d.fail(v, "%v", err)
		return hidden{}, false
	}
	if !t.refers() {
		d.hide(v)
		return hidden{t, text.NewSecret(t.text()), true}, true
	}
	if d.secrets == nil {
		return hidden{t, text.NewSecret(written), false}, true
	}
	var out strings.Builder
	whole := true
	for _, p := range t.parts {
		if p.scheme == "" {
			out.WriteString(p.literal)
			continue
		}
		value, err := d.secrets.resolve(p)
		if err != nil {
			d.fail(v, "%v", err)
			whole = false
		}
		out.WriteString(escape(value))
	}
	return hidden{t, text.NewSecret(out.String()), true}, whole
}

// plain unescapes a text that may hold no secret.
func (d *decoder) plain(v value, written string) (string, bool) {
	if !strings.Contains(written, "${") {
		return written, true
	}
	t, err := parseTemplate(written)
	switch {
	case err != nil:
		d.fail(v, "%v", err)
	case t.refers():
		d.fail(v, "this is no field for secrets, so %s cannot stand here; references work in %s", t.reference(), secretFields)
	default:
		return t.text(), true
	}
	return "", false
}

// unknown reports a key that is not in the table. Its value may be a secret under
// a misspelt name.
func (d *decoder) unknown(e entry, known []string) {
	if meant, ok := nearest(e.key, known); ok && secretKeys[meant] || looksSecret(e.value.node.Value) {
		d.hideAll(e.value.node)
	}
	d.failAs(e.keyAt, e.value.path, "unknown key %s; %s", quote(e.key), instead(e.key, known))
}

// secretKeys are the keys whose values are not quoted even when misspelt.
var secretKeys = map[string]bool{"slack": true, "token": true, "webhook": true, "secret": true, "app_token": true, "api": true, "smtp": true, "heartbeat": true, "body": true, "headers": true, "url": true,
	"auth": true, "basic": true, "bearer": true, "oauth2": true, "user": true, "password": true, "client_id": true, "client_secret": true, "proxy": true}

// hideSuspect hides a text that stands where a mapping belongs.
func (d *decoder) hideSuspect(v value) {
	if key := v.path[strings.LastIndexByte(v.path, '.')+1:]; secretKeys[key] || looksSecret(v.node.Value) {
		d.hide(v)
	}
}

// hideAll hides every text in a value.
func (d *decoder) hideAll(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		d.src.hide(place{n.Line, n.Column})
	}
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			d.hideAll(child)
		}
	}
}

// looksSecret reports whether a text is long, without spaces, and of letters and
// digits, as no word is.
func looksSecret(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(s) >= 16 && !strings.ContainsAny(s, " /") && strings.ContainsAny(s, letters) && strings.ContainsAny(s, "0123456789")
}
