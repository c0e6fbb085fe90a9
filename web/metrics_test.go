package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/slo"
	"sonde/store"
	"sonde/web"
)

// town is a lab in which a probe is in each of the states that there are.
func town(t *testing.T) *lab {
	t.Helper()
	checkout := watched("checkout", "99% over 24h", "99.9% over 30d")
	checkout.Subject.Group, checkout.Subject.Labels = "payments", map[string]string{"team": "pay"}
	checkout.Pledge = store.Pledge{Combine: slo.Worst, Objectives: checkout.Objectives[:1]}
	l := newLab(t, checkout, watched("api"), watched("blog", "90% over 1h"), watched("idle", "99% over 24h"), watched("shy"))
	l.play(t, "checkout", slices.Concat(slices.Repeat([]probe.Verdict{good}, 20), slices.Repeat([]probe.Verdict{broken}, 4))...)
	l.play(t, "api", slices.Repeat([]probe.Verdict{denied}, 4)...)
	l.play(t, "blog", slices.Concat(slices.Repeat([]probe.Verdict{good}, 55), []probe.Verdict{refused, refused, refused, good, good})...)
	l.play(t, "shy", blind)
	return l
}

// gauges are what the service of the tests knows of itself.
func gauges() web.Gauges {
	return web.Gauges{
		Missed:          map[probe.Reason]uint64{probe.ProberOverload: 3, probe.ProberClock: 1},
		LatenessBuckets: map[float64]uint64{0.001: 5, 0.01: 9}, LatenessSum: 0.25, LatenessCount: 10,
		WALBytes: 4096,
		Destinations: []web.Deliveries{
			{Destination: "backup", Buckets: map[float64]uint64{0.5: 0, 10: 0}},
			{Destination: "ops", Paused: true, Buckets: map[float64]uint64{0.5: 3, 10: 4}, Sum: 12.5, Count: 5, RateLimited: 2, Simplified: 1},
		},
	}
}

