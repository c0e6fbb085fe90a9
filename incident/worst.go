package incident

import "sonde/probe"

// WasDown is the stage of an incident that is degraded and was down before. While it is open it
// goes by how it is; once it is over, by the worst it was: an outage that ended bit by bit was one.
const WasDown = 1

// worse is the stage of an incident that opens as a kind, where it was another one before.
func (p *Problem) worse(kind probe.Kind) int {
	if kind == probe.KindDegraded && p.Kind == probe.KindDown {
		return WasDown
	}
	return 0
}

// remember has an incident that is over go by the worst it was.
func (p *Problem) remember() {
	if p.Kind == probe.KindDegraded && p.Stage == WasDown {
		p.Kind, p.Severity, p.Stage = probe.KindDown, probe.Critical, 0
	}
}
