// Package probe asks a target how it is, and judges the answer.
//
// A [Target] says what to ask and what to expect. [Runner.Run] makes one run of
// it: one to n attempts on their own connections, all within one deadline. Every
// attempt is judged as it ends, and the run's [Verdict] says the class of the
// answer, the reason, whether asking again could help, whose fault it is, and
// what it means for the promise (good, bad, excluded, unknown).
//
// What follows from an answer is written in two tables only: one line per status
// code (codes.go) and one line per reason (reasons.go). No other package decides
// it, and nothing is ever found out by matching the text of an error. What people
// are told about it is the catalogue ([ExplainIn]), in English and Korean.
//
// The package knows nothing of schedules, storage, incidents' life or messages.
package probe
