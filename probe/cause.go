package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"sonde/text"
)

// phase is how far an exchange has come.
type phase uint8

const (
	resolving phase = iota
	connecting
	handshaking
	waiting // for the head of the answer
	reading // its body
)

// timeoutReasons says what it means that time ran out in a phase.
var timeoutReasons = [...]Reason{
	resolving:   DNSTimeout,
	connecting:  ConnectTimeout,
	handshaking: TLSTimeout,
	waiting:     FirstByteTimeout,
	reading:     BodyTimeout,
}

// otherReasons says what an error means that nothing else explains. Once bytes
// have been sent, what is left is an answer that is not valid HTTP.
var otherReasons = [...]Reason{
	resolving:   DNSFailure,
	connecting:  ConnectUnreachable,
	handshaking: TLSFailure,
	waiting:     ProtocolError,
	reading:     ProtocolError,
}

// errnoReasons says what the operating system's refusals mean, in any phase.
var errnoReasons = map[syscall.Errno]Reason{
	syscall.EMFILE:        ProberResource,
	syscall.ENFILE:        ProberResource,
	syscall.ENOBUFS:       ProberResource,
	syscall.ENOMEM:        ProberResource,
	syscall.EADDRNOTAVAIL: ProberResource,
	syscall.EPERM:         ProberResource,
	syscall.EACCES:        ProberResource,
	syscall.ENETUNREACH:   ProberNetwork,
	syscall.ENETDOWN:      ProberNetwork,
	syscall.EAFNOSUPPORT:  ProberNetwork,
	syscall.ECONNREFUSED:  ConnectRefused,
	syscall.EHOSTUNREACH:  ConnectUnreachable,
	syscall.EHOSTDOWN:     ConnectUnreachable,
	syscall.ECONNRESET:    ConnectionReset,
	syscall.ECONNABORTED:  ConnectionReset,
	syscall.EPIPE:         ConnectionReset,
}

// Reasons that an exchange itself gives for ending.
var (
	errHeadTooLong   = errors.New("the head of the answer exceeds 64 KiB")
	errNoStatus      = errors.New("the answer's status code is 000")
	errNotGzip       = errors.New("Content-Encoding says gzip, and the body is not")
	errOneConnection = errors.New("the connection was given up before an answer")
)

// cause finds the reason of an error from its type and from the phase in which
// it came, never from its text.
func cause(ctx context.Context, err error, at phase) Reason {
	if errors.Is(ctx.Err(), context.Canceled) {
		return Canceled
	}
	if reason, found := ofWay(err); found {
		return reason
	}
	if reason, found := ofDNS(err); found {
		return reason
	}
	if errno, found := errors.AsType[syscall.Errno](err); found {
		if reason, known := errnoReasons[errno]; known {
			return reason
		}
	}
	if timedOut(err) {
		return timeoutReasons[at]
	}
	if reason, found := ofTLS(err); found {
		return reason
	}
	switch {
	case errors.Is(err, errOneConnection):
		return ConnectionClosed
	case at == reading && ended(err):
		return BodyTruncated
	case ended(err):
		return ConnectionClosed
	case ctx.Err() != nil:
		return timeoutReasons[at]
	}
	return otherReasons[at]
}

// ofWay finds the reason of an error that arose on the way to the target: an address
// that is not asked, a proxy, a protocol that is not spoken.
func ofWay(err error) (reason Reason, found bool) {
	if blocked, found := errors.AsType[*blockedError](err); found {
		return blocked.reason(), true
	}
	if refusal, found := errors.AsType[*refusalError](err); found {
		return refusal.reason, true
	}
	if _, found := errors.AsType[*notSpokenError](err); found {
		return ProtocolError, true
	}
	if failure, found := errors.AsType[*Failure](err); found {
		return failure.Reason, true
	}
	if _, found := errors.AsType[*wrongFamilyError](err); found {
		return DNSNotFound, true
	}
	if _, found := errors.AsType[*proxyError](err); found {
		// A proxy stands on our side: without it nothing is known of the target.
		if errno, found := errors.AsType[syscall.Errno](err); found && errnoReasons[errno] == ProberResource {
			return ProberResource, true
		}
		return ProberNetwork, true
	}
	return OK, false
}

// noteOn tells people what an error alone does not say; empty if it says all.
func noteOn(err error, family Family) string {
	if blocked, found := errors.AsType[*blockedError](err); found { // also where it is the proxy's address
		return blocked.note()
	}
	if noted, found := errors.AsType[interface {
		error
		note() string
	}](err); found {
		return noted.note()
	}
	failure, found := errors.AsType[*net.DNSError](err)
	if found && failure.IsNotFound && (family == IPv4 || family == IPv6) {
		return "there is no " + family.Title() + " address for " + text.Printable(failure.Name, maxText)
	}
	return ""
}

// ofDNS finds the reason of a failed look-up. A resolver that could not even be
// asked is our own trouble (see lookups), and no such name is the target's.
func ofDNS(err error) (reason Reason, found bool) {
	failure, found := errors.AsType[*net.DNSError](err)
	if !found {
		return OK, false
	}
	if failure.IsNotFound {
		return DNSNotFound, true
	}
	if errno, found := errors.AsType[syscall.Errno](err); found {
		if reason := errnoReasons[errno]; reason == ProberResource || reason == ProberNetwork {
			return reason, true
		}
	}
	if failure.IsTimeout {
		return DNSTimeout, true
	}
	return DNSFailure, true
}

func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	failure, found := errors.AsType[net.Error](err)
	return found && failure.Timeout()
}

// ended reports whether the other side closed the connection.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
