package configs

import (
	"slices"
	"strings"
)

// fallback reads where it is told what cannot be told at a destination. Whether there is such a
// place is known once all are read.
func (d *decoder) fallback(v value, into *destination) {
	if d.filled(v, &into.Fallback); into.Fallback != "" {
		d.fallbacks[into.Name] = v
	}
}

// checkFallbacks checks that every fallback is another destination, and that none leads back to
// where it came from.
func (d *decoder) checkFallbacks(all []Destination) {
	next := make(map[string]string, len(all))
	for i := range all {
		to, v := all[i].Fallback, d.fallbacks[all[i].Name]
		switch {
		case to == "":
		case to == all[i].Name:
			d.fail(v, "a destination cannot stand in for itself; name another one, or remove it")
		case !slices.Contains(d.places, to):
			d.fail(v, "no destination is called %s; %s", quote(to), instead(to, slices.DeleteFunc(slices.Clone(d.places), func(s string) bool { return s == all[i].Name })))
		default:
			next[all[i].Name] = to
			d.standsIn[to] = true
		}
	}
	for i := range all {
		chain := []string{all[i].Name}
		for at := next[all[i].Name]; at != ""; at = next[at] {
			if at == all[i].Name {
				d.fail(d.fallbacks[at], "%s leads back to %s; leave the last of them without a fallback", strings.Join(chain, " → "), at)
			}
			if slices.Contains(chain, at) {
				break
			}
			chain = append(chain, at)
		}
	}
}
