// Package text makes text safe to show: hostile input becomes printable, and
// secrets become unprintable.
package text
