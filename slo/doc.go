// Package slo does the arithmetic of objectives, budgets and burn rates.
//
// It counts time, not checks: a slot weighs its interval, so that a change of the
// interval changes nothing (the promise is about time). A budget is a fixed amount
// of time, B = (1-T)*W, whatever was observed so far. Time is good, bad, excluded
// or unknown; unknown is neither good nor bad, and lowers the coverage that is
// shown beside every ratio. All sums are whole milliseconds; a ratio is made only
// to be shown.
//
// Everything here is pure: no clock, no storage. The caller passes now.
package slo
