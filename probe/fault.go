package probe

// Fault says who has to act.
type Fault uint8

// The faults.
const (
	FaultNone       Fault = iota
	FaultTarget           // the people who run the target
	FaultNetwork          // whoever runs what lies between
	FaultCredential       // whoever keeps the probe's credential
	FaultRequest          // whoever wrote the probe: the request is wrong
	FaultThrottle         // we ask too often
	FaultProber           // whoever runs sonde
)

var faultNames = []string{"none", "target", "network", "credential", "request", "throttle", "prober"}

func (f Fault) String() string { return spell(faultNames, f) }

// MarshalText writes the fault as in [Fault.String].
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *Fault) UnmarshalText(text []byte) (err error) {
	*f, err = read[Fault](faultNames, "fault", text)
	return err
}
