package incident

import "sonde/probe"

// healedByGood reports whether good results alone show that an incident of a kind is over.
// Every other kind is resolved by the rule that opens it.
func healedByGood(kind probe.Kind) bool {
	switch kind {
	case probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindClientFault:
		return true
	}
	return false
}
