// Package scheduler runs every probe on time and nothing twice at once.
//
// Every probe has slots: the instants n x interval + phase of engine time (see
// [NextSlot] and [Clock]). At each slot the [Sink] hears exactly one thing: the
// result of the run that was made for it, or a [Miss] with the reason why none
// was made. What could not be done in time is counted, never done silently late.
//
// gocron drives it. The probes of one interval are spread over at most a hundred
// lanes, each of them one gocron job, whose tick keeps all slots of the lane
// since its last tick, each at its own instant. A tick that gocron drops is
// therefore noticed by the next one. Runs take a place in a bounded pool; a probe
// that waits for its slot costs neither a goroutine nor a timer.
//
// The package knows nothing of judging, storing or telling.
package scheduler
