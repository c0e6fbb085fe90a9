package notify

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

const (
	chartAfter   = 10 * time.Second // by then there are results of the trouble to draw
	chartExpires = 10 * time.Minute // nobody needs it any more
	chartLook    = 5 * time.Second  // for the first message, which is to be there before
)

// ChartPrefix begins the key of a chart: whoever is told of the incident does not wait for it.
const ChartPrefix = "chart:"

// chartOf is the chart that goes with an opening, for those who follow it; false if there is none: what
// several probes share has no results of its own, and what is a part of something else no thread.
func (t *Tact) chartOf(m *Message) (Message, bool) {
	b := &m.Body
	if !t.manners[m.Destination].Chart || m.Change != incident.Opened || m.Amends || m.Incident <= 0 ||
		b.Part != 0 || b.Quiet || b.Storm != nil || b.Shared.Tie != incident.NoTie || b.Kind == probe.KindNoData {
		return Message{}, false
	}
	chart := Message{
		Key: ChartPrefix + m.Destination + ":" + m.Incident.String(), Destination: m.Destination, CreatedAt: m.CreatedAt, After: m.CreatedAt.Add(chartAfter),
		Body: Body{
			Chart: m.Incident, Probe: b.Probe, Location: b.Location, Interval: b.Interval, Kind: b.Kind, Severity: b.Severity, Cause: b.Cause,
			Since: b.Since, OpenedAt: b.OpenedAt, At: b.At, Expires: m.CreatedAt.Add(chartExpires),
		},
	}
	return chart, true
}
