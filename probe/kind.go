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
	KindAuthGroup       // several probes that share a credential are refused
	KindLatency         // good answers take longer than they usually do
	KindCodeAnomaly     // a status code comes more often than it usually does
	KindGroupRate       // too large a share of results is of a class
	KindGatewaySurge    // gateways of several probes do not reach what is behind them
	KindNoData          // no result comes
	KindBudgetFast      // the error budget is spent within days
	KindBudgetSlow      // the error budget is spent faster than is promised
	KindBudgetThreshold // a share of the error budget is spent

	lastKind = KindBudgetThreshold
)

// Kinds are all kinds of incident, in their order.
func Kinds() []Kind {
	var all []Kind
	for k := NoIncident + 1; k <= lastKind; k++ {
		all = append(all, k)
	}
	return all
}

var kindNames = []string{"", "down", "degraded", "auth_failed", "auth_bypass", "client_fault", "rate_limited",
	"certificate", "prober_network", "prober", "cache", "auth_group", "latency", "code_anomaly", "group_rate", "gateway_surge",
	"no_data", "budget_fast", "budget_slow", "budget_threshold"}

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
