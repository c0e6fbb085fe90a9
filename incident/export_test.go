package incident

// Calm is whether an input takes the short way.
func Calm(p *Policy, s *State, in *Input) bool { return s.calm(p, in) }

// StepByRules is Step without the short way.
func StepByRules(p *Policy, s *State, in *Input, ids *Sequence) Effects {
	if s.Stale(in) {
		return Effects{}
	}
	m := machine{p: p, s: s, in: in, ids: ids}
	m.step()
	return m.fx
}