// scrape reads the metrics as Prometheus does: the value of each series of ours, by
// name and labels, and the type of each family.
func scrape(t testing.TB, p *page) (series map[string]float64, families map[string]string) {
	t.Helper()
	code, header, body := p.get(t, "/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, header.Get("Content-Type"), "text/plain; version=0.0.4")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	series, families = map[string]float64{}, map[string]string{}
	for name, family := range parsed {
		if !strings.HasPrefix(name, "sonde_") {
			continue
		}
		families[name] = strings.ToLower(family.GetType().String())
		require.NotEmpty(t, family.GetHelp(), name)
		for _, m := range family.GetMetric() {
			key := name
			for _, label := range m.GetLabel() {
				key += fmt.Sprintf(" %s=%s", label.GetName(), label.GetValue())
			}
			series[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if h := m.GetHistogram(); h != nil {
				series[key] = float64(h.GetSampleCount())
			}
		}
	}
	return series, families
}

// pick are the series of a family.
func pick(series map[string]float64, family string) map[string]float64 {
	picked := map[string]float64{}
	for key, v := range series {
		if key == family || strings.HasPrefix(key, family+" ") {
			picked[strings.TrimPrefix(strings.TrimPrefix(key, family), " ")] = v
		}
	}
	return picked
}

func TestTheMetricsAreThoseThatArePromised(t *testing.T) {
	l := town(t)
	o := usual(l.reader, l.tallies)
	o.Gauges = gauges
	p := listen(t, o)
	_, families := scrape(t, p)
	require.Equal(t, map[string]string{
		"sonde_probe_up":                       "gauge",
		"sonde_probe_duration_seconds":         "gauge",
		"sonde_probe_status_code":              "gauge",
		"sonde_probe_info":                     "gauge",
		"sonde_results_total":                  "counter",
		"sonde_objective_ratio":                "gauge",
		"sonde_budget_remaining_ratio":         "gauge",
		"sonde_burn_rate":                      "gauge",
		"sonde_group_objective_ratio":          "gauge",
		"sonde_group_budget_remaining_ratio":   "gauge",
		"sonde_group_burn_rate":                "gauge",
		"sonde_incident_open":                  "gauge",
		"sonde_schedule_lateness_seconds":      "histogram",
		"sonde_missed_slots_total":             "counter",
		"sonde_outbox_messages":                "gauge",
		"sonde_outbox_in_doubt_messages":       "gauge",
		"sonde_outbox_oldest_pending_seconds":  "gauge",
		"sonde_destination_paused":             "gauge",
		"sonde_destination_rate_limited_total": "counter",
		"sonde_destination_simplified_total":   "counter",
		"sonde_destination_send_seconds":       "histogram",
		"sonde_wal_bytes":                      "gauge",
		"sonde_storage_failures_total":         "counter",
		"sonde_ring_results":                   "gauge",
		"sonde_commit_seconds":                 "histogram",
		"sonde_config_last_reload_successful":  "gauge",
	}, families)

	_, _, body := p.get(t, "/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Contains(t, body, "go_goroutines ", "and those of the process")
}

func TestACertificateHasItsOwnSeriesAndDoesNotMakeAProbeDown(t *testing.T) {
	l := newLab(t, watched("checkout"))
	p, ends := l.probes["checkout"], now.Add(20*24*time.Hour)
	in := incident.Input{At: now, Verdict: probe.Miss(probe.CertificateExpiring), Attempts: 1, CertificateEnds: ends, Expiring: true}
	fx := incident.Step(p.Policy, l.memory.State(p.ID), &in, &l.memory.IDs)
	require.NoError(t, l.store.Commit(t.Context(), &store.Batch{Seq: 1, At: now, Entries: []store.Entry{{Probe: p.ID, Input: in}}, Effects: []store.Effect{{Probe: p.ID, Effects: fx}}}))
	series, families := scrape(t, listen(t, usual(l.reader, l.tallies)))
	require.Equal(t, "gauge", families["sonde_probe_certificate_expiry_timestamp_seconds"])
	require.Equal(t, map[string]float64{"probe=checkout": float64(ends.Unix())}, pick(series, "sonde_probe_certificate_expiry_timestamp_seconds"))
	require.Equal(t, map[string]float64{"probe=checkout": 1}, pick(series, "sonde_probe_up"))
	require.Equal(t, 1.0, pick(series, "sonde_incident_open")["kind=certificate probe=checkout"])
}

func TestAProbeWhoseCertificatesAreNotVerifiedIsMarked(t *testing.T) {
	weak := watched("weak")
	weak.Subject.Unverified = true
	l := newLab(t, watched("strong"), weak)
	server := listen(t, usual(l.reader, l.tallies))
	series, families := scrape(t, server)
	require.Equal(t, "gauge", families["sonde_probe_unverified"])
	require.Equal(t, map[string]float64{"probe=weak": 1}, pick(series, "sonde_probe_unverified"))
	_, _, body := server.get(t, "/api/v1/status")
	require.Equal(t, 1, strings.Count(body, `"unverified": true`))
}

func TestTheValuesAreThoseOfTheStatus(t *testing.T) {
	l := town(t)
	o := usual(l.reader, l.tallies)
	o.Gauges = gauges
	series, _ := scrape(t, listen(t, o))
	for family, want := range map[string]map[string]float64{
		// Unknown is absent: shy and idle are not there.
		"sonde_probe_up":          {"probe=checkout": 0, "probe=api": 0, "probe=blog": 1},
		"sonde_probe_status_code": {"probe=checkout": 503, "probe=api": 401, "probe=blog": 200},
		"sonde_probe_info": {
			"group=payments label_team=pay probe=checkout": 1, "group= label_team= probe=api": 1, "group= label_team= probe=blog": 1,
			"group= label_team= probe=idle": 1, "group= label_team= probe=shy": 1,
		},
		"sonde_incident_open": {
			"kind=down probe=checkout": 1, "kind=auth_failed probe=checkout": 0, "kind=down probe=api": 0, "kind=auth_failed probe=api": 1,
			"kind=down probe=blog":        0, // it has recovered
			"kind=auth_failed probe=blog": 0, "kind=down probe=idle": 0, "kind=auth_failed probe=idle": 0,
			"kind=down probe=shy": 0, "kind=auth_failed probe=shy": 0,
		},
		"sonde_results_total": {
			"class=success code=200 outcome=good probe=checkout reason=ok retry=not_applicable":             20,
			"class=server_error code=503 outcome=bad probe=checkout reason=server_error retry=backoff":      4,
			"class=client_error code=401 outcome=excluded probe=api reason=unauthenticated retry=no":        4,
			"class=success code=200 outcome=good probe=blog reason=ok retry=not_applicable":                 57,
			"class=no_response code=0 outcome=bad probe=blog reason=connect_refused retry=yes":              3,
			"class=no_response code=0 outcome=unknown probe=shy reason=prober_network retry=not_applicable": 1,
		},
		"sonde_objective_ratio": {
			"objective=99% over 1d probe=checkout": 20.0 / 24, "objective=99.9% over 30d probe=checkout": 20.0 / 24, "objective=90% over 1h probe=blog": 57.0 / 60,
		},
		"sonde_budget_remaining_ratio": {
			"objective=99% over 1d probe=checkout": 1 - 4/14.4, "objective=99.9% over 30d probe=checkout": 1 - 4/43.2, "objective=90% over 1h probe=blog": 0.5,
		},
		"sonde_burn_rate": {
			"objective=99% over 1d probe=checkout window=1h": 4 / 0.6, "objective=99% over 1d probe=checkout window=6h": 4 / 3.6,
			"objective=99.9% over 30d probe=checkout window=1h": 4 / 0.06, "objective=99.9% over 30d probe=checkout window=6h": 4 / 0.36,
			"objective=90% over 1h probe=blog window=1h": 0.5, "objective=90% over 1h probe=blog window=6h": 3.0 / 36,
		},
		"sonde_group_objective_ratio":        {"group=payments objective=99% over 1d": 20.0 / 24},
		"sonde_group_budget_remaining_ratio": {"group=payments objective=99% over 1d": 1 - 4/14.4},
		"sonde_group_burn_rate": {
			"group=payments objective=99% over 1d window=1h": 4 / 0.6, "group=payments objective=99% over 1d window=6h": 4 / 3.6,
		},
		"sonde_schedule_lateness_seconds":      {"": 10},
		"sonde_missed_slots_total":             {"reason=prober_overload": 3, "reason=prober_clock": 1},
		"sonde_outbox_messages":                {"state=pending": 3, "state=dead": 0, "state=dropped": 0},
		"sonde_outbox_in_doubt_messages":       {"": 0},
		"sonde_destination_paused":             {"destination=backup": 0, "destination=ops": 1},
		"sonde_destination_rate_limited_total": {"destination=backup": 0, "destination=ops": 2},
		"sonde_destination_simplified_total":   {"destination=backup": 0, "destination=ops": 1},
		"sonde_destination_send_seconds":       {"destination=backup": 0, "destination=ops": 5},
		"sonde_wal_bytes":                      {"": 4096},
		"sonde_config_last_reload_successful":  {"": 1},
	} {
		got := pick(series, family)
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)), family)
		require.InDeltaMapValues(t, want, got, 1e-9, family)
	}
	durations := pick(series, "sonde_probe_duration_seconds")
	require.Len(t, durations, 4*6, "every phase of each probe that asked")
	for phase, want := range map[string]float64{"dns": 0.001, "connect": 0.002, "tls": 0.003, "first_byte": 0.004, "transfer": 0.005, "total": 0.02} {
		require.InDelta(t, want, durations["phase="+phase+" probe=checkout"], 1e-9, phase)
	}
}

