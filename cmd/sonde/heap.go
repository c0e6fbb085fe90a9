package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"
)

// The growth of the heap between collections, in percent of what is alive. Most of that is the
// states of probes, which stay: Go's own 100 would reserve as much again for what passes.
const (
	leastGrowth = 15
	startGrowth = 25 // until it is known how much passes
	usualGrowth = 100
	briefGrowth = 1200 // of a command that looks once and ends: what it has read stays until then
)

const (
	tuneEvery = 5 * time.Second
	tunedOver = 4       // looks: what passes for less than 20 s, as making history and a look at everything do, is no reason to grow
	leastRoom = 4 << 20 // bytes of garbage that a collection is worth
)

// heapGrowth is by how many percent a heap may grow of which so many bytes are alive, while so
// many pass in a second: there is about a collection a second. Plain requests of 10,000 probes
// leave 5 MB a second beside 27 that are alive; handshakes leave far more.
func heapGrowth(alive, passing uint64) int {
	room := max(passing, leastRoom)
	return int(min(max(room*100/max(alive, 1), leastGrowth), usualGrowth))
}

// keepHeapSmall has the heap collected early while the service starts, unless whoever starts it
// has an opinion (GOGC).
func keepHeapSmall() { growHeap(startGrowth) }

func growHeap(percent int) {
	if _, said := os.LookupEnv("GOGC"); !said {
		debug.SetGCPercent(percent)
	}
}

// returnMemory returns to the system what only a start or making history needed. By
// itself Go would keep it for minutes.
func returnMemory() { debug.FreeOSMemory() }

// letSmallHeapGrow has the heap of a service that has read its states grow by what a collection is
// worth at least, while it is not known how much passes: a few probes with handshakes would else have
// it collected many times a second.
func letSmallHeapGrow() {
	size := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(size)
	growHeap(max(startGrowth, heapGrowth(size[0].Value.Uint64(), 0)))
}

// heapTuner has the heap grow as befits what is alive and what passes. It is used by one
// upkeep job.
type heapTuner struct {
	allocated uint64
	at        time.Time
	passing   []uint64 // bytes in a second, of the latest looks
}

// tune looks at what has passed since it was last called.
func (h *heapTuner) tune(context.Context) {
	sizes := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sizes)
	alive, allocated, now := sizes[0].Value.Uint64(), sizes[1].Value.Uint64(), time.Now()
	if took := now.Sub(h.at).Seconds(); !h.at.IsZero() && took > 0 {
		h.note(alive, uint64(float64(allocated-h.allocated)/took))
	}
	h.allocated, h.at = allocated, now
}

// note has the heap grow by what passes all the time: the least of the latest looks.
func (h *heapTuner) note(alive, passing uint64) {
	h.passing = append(h.passing, passing)
	if len(h.passing) < tunedOver {
		return
	}
	h.passing = h.passing[len(h.passing)-tunedOver:]
	growHeap(heapGrowth(alive, slices.Min(h.passing)))
}
