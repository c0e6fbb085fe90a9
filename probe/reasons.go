package probe

// rule is what follows from a reason.
type rule struct {
	name     string
	outcome  Outcome
	fault    Fault
	retry    Retry
	incident Kind
	severity Severity
	symptom  Symptom
	meaning  string
}

// Two cells of the table are decided by more than the reason.
const (
	outcomeByCount4xx Outcome = 100 // by the probe's count_4xx, see Settle
	retryByCode       Retry   = 100 // by the status code, see codes.go
)

// reasons is the one place where a reason's consequences are written.
var reasons = [...]rule{
	OK:                  {"ok", Good, FaultNone, RetryNotApplicable, NoIncident, NoSeverity, Fine, "the answer is as expected"},
	DNSNotFound:         {"dns_not_found", Bad, FaultTarget, RetryConditional, KindDown, Critical, NoAnswer, "the name does not exist (NXDOMAIN)"},
	DNSFailure:          {"dns_failure", Bad, FaultNetwork, RetryYes, KindDown, Critical, NoAnswer, "the resolver answered with a failure"},
	DNSTimeout:          {"dns_timeout", Bad, FaultNetwork, RetryYes, KindDown, Critical, NoAnswer, "no answer from the resolver in time"},
	ConnectRefused:      {"connect_refused", Bad, FaultTarget, RetryYes, KindDown, Critical, NoAnswer, "nothing listens there"},
	ConnectUnreachable:  {"connect_unreachable", Bad, FaultNetwork, RetryYes, KindDown, Critical, NoAnswer, "no route from the target's side"},
	ConnectTimeout:      {"connect_timeout", Bad, FaultNetwork, RetryYes, KindDown, Critical, NoAnswer, "no TCP connection in time"},
	ConnectionReset:     {"connection_reset", Bad, FaultTarget, RetryConditional, KindDown, Critical, NoAnswer, "the connection was reset"},
	ConnectionClosed:    {"connection_closed", Bad, FaultTarget, RetryConditional, KindDown, Critical, NoAnswer, "the connection ended before an answer"},
	TLSExpired:          {"tls_expired", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "the certificate has expired"},
	TLSNotYetValid:      {"tls_not_yet_valid", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "the certificate is not valid yet"},
	TLSNameMismatch:     {"tls_name_mismatch", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "the certificate is for another name"},
	TLSUnknownAuthority: {"tls_unknown_authority", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "the chain does not end at a trusted root"},
	TLSVersion:          {"tls_version", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "no TLS version in common"},
	TLSFailure:          {"tls_failure", Bad, FaultTarget, RetryConditional, KindDown, Critical, NoAnswer, "the handshake failed for another reason"},
	TLSTimeout:          {"tls_timeout", Bad, FaultNetwork, RetryYes, KindDown, Critical, NoAnswer, "no handshake in time"},
	FirstByteTimeout:    {"first_byte_timeout", Bad, FaultTarget, RetryYes, KindDown, Critical, NoAnswer, "connected but no answer in time"},
	BodyTimeout:         {"body_timeout", Bad, FaultTarget, RetryYes, KindDown, Critical, NoAnswer, "the answer began but did not end in time"},
	BodyTruncated:       {"body_truncated", Bad, FaultTarget, RetryConditional, KindDown, Critical, NoAnswer, "the body ended before its declared length"},
	ProtocolError:       {"protocol_error", Bad, FaultTarget, RetryNo, KindDown, Critical, NoAnswer, "what came is not valid HTTP or exceeds a cap on headers"},
	ServerError:         {"server_error", Bad, FaultTarget, retryByCode, KindDown, Critical, FiveXX, "an unexpected 5xx"},
	ClientError:         {"client_error", outcomeByCount4xx, FaultRequest, retryByCode, KindClientFault, Warning, FourXX, "an unexpected 4xx other than those below"},
	UnexpectedStatus:    {"unexpected_status", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "a 1xx 2xx or 3xx that was not expected"},
	Unauthenticated:     {"unauthenticated", Excluded, FaultCredential, RetryNo, KindAuthFailed, Critical, AuthFailure, "401 or 407: the credential is missing or wrong or expired"},
	Forbidden:           {"forbidden", Excluded, FaultCredential, RetryNo, KindAuthFailed, Critical, AuthFailure, "403: known but not allowed"},
	LoginRedirect:       {"login_redirect", Excluded, FaultCredential, RetryNo, KindAuthFailed, Critical, AuthFailure, "sent to a login page or shown one"},
	AuthBypass:          {"auth_bypass", Bad, FaultTarget, RetryNo, KindAuthBypass, Critical, WrongAnswer, "401 or 403 was expected and access was given"},
	Throttled:           {"throttled", Excluded, FaultThrottle, RetryAfterDelay, KindRateLimited, Info, Throttling, "429"},
	BusinessError:       {"business_error", Excluded, FaultRequest, RetryNo, KindClientFault, Info, FiveXX, "a 5xx that the probe's own expression recognises as a business rule"},
	RedirectLoop:        {"redirect_loop", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "a URL came twice"},
	RedirectLimit:       {"redirect_limit", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "more redirects than allowed"},
	RedirectInvalid:     {"redirect_invalid", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "a redirect without a usable Location"},
	RedirectBlocked:     {"redirect_blocked", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "a redirect to where this probe may not go"},
	HeaderMismatch:      {"header_mismatch", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "a header is not as expected"},
	BodyMismatch:        {"body_mismatch", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "the body is not as expected"},
	JSONMismatch:        {"json_mismatch", Bad, FaultTarget, RetryNo, KindDown, Critical, WrongAnswer, "the JSON is not as expected or is not JSON"},
	TooSlow:             {"too_slow", Bad, FaultTarget, RetryNotApplicable, KindDegraded, Warning, Slow, "complete and right but slower than `expect.latency`: degraded and never down"},
	CertificateExpiring: {"certificate_expiring", Good, FaultTarget, RetryNotApplicable, KindCertificate, Warning, Fine, "good but the certificate ends soon: a note on a good result"},
	ProberNetwork:       {"prober_network", Unknown, FaultProber, RetryNotApplicable, KindProberNetwork, Critical, ProberTrouble, "our own network is at fault"},
	ProberResource:      {"prober_resource", Unknown, FaultProber, RetryNotApplicable, KindProber, Critical, ProberTrouble, "out of file descriptors or memory or ports"},
	ProberOverload:      {"prober_overload", Unknown, FaultProber, RetryNotApplicable, KindProber, Warning, ProberTrouble, "the slot could not be kept"},
	ProberClock:         {"prober_clock", Unknown, FaultProber, RetryNotApplicable, KindProber, Warning, ProberTrouble, "the clock jumped or the machine slept"},
	ProberStorage:       {"prober_storage", Unknown, FaultProber, RetryNotApplicable, KindProber, Critical, ProberTrouble, "the result could not be kept"},
	ProberPanic:         {"prober_panic", Unknown, FaultProber, RetryNotApplicable, KindProber, Critical, ProberTrouble, "a defect of sonde"},
	AddressBlocked:      {"address_blocked", Unknown, FaultProber, RetryNo, KindProber, Warning, ProberTrouble, "the address is not one this probe may reach"},
	Canceled:            {"canceled", Unknown, FaultProber, RetryNotApplicable, NoIncident, NoSeverity, ProberTrouble, "stopped before it ended"},
	LoadShed:            {"load_shed", Excluded, FaultTarget, RetryBackoff, KindDegraded, Warning, FiveXX, "a 503 with Retry-After from a target that may shed load"},
	CredentialExpiring:  {"credential_expiring", Good, FaultCredential, RetryNotApplicable, KindCertificate, Warning, Fine, "good but the token or client certificate of the probe ends soon: a note on a good result"},
	CacheMissed:         {"cache_missed", Good, FaultTarget, RetryNotApplicable, KindCache, Warning, Fine, "good but sent again too often although it has not changed"},
	ValidatorChanges:    {"validator_changes", Good, FaultTarget, RetryNotApplicable, KindCache, Warning, Fine, "good but its ETag or Last-Modified is another one every time"},
	NoData:              {"no_data", Unknown, FaultProber, RetryNotApplicable, KindNoData, Critical, ProberTrouble, "no result came although one was due"},
}
