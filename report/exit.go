package report

import (
	"sonde/incident"
	"sonde/probe"
)

// The exit codes of `status` and `check`, after the convention of monitoring plugins.
const (
	ExitOK       = 0
	ExitWarning  = 1
	ExitCritical = 2
	ExitUnknown  = 3
)

// worse orders exit codes: critical before warning before unknown before good.
func worse(a, b int) int {
	rank := [...]int{ExitOK: 0, ExitUnknown: 1, ExitWarning: 2, ExitCritical: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// ExitCode is what a status means for the caller: the worst of its probes and of their
// objectives. Without any probe nothing is known.
func (s *Status) ExitCode() int {
	if len(s.Probes) == 0 {
		return ExitUnknown
	}
	code := ExitOK
	for i := range s.Probes {
		code = worse(code, s.Probes[i].exitCode())
	}
	for i := range s.Shared {
		code = worse(code, s.Shared[i].exitCode())
	}
	for i := range s.Groups {
		code = worse(code, objectivesCode(s.Groups[i].Objectives))
	}
	return code
}

// objectivesCode is what promises mean for the caller: a budget that is spent is critical.
func objectivesCode(all []Objective) int {
	code := ExitOK
	for i := range all {
		switch all[i].Status {
		case "spent":
			code = worse(code, ExitCritical)
		case "at_risk":
			code = worse(code, ExitWarning)
		}
	}
	return code
}

// exitCode is 0 for a probe that is paused or in maintenance, whatever it was before.
func (p *Probe) exitCode() int {
	code := ExitOK
	switch p.State {
	case Maintenance, Paused:
		return ExitOK
	case Degraded:
		code = ExitWarning
	case Down:
		code = ExitCritical
	case Unknown:
		code = ExitUnknown
	}
	for _, i := range p.Incidents {
		if i.Kind == probe.KindAuthFailed && i.Phase == incident.Open {
			code = ExitCritical
		}
	}
	return worse(code, objectivesCode(p.Objectives))
}

// VerdictExitCode is what the verdict of a single check means for the caller: what is
// not good is as urgent as an incident of its kind would be.
func VerdictExitCode(v probe.Verdict) int {
	switch {
	case v.Outcome == probe.Good:
		return ExitOK
	case v.Outcome == probe.Unknown:
		return ExitUnknown
	case v.Severity() == probe.Critical:
		return ExitCritical
	}
	return ExitWarning
}
