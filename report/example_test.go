package report_test

import (
	"fmt"
	"os"
	"time"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

func ExampleStatus_WriteText() {
	ratio, left, status := 0.9979, 0.537, 503
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	since := at.Add(-5 * time.Minute)
	s := &report.Status{
		GeneratedAt: at,
		Service:     report.Service{Running: true},
		Summary:     report.Summary{Down: 1, Classes24h: map[string]int64{"success": 1430, "server_error": 10}},
		Probes: []report.Probe{{
			Name: "checkout", State: report.Down, Since: &since,
			Last: &report.Last{At: at, Verdict: report.Verdict{
				Status: &status, Class: probe.ClassServerError, Reason: probe.ServerError, Retry: probe.RetryBackoff, Outcome: probe.Bad,
			}},
			Availability: map[string]report.Availability{"24h": {Ratio: &ratio, Coverage: 1}},
			Objectives:   []report.Objective{{Status: "met", BudgetMS: 2_592_000, SpentMS: 1_200_000, RemainingRatio: &left}},
		}},
	}
	if err := s.WriteText(os.Stdout, report.Palette{}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exit", s.ExitCode())
	// Output:
	// 1 probe: 1 down; last 24 h: 2xx 1430, 3xx 0, 4xx 0, 5xx 10, no answer 0
	//
	// STATE  PROBE     LAST                  RETRY    REASON        AVAIL 24H  BUDGET LEFT       SINCE
	// down   checkout  503 5xx server error  backoff  server_error  99.79%     53.70% (23m 12s)  5m ago
	// exit 2
}

func ExampleExplanation_WriteText() {
	entry, err := probe.Explain("502")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.NewExplanation(entry).WriteText(os.Stdout, probe.English); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 502 Bad Gateway
	//   A gateway or proxy got a broken answer from the server behind it.
	//
	//   class  5xx server error
	//   retry  yes
	//   fault  target
	//
	//   check next
	//   1. Follow the trace id from the gateway's log to the log of the upstream that failed
	//   2. Check that the upstream runs, and was not killed or restarted for want of memory
	//   3. Check that the upstream's database and the services it calls answer as they should
	//   4. Check the gateway's settings for the upstream (address, port, protocol) and the firewall between
	//   5. Check that a circuit breaker keeps the failure from spreading
	//
	//   source  RFC 9110 section 15.6.3; white paper section 3.5, section 4, section 5, section 6.2
}

func ExampleSpan() {
	fmt.Println(report.Span(3*time.Hour+20*time.Minute+7*time.Second), "of", report.Span(24*time.Hour))
	// Output: 3h 20m of 1d
}

func ExampleWriteIncidents() {
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	all := report.NewIncidents([]store.IncidentRecord{{
		ID: 32769, Name: "checkout", Kind: probe.KindDown, Phase: incident.Open, Severity: probe.Critical, Cause: probe.ServerError, Status: 503,
		Codes: map[int]int{503: 4}, Since: at, OpenedAt: at.Add(2 * time.Minute),
	}}, at.Add(10*time.Minute))
	if err := report.WriteIncidents(os.Stdout, all); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ID    KIND  PHASE  SEVERITY  PROBE     SINCE (UTC)          OPENED               RECOVERED  LASTED  CAUSE         CODES
	// 1001  down  open   critical  checkout  2026-11-23 05:00:00  2026-11-23 05:02:00  -          10m     server_error  4 x 503
}

func ExampleParseFormat() {
	_, err := report.ParseFormat("xml")
	fmt.Println(err)
	// Output: "xml" is no format; use csv, json or ndjson
}
