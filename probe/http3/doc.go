// Package http3 asks over HTTP/3 (RFC 9114), for package probe, which would be heavier
// by a QUIC library otherwise.
package http3
