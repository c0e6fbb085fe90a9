package configs

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestName is how many characters a name may have.
const longestName = 100

// name reads a name that people meet in tables, addresses and messages.
func (d *decoder) name(v value, into *string) {
	s, ok := d.text(v)
	if !ok {
		return
	}
	if why := nameFault(s); why != "" {
		d.fail(v, "%s", why)
		return
	}
	*into = s
}

// nameFault says why a text cannot be a name; empty if it can.
func nameFault(s string) string {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "a name cannot be empty; give it one of 1 to 100 characters"
	case n > longestName:
		return "a name of " + strconv.Itoa(n) + " characters is too long; use at most 100"
	case strings.TrimSpace(s) != s:
		return "the name " + quote(s) + " begins or ends with a space; remove it"
	case strings.Contains(s, "/"):
		return "the name " + quote(s) + " holds a \"/\", which parts addresses; use \"-\" instead"
	case strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }):
		return "the name " + quote(s) + " holds a character that cannot be seen; remove it"
	}
	return ""
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// longestLabel is how many characters the value of a label may have.
const longestLabel = 200

// labels adds labels to those that are there.
func (d *decoder) labels(v value, into *map[string]string) {
	for _, e := range d.mapping(v) {
		switch {
		case !labelName.MatchString(e.key):
			d.failAs(e.keyAt, e.value.path, "%s is no name for a label; use letters, digits and _, and no digit first", quote(e.key))
			continue
		case strings.HasPrefix(e.key, "__"):
			d.failAs(e.keyAt, e.value.path, "names of labels that begin with __ belong to Prometheus; use another")
			continue
		}
		s, ok := d.text(e.value)
		switch {
		case !ok:
		case utf8.RuneCountInString(s) > longestLabel || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }):
			d.fail(e.value, "a label is at most 200 printable characters; shorten it or remove what cannot be seen")
		default:
			if *into == nil {
				*into = map[string]string{}
			}
			(*into)[e.key] = s
		}
	}
}
