package notify

import (
	"sonde/incident"
	"sonde/probe"
)

// Watched is what a desk knows of a probe. There are as many as probes: what others keep
// anyway is pointed to.
type Watched struct {
	*Subject
	Parents []probe.ID // that it depends on
	Policy  *incident.Policy

	Circle *incident.Circle // of what is promised of a group; nil for a probe
}

// name is that of a probe; of what probes share there is none.
func (d *Desk) name(id probe.ID) string {
	if s := d.watched[id].Subject; s != nil {
		return s.Name
	}
	return ""
}

// policy is that of a probe; of what probes share there is none.
func (d *Desk) policy(id probe.ID) *incident.Policy {
	if p := d.watched[id].Policy; p != nil {
		return p
	}
	return &incident.Policy{}
}
