package notify

import (
	"time"

	"sonde/incident"
)

// Budgets says how the promises of a probe stand, as far as its incidents follow them.
func Budgets(s *incident.State, b *incident.Budgets, now time.Time) []BudgetFact {
	if b == nil {
		return nil
	}
	facts := make([]BudgetFact, 0, len(b.Of))
	for i := range b.Of {
		spent, total := s.Spent(b, i, now)
		facts = append(facts, BudgetFact{Objective: b.Of[i].Objective, Spent: spent, Total: total, Judged: !s.Last.At.IsZero() || s.Shared != nil})
	}
	return facts
}
