package configs

import (
	"slices"
	"strings"

	"sonde/incident"
)

// dependencies reads what probes depend on, when all have been read: names of probes, or of
// groups. Nothing depends on itself, also not by way of others.
func (d *decoder) dependencies(specs []spec) {
	members := make(map[string][]int, len(specs)) // by name, and by group
	for i := range specs {
		members[specs[i].name] = append(members[specs[i].name], i)
		if g := specs[i].group; g != "" {
			members[incident.GroupPrefix+g] = append(members[incident.GroupPrefix+g], i)
		}
	}
	any := false
	for i := range specs {
		if v, ok := specs[i].found.get("depends_on"); ok {
			specs[i].dependsOn = d.probeNames(v)
			any = any || len(specs[i].dependsOn) > 0
		}
	}
	if any {
		w := walk{specs: specs, members: members, seen: make([]visit, len(specs))}
		for i := range specs {
			w.from(d, i)
		}
	}
}

// visit says how far a walk has come with a probe.
type visit uint8

const (
	notYet visit = iota
	onTheWay
	done
)

// walk goes along what probes depend on.
type walk struct {
	specs   []spec
	members map[string][]int
	seen    []visit
	way     []int
}

// from walks from a probe on. A way that comes back is a problem, each once.
func (w *walk) from(d *decoder, i int) {
	if w.seen[i] != notYet {
		return
	}
	w.seen[i] = onTheWay
	w.way = append(w.way, i)
	for _, name := range w.specs[i].dependsOn {
		for _, next := range w.members[name] {
			if w.seen[next] == onTheWay {
				w.tell(d, next)
				continue
			}
			w.from(d, next)
		}
	}
	w.way = w.way[:len(w.way)-1]
	w.seen[i] = done
}

// tell says the way from a probe back to it.
func (w *walk) tell(d *decoder, to int) {
	const longest = 10 // names that are written out
	circle := append(slices.Clone(w.way[slices.Index(w.way, to):]), to)
	var names []string
	for _, i := range circle {
		names = append(names, quote(w.specs[i].name))
	}
	if n := len(names); n > longest {
		names = append(append(names[:longest-1], "..."), names[n-1])
	}
	last := w.way[len(w.way)-1]
	d.fail(w.specs[last].found.of("depends_on"), "%s depends on itself: %s; remove one of them", names[0], strings.Join(names, " -> "))
}
