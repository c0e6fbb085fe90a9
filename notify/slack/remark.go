package slack

import (
	"strconv"

	"sonde/incident"
	"sonde/probe"
)

// remark is what the rule has read, in a sentence of its own; empty for most kinds.
func (s story) remark() string {
	b := s.Body
	if s.over() || b.Reading == (incident.Reading{}) {
		return ""
	}
	r := b.Reading
	switch b.Kind {
	case probe.KindClientFault, probe.KindDown, probe.KindAuthFailed:
		if s.neverGood() {
			return fill(s.words.neverGood, "added", b.OpenedAt.Add(-r.Over).In(s.zone).Format("2006-01-02 15:04 MST"))
		}
		return fill(s.words.worked[uint8(r.Level)], "since", s.clock(b.Since))
	case probe.KindCodeAnomaly:
		return fill(s.words.unusual, "count", plainly(r.Now), "samples", strconv.Itoa(r.Samples),
			"over", s.words.duration(r.Over), "usual", plainly(r.Usual))
	case probe.KindGroupRate:
		if r.Samples == 0 {
			return ""
		}
		return fill(s.words.rate, "share", share(r.Now), "samples", strconv.Itoa(r.Samples),
			"over", s.words.duration(r.Over), "limit", share(r.Usual))
	}
	return ""
}

// unproven reports whether the incident is about a request that has never worked.
func (s story) unproven() bool {
	switch s.Body.Kind {
	case probe.KindClientFault, probe.KindDown, probe.KindAuthFailed:
		return s.Body.Reading.Level == incident.NeverWorked
	}
	return false
}

// neverGood reports whether the probe was not good either before its request was what it is.
func (s story) neverGood() bool { return s.unproven() && s.Body.Reading.Over > 0 }

// counts reports whether the incident is about how often an answer comes, which may be a good
// one.
func (s story) counts() bool {
	return s.Body.Kind == probe.KindCodeAnomaly || s.Body.Kind == probe.KindGroupRate
}

func plainly(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func share(of float64) string { return strconv.FormatFloat(100*of, 'g', 3, 64) + "%" }
