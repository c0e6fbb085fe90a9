package configs

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fallback reads where it is told what cannot be told at a destination: at one other, or at the first
// that works of several. Whether there are such places is known once all are read.
func (d *decoder) fallback(v value, into *destination) {
	items := d.oneOrList(v)
	if len(items) == 0 && v.node.Kind == yaml.SequenceNode {
		d.fail(v, "names no destination; name one, or remove it")
	}
	for _, item := range items {
		name := ""
		if d.filled(item, &name); name != "" {
			into.Fallback = append(into.Fallback, name)
			d.fallbacks[into.Name] = append(d.fallbacks[into.Name], item)
		}
	}
}

// checkFallbacks checks that every fallback is another destination, and that none leads back to
// where it came from.
func (d *decoder) checkFallbacks(all []Destination) {
	next := make(map[string][]string, len(all))
	for i := range all {
		from := all[i].Name
		for n, to := range all[i].Fallback {
			v := d.fallbacks[from][n]
			switch {
			case slices.Contains(all[i].Fallback[:n], to):
				d.fail(v, "%s is listed twice; remove one", quote(to))
			case to == from:
				d.fail(v, "a destination cannot stand in for itself; name another one, or remove it")
			case !slices.Contains(d.places, to):
				d.fail(v, "no destination is called %s; %s", quote(to), instead(to, slices.DeleteFunc(slices.Clone(d.places), func(s string) bool { return s == from })))
			default:
				next[from] = append(next[from], to)
				d.standsIn[to] = true
			}
		}
	}
	for i := range all {
		from := all[i].Name
		for n, to := range all[i].Fallback {
			if chain := way(next, to, from, map[string]bool{from: true}); chain != nil && to != from && !slices.Contains(all[i].Fallback[:n], to) {
				d.fail(d.fallbacks[from][n], "%s → %s leads back to %s; leave the last of them without a fallback", from, strings.Join(chain, " → "), from)
			}
		}
	}
}

// way is how fallbacks lead from a destination to another, without that; nil if they do not.
func way(next map[string][]string, from, to string, seen map[string]bool) []string {
	if slices.Contains(next[from], to) {
		return []string{from}
	}
	seen[from] = true
	for _, via := range next[from] {
		if !seen[via] {
			if rest := way(next, via, to, seen); rest != nil {
				return append([]string{from}, rest...)
			}
		}
	}
	return nil
}
