package probe

// Reason is why an attempt or a run ended as it did. Everything else about it
// (outcome, fault, retryability, incident, severity) is one line of the table
// in reasons.go.
type Reason uint8

// The reasons. Their meaning stands in the table.
const (
	OK Reason = iota
	DNSNotFound
	DNSFailure
	DNSTimeout
	ConnectRefused
	ConnectUnreachable
	ConnectTimeout
	ConnectionReset
	ConnectionClosed
	TLSExpired
	TLSNotYetValid
	TLSNameMismatch
	TLSUnknownAuthority
	TLSVersion
	TLSFailure
	TLSTimeout
	FirstByteTimeout
	BodyTimeout
	BodyTruncated
	ProtocolError
	ServerError
	ClientError
	UnexpectedStatus
	Unauthenticated
	Forbidden
	LoginRedirect
	AuthBypass
	Throttled
	BusinessError
	RedirectLoop
	RedirectLimit
	RedirectInvalid
	RedirectBlocked
	HeaderMismatch
	BodyMismatch
	JSONMismatch
	TooSlow
	CertificateExpiring
	ProberNetwork
	ProberResource
	ProberOverload
	ProberClock
	ProberStorage
	ProberPanic
	AddressBlocked
	Canceled
	LoadShed
	CredentialExpiring
	CacheMissed
	ValidatorChanges
	NoData
)

// Reasons lists every reason, in the order of the table.
func Reasons() []Reason {
	all := make([]Reason, len(reasons))
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r].name
	}
	return spell(nil, r)
}

// MarshalText writes the reason as in [Reason.String].
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	found, err := ParseReason(string(text))
	*r = found
	return err
}

// ParseReason finds a reason by its text form, such as "tls_expired".
func ParseReason(text string) (Reason, error) {
	names := make([]string, len(reasons))
	for i := range reasons {
		names[i] = reasons[i].name
	}
	return read[Reason](names, "reason", []byte(text))
}