func TestAProbeThatNeverRanHasNothingButItsInfo(t *testing.T) {
	l := newLab(t, watched("new", "99% over 24h"))
	series, _ := scrape(t, listen(t, usual(l.reader, l.tallies)))
	var about []string
	for key := range series {
		if strings.Contains(key, "probe=new") {
			about = append(about, key)
		}
	}
	require.ElementsMatch(t, []string{
		"sonde_probe_info group= probe=new", "sonde_incident_open kind=down probe=new", "sonde_incident_open kind=auth_failed probe=new",
	}, about)
}

func TestTheLastBackupIsAMetricOnceThereWasOne(t *testing.T) {
	l := newLab(t, watched("a", "99% over 24h"))
	p := listen(t, usual(l.reader, l.tallies))
	series, _ := scrape(t, p)
	require.NotContains(t, series, "sonde_backup_last_success_timestamp_seconds")
	require.NoError(t, l.store.BackedUp(t.Context(), time.Unix(1_764_000_000, 0)))
	series, families := scrape(t, p)
	require.Equal(t, 1_764_000_000.0, series["sonde_backup_last_success_timestamp_seconds"])
	require.Equal(t, "gauge", families["sonde_backup_last_success_timestamp_seconds"])
}

func TestHostileLabelsAreEscaped(t *testing.T) {
	names := []string{"quo\"te", "back\\slash", "two\nlines", "한글", "a} 1\nsonde_probe_up{probe=\"b", "\u202egnp", strings.Repeat("x", 5000), "bad \xff"}
	var probes []store.Probe
	for _, name := range names {
		p := watched(name, "99% over 24h")
		p.Subject.Group, p.Subject.Labels = name, map[string]string{"own": name}
		probes = append(probes, p)
	}
	l := newLab(t, probes...)
	for _, name := range names {
		l.play(t, name, good)
	}
	series, _ := scrape(t, listen(t, usual(l.reader, l.tallies)))
	require.Len(t, pick(series, "sonde_probe_up"), len(names))
	for _, name := range names[:len(names)-1] {
		require.Equal(t, 1.0, series["sonde_probe_up probe="+name])
		require.Equal(t, 1.0, series["sonde_probe_info group="+name+" label_own="+name+" probe="+name])
	}
	require.Equal(t, 1.0, series["sonde_probe_up probe=bad \ufffd"], "the database holds no text that is none")
}

