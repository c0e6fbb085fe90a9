package notify

import (
	"sonde/incident"
	"sonde/probe"
)

// Witness adds to messages about a change what the run saw that brought it about: who
// answered, and by which trace it is found. Reminders and recoveries are brought about by
// something else.
func Witness(messages []Message, attempts []probe.Attempt) {
	for i := len(attempts) - 1; i >= 0; i-- {
		if attempts[i].Verdict.Outcome == probe.Good {
			continue
		}
		for j := range messages {
			switch messages[j].Change {
			case incident.Opened, incident.Changed, incident.Reopened:
				messages[j].Body.Gateway, messages[j].Body.Trace = attempts[i].Evidence.Gateway, attempts[i].Evidence.TraceID
			}
		}
		return
	}
}
