// Package web shows it over HTTP: the API, metrics, health.
//
// Everything it shows comes from the database through [store.Reader], or from counters
// that the running service passes in. A slow or hostile reader delays no probe.
package web
