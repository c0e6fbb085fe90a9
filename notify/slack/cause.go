package slack

import (
	"strconv"

	"sonde/probe"
)

// status is a status code with its name, such as "503 Service Unavailable".
func status(l probe.Language, code int) string {
	return strconv.Itoa(code) + " " + probe.CodeOf(code).NameIn(l)
}

// explain returns the catalogue's entry that says most about a verdict: the status
// code's where the code is what is wrong, else the reason's.
func explain(l probe.Language, v probe.Verdict) (probe.Explanation, bool) {
	query := v.Reason.String()
	if codeTellsAll(v) {
		query = strconv.Itoa(v.Status)
	}
	entry, err := probe.ExplainIn(l, query)
	return entry, err == nil
}

// reasonName is the name that a reason has in the catalogue.
func reasonName(l probe.Language, r probe.Reason) string {
	entry, _ := probe.ExplainIn(l, r.String())
	return entry.Name
}

// codeTellsAll reports whether the status code alone is what is wrong.
func codeTellsAll(v probe.Verdict) bool {
	switch v.Reason {
	case probe.OK, probe.ServerError, probe.ClientError, probe.Unauthenticated, probe.Forbidden, probe.Throttled:
		return v.Status != 0
	}
	return false
}
