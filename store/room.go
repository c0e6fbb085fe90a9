package store

import (
	"os"
	"runtime"
	"runtime/debug"
)

// What the heap of a process that reads may grow to before any garbage is looked for. The states
// of ten thousand probes and what is made of them take half of it.
const (
	roomAtFirst = 64 << 20
	leastHeap   = 4 << 20 // what Go lets a heap grow to in any case, if it may double
	usualGrowth = 100     // percent
)

// MakeRoom has the first 64 MB of a process that looks at a database, and ends, pass without a
// search for garbage: it would find next to none, and cost a tenth of the look. From the first
// search on the heap is as ever. Whoever starts the process may have an opinion (GOGC).
func MakeRoom() {
	if _, said := os.LookupEnv("GOGC"); said {
		return
	}
	debug.SetGCPercent(usualGrowth * (roomAtFirst / leastHeap))
	first := new([64]byte) // found to be garbage by the first search
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, usualGrowth)
}
