// Package report summarises what is stored in the words and JSON that people and
// scripts hold on to. It is the one source for the command line, the page and the API:
// what they say is built here, once.
//
// A number that cannot be known is absent or null, never 0 or 1. An availability never
// stands without its coverage when less than 99% of the time was seen.
package report
