package store

import "sonde/probe"

// places finds probes in a list by their ids. The database gives ids one after the other,
// so that a place is mostly one look into a table: ten thousand probes are looked up a
// thousand times a second.
type places struct {
	near []int32 // by id; 0 for none, else the place and 1
	far  map[probe.ID]int32
}

// placesOf finds probes in a list.
func placesOf(known []Probe) *places {
	near := probe.ID(4*len(known) + 64) // ids below it have a place in the table
	p := &places{}
	for i := range known {
		id := known[i].ID
		if id < 0 || id >= near {
			if p.far == nil {
				p.far = map[probe.ID]int32{}
			}
			p.far[id] = int32(i) + 1
			continue
		}
		for int(id) >= len(p.near) {
			p.near = append(p.near, 0)
		}
		p.near[id] = int32(i) + 1
	}
	return p
}

// of is the place of a probe; false if it is not in the list.
func (p *places) of(id probe.ID) (place int, ok bool) {
	if id >= 0 && int(id) < len(p.near) {
		place = int(p.near[id])
	} else if p.far != nil {
		place = int(p.far[id])
	}
	return place - 1, place > 0
}

// spreadOut hands out to n places what was read about them, in the order in which it was read.
func spreadOut[T any](n int, read []placedStretch, what func(*looseStretch) T) [][]T {
	return spread(n, len(read), func(i int) int { return int(read[i].place) }, func(i int) T { return what(&read[i].looseStretch) })
}

// spread hands out to n places so many things, each of which has a place. All lists lie in one
// piece of memory.
func spread[T any](n, things int, place func(int) int, what func(int) T) [][]T {
	ends := make([]int, n+1)
	for i := range things {
		ends[place(i)+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	all := make([]T, things)
	lists := make([][]T, n)
	for i := range lists {
		lists[i] = all[ends[i]:ends[i]:ends[i+1]]
	}
	for i := range things {
		at := place(i)
		lists[at] = append(lists[at], what(i))
	}
	return lists
}

// room is memory for things that are many and small: there is one piece for some of them
// instead of one for each. All of it stays as long as any of them does.
type room[T any] []T

const roomFor = 256

// take is memory for n things, where so many are still to come.
func (r *room[T]) take(n, coming int) []T {
	if n > len(*r) {
		*r = make([]T, max(n, min(coming, roomFor)))
	}
	some := (*r)[:n:n]
	*r = (*r)[n:]
	return some
}
