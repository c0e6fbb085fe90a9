package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile is how large a configuration may be.
const maxFile = 16 << 20

// document parses the one document of a file. It is false after a problem that
// leaves nothing to look at.
func (d *decoder) document(data []byte) (value, bool) {
	if len(data) > maxFile {
		d.failAt(place{1, 1}, "the file is larger than 16 MiB; is it the right one?")
		return value{}, false
	}
	if offset, why := unreadable(data); why != "" {
		d.failAt(placeOf(data[:offset]), "%s", why)
		return value{}, false
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		d.failAt(place{1, 1}, "the YAML parser did not start: %v", err)
		return value{}, false
	}
	var root yaml.Node
	switch err := loader.Load(&root); {
	case errors.Is(err, io.EOF):
		d.failAt(place{1, 1}, "the file is empty; give it a probe, such as probes: [{name: web, url: https://example.com/}]")
		return value{}, false
	case err != nil:
		d.malformed(err)
		return value{}, false
	}
	d.src.index(&root)
	d.single(loader)
	top := root.Content[0]
	return value{node: top, at: place{top.Line, top.Column}}, true
}

// single makes sure that nothing follows the document.
func (d *decoder) single(loader *yaml.Loader) {
	var second yaml.Node
	switch err := loader.Load(&second); {
	case err == nil:
		d.failAt(place{second.Line, second.Column}, "a second document begins here; a configuration is one, so remove the \"---\"")
	case !errors.Is(err, io.EOF):
		d.malformed(err)
	}
}

// unreadable finds the first byte that cannot stand in a YAML file, and says why.
func unreadable(data []byte) (offset int, why string) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, "the file is not UTF-8; save it as UTF-8"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', 0x7f <= r && r <= 0x9f && r != 0x85:
			return i, fmt.Sprintf("the control character %U cannot stand here; remove it, or write it as \"\\x%02x\"", r, r)
		}
		i += size
	}
	return 0, ""
}

// placeOf is the place behind a text.
func placeOf(before []byte) place {
	lines := splitLines(string(before))
	return place{len(lines), len([]rune(lines[len(lines)-1])) + 1}
}

// malformed reports what the YAML parser says.
func (d *decoder) malformed(err error) {
	bad, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		d.failAt(place{1, 1}, "the file is no YAML: %v", err)
		return
	}
	at := place{bad.Mark.Line, bad.Mark.Column}
	began := place{bad.ContextMark.Line, bad.ContextMark.Column}
	if d.src.isEnd(at) && began.line > 0 {
		at = began // the end of the file says little; where the construct began says more
	}
	at = d.src.clamp(at)
	if bad.Stage == yaml.ComposerStage { // its message quotes what follows the *, which may be a secret without quotes
		d.failAt(at, "no anchor (&name) stands before this alias (*name); put a text that begins with * in quotes")
		return
	}
	for _, line := range []int{at.line, d.src.clamp(began).line} {
		text := d.src.lines[line-1]
		indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 {
			d.failAt(place{line, tab + 1}, "a tab cannot indent; use spaces")
			return
		}
	}
	wayOut := "check the quotes, brackets and indentation around it"
	if strings.Contains(d.src.lines[at.line-1], "${") {
		wayOut = `put a text with ${…} in quotes, like "${env:NAME}"`
	}
	d.failAt(at, "this is no YAML: %s; %s", bad.Message, wayOut)
}