// bent is a source that changes what it has read.
type bent struct {
	*store.Reader
	bend func(*store.Snapshot)
}

func (b bent) Snapshot(ctx context.Context, at time.Time) (*store.Snapshot, error) {
	s, err := b.Reader.Snapshot(ctx, at)
	if err == nil {
		b.bend(s)
	}
	return s, err
}

func TestASeriesThatCannotBeToldHidesNoOther(t *testing.T) {
	for name, bend := range map[string]func(*store.Snapshot){
		"a label's name is no text":  func(s *store.Snapshot) { s.Probes[0].Subject.Labels = map[string]string{"bad \xff": "x"} },
		"a label's value is no text": func(s *store.Snapshot) { s.Probes[0].Subject.Group = "bad \xff" },
		"a name is no text":          func(s *store.Snapshot) { s.Probes[0].Subject.Name = "bad \xff" },
		"two have the same name":     func(s *store.Snapshot) { s.Probes[0].Subject.Name = "even" },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, watched("odd", "99% over 24h"), watched("even", "99% over 24h"))
			l.play(t, "odd", broken)
			l.play(t, "even", good)
			o := usual(bent{l.reader, bend}, l.tallies)
			log := &journal{}
			o.Log = slog.New(slog.NewTextHandler(log, nil))
			series, families := scrape(t, listen(t, o))
			require.Contains(t, series, "sonde_probe_up probe=even")
			require.Contains(t, series, "sonde_objective_ratio objective=99% over 1d probe=even")
			require.Contains(t, families, "sonde_wal_bytes")
			require.Contains(t, log.String(), "error gathering metrics", "the log says that something is amiss")
		})
	}
}

