package configs

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/probe"
)

// References are asked, when a probe gets no answer, whether it is the target or the
// network on our side.
type References struct {
	Targets []*probe.Target
	Every   time.Duration // what they said holds for so long
}

// What holds of references where the file says only their addresses, and the bounds.
const (
	defaultReferencesEvery   = 5 * time.Second
	defaultReferencesTimeout = 2 * time.Second
	longestReferencesTimeout = 3 * time.Second // a result is handed over later by so much
	mostReferences           = 10
	fewReferences            = 2
)

// outside is what the file says about references.
type outside struct {
	urls           []string
	every, timeout time.Duration
}

var referenceKeys = keys[outside]{
	"urls":    func(d *decoder, v value, r *outside) { r.urls = d.referenceURLs(v) },
	"every":   func(d *decoder, v value, r *outside) { d.duration(v, time.Second, &r.every) },
	"timeout": func(d *decoder, v value, r *outside) { d.referenceTimeout(v, &r.timeout) },
}

// references reads addresses, or a mapping with them. They are asked in the way in which
// probes are by default.
func (d *decoder) references(v value, base settings) *References {
	read := outside{every: defaultReferencesEvery, timeout: defaultReferencesTimeout}
	if v.node.Kind == yaml.MappingNode {
		before := len(d.problems)
		if _, ok := object(d, v, referenceKeys, &read)["urls"]; !ok && len(d.problems) == before {
			d.fail(v, "names no addresses; add urls: with two or more")
		}
	} else {
		read.urls = d.referenceURLs(v)
	}
	if len(read.urls) == 1 {
		d.warn(v, "one reference that is down looks like a network that is down; name two or more that have nothing in common")
	}
	if len(read.urls) == 0 {
		return nil
	}
	all := &References{Every: read.every}
	for _, address := range read.urls {
		u, err := ParseURL(address)
		if err != nil {
			continue // it was read before
		}
		all.Targets = append(all.Targets, &probe.Target{
			Name: u.Host, URL: u, Method: http.MethodHead, Timeout: read.timeout, Roots: base.roots, Transport: base.transport.Transport, NoTrace: true,
		})
	}
	return all
}

// referenceURLs reads the addresses of references, each once.
func (d *decoder) referenceURLs(v value) []string {
	var all []string
	items := d.list(v)
	if len(items) == 0 && v.node.Kind == yaml.SequenceNode {
		d.fail(v, "the list is empty; name two addresses or more that have nothing in common, or remove the key")
	}
	for _, item := range items {
		var address string
		d.webAddress(item, &address)
		switch {
		case address == "":
		case strings.Contains(address, "#"):
			d.fail(item, "a fragment (#...) is never sent; remove it")
		case slices.Contains(all, address):
			d.fail(item, "%s is listed twice; remove one", quote(address))
		case len(all) == mostReferences:
			d.fail(item, "there are more than %d references; two or three that have nothing in common are enough", mostReferences)
		default:
			all = append(all, address)
		}
	}
	return all
}

func (d *decoder) referenceTimeout(v value, into *time.Duration) {
	const shortest = 100 * time.Millisecond
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < shortest || length > longestReferencesTimeout:
		d.fail(v, "%s is not from %s to %s; a failed check waits for them, and 2s is usual", FormatDuration(length), FormatDuration(shortest), FormatDuration(longestReferencesTimeout))
	default:
		*into = length
	}
}
