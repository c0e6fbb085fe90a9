package probe

import (
	"errors"
	"fmt"

	"sonde/text"
)

// inWords says what went wrong on the way. Where the error of a connection says no more than that it
// ended or that time ran out, it says when.
func (x *exchange) inWords(reason Reason, err error) string {
	_, ours := errors.AsType[*refusalError](err) // which say more than that themselves
	_, proxy := errors.AsType[*proxyError](err)
	if ours || proxy {
		return text.Printable(err.Error(), maxText)
	}
	switch {
	case reason == FirstByteTimeout:
		return "the time ran out before an answer came"
	case reason == BodyTimeout:
		return "the time ran out after " + x.ofBody()
	case reason == TLSTimeout:
		return "the time ran out during the TLS handshake"
	case !ended(err):
	case reason == BodyTruncated && x.compressed():
		return "the compressed body ends too early, after " + inBytes(x.size)
	case reason == BodyTruncated:
		return "the connection was closed after " + x.ofBody()
	case reason == ConnectionClosed && x.at == handshaking:
		return "the connection was closed during the TLS handshake"
	case reason == ConnectionClosed && x.lastInterim() != 0:
		return "the connection was closed before the final answer came"
	case reason == ConnectionClosed && x.at == waiting:
		return "the connection was closed before an answer came"
	}
	return text.Printable(err.Error(), maxText)
}

// ofBody is how much of a body came.
func (x *exchange) ofBody() string {
	came := inBytes(x.size)
	switch {
	case x.answer == nil:
		return came + " of the body"
	case x.compressed():
		return came + " of the body, decompressed"
	case x.answer.ContentLength > 0:
		return fmt.Sprintf("%d of %s of the body", x.size, inBytes(x.answer.ContentLength))
	}
	return came + " of the body, which has no announced end"
}
