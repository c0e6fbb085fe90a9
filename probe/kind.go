package probe

// Kind names the kind of incident that a reason can lead to. Whether it does is
// decided by package incident.
type Kind uint8

// The kinds of incident.
const (
	NoIncident Kind = iota
	KindDown
	KindDegraded
	KindAuthFailed
	KindAuthBypass
	KindClientFault
	KindRateLimited
	KindCertificate
	KindProberNetwork
	KindProber
	KindCache
)

var kindNames = []string{"", "down", "degraded", "auth_failed", "auth_bypass", "client_fault", "rate_limited",
	"certificate", "prober_network", "prober", "cache"}

func (k Kind) String() string { return spell(kindNames, k) }

// MarshalText writes the kind as in [Kind.String].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = read[Kind](kindNames, "kind of incident", text)
	return err
}

// Severity says how urgent an incident is.
type Severity uint8

// The severities, least urgent first.
const (
	NoSeverity Severity = iota
	Info
	Warning
	Critical
)

var severityNames = []string{"", "info", "warning", "critical"}

func (s Severity) String() string { return spell(severityNames, s) }

// MarshalText writes the severity as in [Severity.String].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = read[Severity](severityNames, "severity", text)
	return err
}

// Symptom is the word that everything people read about a verdict begins with.
// 5xx, no answer, wrong answer and auth 401/403 are never mixed up.
type Symptom uint8

// The symptoms.
const (
	Fine Symptom = iota
	FiveXX
	NoAnswer
	WrongAnswer
	AuthFailure
	FourXX
	Throttling
	Slow
	ProberTrouble
)

var symptomNames = []string{"ok", "5xx", "no answer", "wrong answer", "auth 401/403", "4xx", "throttled", "slow", "prober"}

func (s Symptom) String() string { return spell(symptomNames, s) }
