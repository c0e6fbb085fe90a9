package report_test

import (
	"encoding/json"
	"os"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/report"
	"sonde/store"
)

func ExampleWriteOutbox() {
	at := time.Date(2026, 11, 26, 5, 0, 0, 0, time.UTC)
	all := report.NewOutbox([]store.Post{
		{ID: 7, Key: "a", Destination: "ops", Incident: incident.FirstID, Change: "opened", State: notify.StateDead, Attempts: 3, CreatedAt: at, SettledAt: at.Add(time.Hour), Error: "refused: is_archived\x1b"},
		{ID: 8, Key: "b", Destination: "ops", Incident: incident.FirstID, Change: "resolved", State: notify.StatePending, CreatedAt: at, Next: at.Add(time.Minute)},
		{ID: 9, Key: "c", Destination: "backup", State: notify.StatePending, CreatedAt: at},
	})
	_ = report.WriteOutbox(os.Stdout, all)
	_ = report.WriteOutbox(os.Stdout, nil)
	_ = json.NewEncoder(os.Stdout).Encode(all[:1])
	// Output:
	// ID  DESTINATION  INCIDENT  CHANGE    STATE    ATTEMPTS  CREATED (UTC)        NEXT                 ERROR
	// 7   ops          1000      opened    dead     3         2026-11-26 05:00:00  -                    refused: is_archived\x1b
	// 8   ops          1000      resolved  pending  0         2026-11-26 05:00:00  2026-11-26 05:01:00
	// 9   backup       -         -         pending  0         2026-11-26 05:00:00  now
	// no messages
	// [{"id":7,"destination":"ops","incident":"1000","change":"opened","key":"a","state":"dead","attempts":3,"repeat":false,"created_at":"2026-11-26T05:00:00Z","next_at":null,"settled_at":"2026-11-26T06:00:00Z","error":"refused: is_archived\u001b"}]
}
