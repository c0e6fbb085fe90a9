package probe

import (
	"net/http"
	"net/url"
	"strings"

	"sonde/text"
)

// maxHints is how many links of an Early Hints answer are kept.
const maxHints = 8

// hints are the links that a 103 announces (RFC 8297 section 2), each as its relation
// and its address, without query values.
func hints(status int, links []string) []string {
	if status != http.StatusEarlyHints || len(links) == 0 {
		return nil
	}
	var shown []string
	for _, l := range parseLinks(links, maxHints) {
		shown = append(shown, text.Printable(strings.TrimSpace(l.relation+" "+withoutQueryValues(l.target)), maxText))
	}
	return shown
}

// link is a member of a Link header (RFC 8288 section 3).
type link struct{ target, relation string }

// parseLinks reads at most so many links. What is no link is left out.
func parseLinks(values []string, most int) (links []link) {
	for _, value := range values {
		for value != "" && len(links) < most {
			var l link
			var valid bool
			if l, value, valid = nextLink(value); valid {
				links = append(links, l)
			}
		}
	}
	return links
}

// nextLink reads the first link of a list, and what follows it.
func nextLink(list string) (l link, rest string, valid bool) {
	_, list, found := strings.Cut(list, "<")
	if !found {
		return link{}, "", false
	}
	l.target, list, found = strings.Cut(list, ">")
	if !found {
		return link{}, "", false
	}
	for {
		list = strings.TrimLeft(list, " \t")
		switch {
		case strings.HasPrefix(list, ";"):
			var name, value string
			name, value, list = nextParameter(list[1:])
			if l.relation == "" && strings.EqualFold(name, "rel") {
				l.relation = value
			}
		case strings.HasPrefix(list, ","):
			return l, list[1:], usable(l.target)
		default:
			return l, "", usable(l.target) && list == ""
		}
	}
}

func usable(target string) bool {
	_, err := url.Parse(target)
	return err == nil && target != ""
}

// nextParameter reads a name and its value, which may be quoted, and what follows.
func nextParameter(list string) (name, value, rest string) {
	end := strings.IndexAny(list, "=;,")
	if end < 0 || list[end] != '=' {
		if end < 0 {
			end = len(list)
		}
		return strings.TrimSpace(list[:end]), "", list[end:]
	}
	name, list = strings.TrimSpace(list[:end]), strings.TrimLeft(list[end+1:], " \t")
	if !strings.HasPrefix(list, `"`) {
		if end = strings.IndexAny(list, ";,"); end < 0 {
			end = len(list)
		}
		return name, strings.TrimSpace(list[:end]), list[end:]
	}
	s := scanner{list}
	value = s.quoted()
	return name, value, s.rest
}
