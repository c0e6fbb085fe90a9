package main

import (
	"os"
	"runtime/debug"
)

// heapGrowth is by how many percent the heap of the service may grow between collections.
// Most of it is the states of probes, which stay: Go's own 100 would reserve as much again
// for what passes. At 10,000 probes a collection every other second costs half a percent
// of a core.
const heapGrowth = 50

// keepHeapSmall has the heap collected early, unless whoever starts the service has an
// opinion (GOGC).
func keepHeapSmall() {
	if _, said := os.LookupEnv("GOGC"); !said {
		debug.SetGCPercent(heapGrowth)
	}
}
