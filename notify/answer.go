package notify

import "sonde/incident"

// answered says which change of an incident a command is told as.
func answered(c *incident.Command) incident.Change {
	switch {
	case c.Kind == incident.Acknowledge && c.Undo:
		return incident.Unacknowledged
	case c.Kind == incident.Acknowledge:
		return incident.Acknowledged
	case c.Kind == incident.FalseAlarm && c.Undo:
		return incident.TrueAlarmed
	case c.Kind == incident.FalseAlarm:
		return incident.FalseAlarmed
	default:
		return incident.Silenced
	}
}

// AnswerOf is what is told of a command.
func AnswerOf(c *incident.Command) Answer {
	a := Answer{By: c.By, User: c.User, Note: c.Note, At: c.At}
	if c.Kind == incident.Silence {
		a.Until = c.Until
	}
	return a
}

// PlanAnswer says what is told about a command that is about an incident: a line for those
// who follow it, wherever it was told. The same command gives the same keys.
func PlanAnswer(c *incident.Command, p incident.Problem, s Subject, location string, budgets []BudgetFact) []Message {
	t := incident.Transition{Change: answered(c), At: c.At, Problem: p, Quiet: true}
	messages := Plan(t, s, location, budgets)
	for i := range messages {
		m := &messages[i]
		m.Key = p.ID.String() + ":" + m.Destination + ":" + t.Change.String() + ":" + c.Key
		m.Body.Answer = AnswerOf(c)
	}
	return messages
}