func TestATargetDoesNotChooseHowManySeriesThereAre(t *testing.T) {
	l := newLab(t, watched("a"), watched("b"))
	id := l.probes["a"].ID
	sent := 0.0
	for range 2 {
		for code := 100; code <= 999; code++ {
			l.tallies.Add([]store.Entry{{Probe: id, Input: incident.Input{Verdict: answer(probe.ServerError, code), Attempts: 1}}})
			sent++
		}
	}
	l.tallies.Add([]store.Entry{{Probe: l.probes["b"].ID, Input: incident.Input{Verdict: answer(probe.ServerError, 999), Attempts: 1}}})
	series, _ := scrape(t, listen(t, usual(l.reader, l.tallies)))
	results, sum, others := pick(series, "sonde_results_total"), 0.0, 0
	for key, n := range results {
		if strings.Contains(key, "probe=a") {
			sum += n
		}
		if strings.Contains(key, "code=other") {
			others++
		}
	}
	require.Equal(t, sent, sum, "all are counted")
	require.Positive(t, others)
	require.LessOrEqual(t, len(results), 64+20)
	require.Equal(t, 1.0, results["class=server_error code=999 outcome=bad probe=b reason=server_error retry=yes"], "others are not affected")
}

func TestTalliesCountRunsOfConfiguredProbesOnly(t *testing.T) {
	l := newLab(t, watched("a"))
	id := l.probes["a"].ID
	timings := probe.Timings{Total: 20 * time.Millisecond}
	l.tallies.Add([]store.Entry{
		{Probe: id, Input: incident.Input{Verdict: good, Attempts: 1, Timings: timings}},
		{Probe: id, Input: incident.Input{Run: probe.Recheck, Verdict: good, Attempts: 1, Timings: timings}},
		{Probe: id, Input: incident.Input{Verdict: blind}},
		{Probe: id, Input: incident.Input{Kind: incident.Skipped, Verdict: probe.Miss(probe.ProberOverload)}},
		{Probe: id + 1000, Input: incident.Input{Verdict: good, Attempts: 1, Timings: timings}},
	})
	series, _ := scrape(t, listen(t, usual(l.reader, l.tallies)))
	require.Equal(t, map[string]float64{
		"class=success code=200 outcome=good probe=a reason=ok retry=not_applicable":                  2,
		"class=no_response code=0 outcome=unknown probe=a reason=prober_network retry=not_applicable": 1,
	}, pick(series, "sonde_results_total"))
	require.Equal(t, 0.02, series["sonde_probe_duration_seconds phase=total probe=a"], "of the latest result that asked")
}

func TestTheLatestHeartbeatIsAMetricOnceOneWasTaken(t *testing.T) {
	l := newLab(t, watched("checkout"))
	o := usual(l.reader, l.tallies)
	var latest time.Time
	var state report.HeartbeatState
	o.Gauges = func() web.Gauges { return web.Gauges{LastHeartbeat: latest, Heartbeat: state} }
	p := listen(t, o)
	series, _ := scrape(t, p)
	require.Empty(t, pick(series, "sonde_heartbeat_last_success_timestamp_seconds"))
	require.Empty(t, pick(series, "sonde_heartbeat_silent"))
	latest, state = now, report.HeartbeatWithheld
	series, families := scrape(t, p)
	require.Equal(t, "gauge", families["sonde_heartbeat_last_success_timestamp_seconds"])
	require.Equal(t, float64(now.UnixMilli())/1000, series["sonde_heartbeat_last_success_timestamp_seconds"])
	require.Equal(t, map[string]float64{"reason=failing": 0, "reason=withheld": 1}, pick(series, "sonde_heartbeat_silent"))
}
