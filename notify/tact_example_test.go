package notify_test

import (
	"fmt"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// Five openings are told one by one, the sixth begins a storm, of which the others are a part.
func ExampleTact() {
	at := time.Date(2026, 11, 26, 5, 0, 0, 0, time.UTC)
	states := map[probe.ID]*incident.State{}
	tact := notify.NewTact("seoul-1", map[string]notify.Manners{"ops": {}}, func(id probe.ID) *incident.State { return states[id] })
	for id := probe.ID(1); id <= 9; id++ {
		p := incident.Problem{ID: incident.FirstID + incident.ID(id), Kind: probe.KindDown, Phase: incident.Open, Severity: probe.Critical}
		states[id] = &incident.State{Problems: []incident.Problem{p}}
		subject := notify.Subject{Name: fmt.Sprintf("shop-%d", id), Routes: notify.Routes{Default: []string{"ops"}}}
		planned := notify.Plan(incident.Transition{Change: incident.Opened, At: at, Problem: p}, subject, "seoul-1", nil)
		for _, m := range tact.Pass(id, subject, planned) {
			fmt.Println(m.Key)
		}
	}
	for _, m := range tact.Flush(at) {
		fmt.Println(m.Key, m.Amends, m.Body.Storm.Affected)
	}
	// Output:
	// 1001:ops:opened:1795669200000
	// 1002:ops:opened:1795669200000
	// 1003:ops:opened:1795669200000
	// 1004:ops:opened:1795669200000
	// 1005:ops:opened:1795669200000
	// storm:1795669200000:ops
	// storm:1795669200000:ops true 9
}
