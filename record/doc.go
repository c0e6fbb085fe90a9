// Package record owns the state of every probe: it steps it with each input, commits,
// and publishes.
//
// One goroutine owns all states. Results and skipped slots reach it through a bounded
// queue; it steps them through [incident.Step] at once, plans what is told, and gathers
// all of it in a batch. A batch is committed by a second goroutine, so that a slow disk
// does not stop the stepping: at the latest 250 ms after its first result, or 25 ms after
// a transition, and at once when it has 1,000 of them. While a commit is under way the
// next batch grows.
//
// A commit that fails changes nothing about the states. The batch is tried again, under
// the same key, until it is durable. What comes meanwhile waits behind it, up to 10,000
// results; beyond that results are not stepped, and their slots are accounted for as
// prober_storage. So a disk that is full or stuck makes no false alarm and loses no
// incident.
package record
