package configs

import (
	"net/http"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// cache is whether requests ask if what is known still holds, and how often it should.
type cache struct {
	on       bool
	minRatio float64 // 0: any share of 304 will do
}

var cacheKeys = keys[cache]{
	"min_ratio": func(d *decoder, v value, c *cache) { d.share(v, &c.minRatio) },
}

// cache reads true, false, or a mapping.
func (d *decoder) cache(v value, into *cache) {
	if v.node.Kind != yaml.MappingNode {
		into.minRatio = 0
	}
	rule(d, v, cacheKeys, &into.on, into)
}

// share reads a number above 0, 1 at the most.
func (d *decoder) share(v value, into *float64) {
	n, err := strconv.ParseFloat(v.node.Value, 64)
	tag := v.node.ShortTag()
	if v.node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || err != nil || !(n > 0 && n <= 1) {
		d.mismatch(v, "a number above 0, 1 at the most, such as 0.8", "")
		return
	}
	*into = n
}

// conditions are headers that conditional requests have, and that sonde sets itself.
var conditions = []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"}

// checkCache checks that conditional requests are only where they mean something (RFC 9110
// section 13.1.2).
func (d *decoder) checkCache(s *spec) {
	v, ok := d.where(s, "cache")
	if !ok || !s.cache.on {
		return
	}
	if s.method != http.MethodGet && s.method != http.MethodHead {
		d.fail(v, "%s is no question that a 304 could answer; use GET or HEAD, or write cache: false", s.method)
	}
	for _, name := range conditions {
		if _, set := s.headers[name]; set {
			d.fail(v, "there is a header %s, which cache sets itself or could not use; keep one of them", name)
		}
	}
}
