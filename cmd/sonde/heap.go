package main

import (
	"os"
	"runtime/debug"
)

// heapGrowth is by how many percent the heap of the service may grow between collections.
// Most of it is the states of probes, which stay: Go's own 100 would reserve as much again
// for what passes. At 10,000 probes 26 MB are alive, and a second's work makes 5 of garbage:
// collecting them costs about three percent of what the service takes of the processor,
// where 50 would cost two.
const heapGrowth = 25

// keepHeapSmall has the heap collected early, unless whoever starts the service has an
// opinion (GOGC).
func keepHeapSmall() {
	if _, said := os.LookupEnv("GOGC"); !said {
		debug.SetGCPercent(heapGrowth)
	}
}

// returnMemory returns to the system what only a start or making history needed. By
// itself Go would keep it for minutes.
func returnMemory() { debug.FreeOSMemory() }
