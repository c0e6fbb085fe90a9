package web

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// Gauges are what the running service knows of itself.
type Gauges struct {
	Missed          map[probe.Reason]uint64
	LatenessBuckets map[float64]uint64 // cumulative, by upper bound in seconds
	LatenessSum     float64            // seconds
	LatenessCount   uint64
	WALBytes        int64
	LastHeartbeat   time.Time             // zero: none was taken
	Heartbeat       report.HeartbeatState // empty: none is configured

	StorageFailures uint64
	RingResults     int64
	CommitBuckets   map[float64]uint64 // cumulative, by upper bound in seconds
	CommitSum       float64            // seconds
	CommitCount     uint64

	Destinations []Deliveries
}

// Deliveries are what the service knows of sending to a destination.
type Deliveries struct {
	Destination string
	Paused      bool               // nothing is sent there now
	Buckets     map[float64]uint64 // cumulative, by upper bound in seconds
	Sum         float64            // seconds
	Count       uint64
	RateLimited uint64
	Simplified  uint64
}

var (
	probeUp         = gauges("probe_up", "Whether the probe is up (1) or not (0); absent while unknown.", "probe")
	probeDuration   = gauges("probe_duration_seconds", "How long the phases of the latest attempt took.", "probe", "phase")
	certificateEnds = gauges("probe_certificate_expiry_timestamp_seconds", "When the verified chain of the probe's certificate ends; absent while none was seen.", "probe")
	probeUnverified = gauges("probe_unverified", "1 where the certificates of the probe are not verified (insecure); absent where they are.", "probe")
	probeStatusCode = gauges("probe_status_code", "The status code of the latest result; absent when none came.", "probe")
	resultsTotal    = counters("results_total", "Results since the start.", "probe", "class", "code", "retry", "reason", "outcome")
	objectiveRatio  = gauges("objective_ratio", "The share of the objective's window that was good; absent without data.", "probe", "objective")
	budgetRemaining = gauges("budget_remaining_ratio", "The share of the error budget that is left; below 0 when overspent.", "probe", "objective")
	burnRate        = gauges("burn_rate", "How many times faster than promised the budget is spent.", "probe", "objective", "window")
	groupRatio      = gauges("group_objective_ratio", "The share of the objective's window in which the group was good; absent without data.", "group", "objective")
	groupRemaining  = gauges("group_budget_remaining_ratio", "The share of the group's error budget that is left; below 0 when overspent.", "group", "objective")
	groupBurnRate   = gauges("group_burn_rate", "How many times faster than promised the group's budget is spent.", "group", "objective", "window")
	incidentOpen    = gauges("incident_open", "Whether an incident of a kind is open; probe is what several share, such as host/api.example.com, if it is about that.", "probe", "kind")
	cacheRatio      = gauges("cache_ratio", "The share of 304 among the answers to conditional requests in the last 24 hours; absent without any.", "probe")
	lateness        = prometheus.NewDesc("sonde_schedule_lateness_seconds", "How late scheduled runs started.", nil, nil)
	missedSlots     = counters("missed_slots_total", "Slots at which nothing was asked, since the start.", "reason")
	outboxMessages  = gauges("outbox_messages", "Messages that are not delivered.", "state")
	outboxInDoubt   = gauges("outbox_in_doubt_messages", "Messages of which nobody knows whether they got through: they are looked for before they are sent again.")
	outboxOldest    = gauges("outbox_oldest_pending_seconds", "How long the message has waited that has waited longest, but for those that the fallback has; 0 if none waits.")
	paused          = gauges("destination_paused", "Whether nothing is sent to the destination (1), because people must act or nothing gets through.", "destination")
	rateLimited     = counters("destination_rate_limited_total", "How often the destination asked for a pause, since the start.", "destination")
	simplified      = counters("destination_simplified_total", "Messages that the destination got in a simpler form, because a limit or a refusal stood in the way, since the start.", "destination")
	sendSeconds     = prometheus.NewDesc("sonde_destination_send_seconds", "How long attempts to send took, successful or not.", []string{"destination"}, nil)
	storageFailures = counters("storage_failures_total", "Commits that failed, since the start.")
	ringResults     = gauges("ring_results", "Results that are not stored yet.")
	commitSeconds   = prometheus.NewDesc("sonde_commit_seconds", "How long commits took that succeeded.", nil, nil)
	walBytes        = gauges("wal_bytes", "Size of the database's write-ahead log.")
	lastBackup      = gauges("backup_last_success_timestamp_seconds", "When the service last made a copy of its database by itself; absent when it never did.")
	lastHeartbeat   = gauges("heartbeat_last_success_timestamp_seconds", "When the latest heartbeat was taken; absent while none was.")
	heartbeatSilent = gauges("heartbeat_silent", "Whether there is no heartbeat (1), because sonde does not do its work (withheld) or because nobody takes it (failing); absent without heartbeat:.", "reason")
	reloadSucceeded = gauges("config_last_reload_successful", "Whether the configuration was last loaded successfully.")
)

// registry has what Prometheus's own library says. It is made per server: nothing is
// registered for the whole process.
func (s *Server) registry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &durations{s.o.Gauges})
	return registry
}

// durations are the histograms.
type durations struct{ gauges func() Gauges }

// Describe sends what Collect sends.
func (d *durations) Describe(out chan<- *prometheus.Desc) {
	out <- lateness
	out <- commitSeconds
	out <- sendSeconds
}

// Collect sends the histograms as of now.
func (d *durations) Collect(out chan<- prometheus.Metric) {
	g := d.gauges()
	histogram(out, lateness, g.LatenessCount, g.LatenessSum, g.LatenessBuckets)
	histogram(out, commitSeconds, g.CommitCount, g.CommitSum, g.CommitBuckets)
	for i := range g.Destinations {
		d := &g.Destinations[i]
		histogram(out, sendSeconds, d.Count, d.Sum, d.Buckets, d.Destination)
	}
}

// collect gathers every series as of now, but for the histograms.
func (s *Server) collect(ctx context.Context, out *exposition) error {
	s.collectService(out)
	now := s.o.Now()
	snapshot, err := s.o.Source.Snapshot(ctx, now)
	if err != nil {
		return err
	}
	defer snapshot.Done()
	out.add(outboxMessages, float64(snapshot.Service.Pending), "pending")
	out.add(outboxMessages, float64(snapshot.Service.Dead), "dead")
	out.add(outboxMessages, float64(snapshot.Service.Dropped), "dropped")
	out.add(outboxInDoubt, float64(snapshot.Service.InDoubt))
	waited := time.Duration(0)
	if since := snapshot.Service.Oldest; !since.IsZero() {
		waited = max(0, now.Sub(since))
	}
	out.add(outboxOldest, waited.Seconds())
	if at := snapshot.Service.LastBackup; !at.IsZero() {
		out.add(lastBackup, float64(at.UnixMilli())/1000)
	}
	info := infoOf(snapshot.Probes)
	names := make(map[probe.ID]string, len(snapshot.Probes))
	report.EachProbe(snapshot, now, func(p *report.Probe) {
		names[probe.ID(p.ID)] = p.Name
		info.collect(out, p)
		collectProbe(out, p)
		collectObjectives(out, p)
	})
	for _, g := range report.GroupsOf(snapshot, now) {
		collectGroup(out, &g)
	}
	for _, shared := range report.NewShared(snapshot) {
		for _, x := range shared.Incidents {
			out.add(incidentOpen, oneIf(x.Phase == incident.Open), shared.Scope, x.Kind.String())
		}
	}
	s.o.Tallies.collect(out, names)
	return nil
}

func (s *Server) collectService(out *exposition) {
	g := s.o.Gauges()
	for reason, n := range g.Missed {
		out.add(missedSlots, float64(n), reason.String())
	}
	out.add(storageFailures, float64(g.StorageFailures))
	out.add(ringResults, float64(g.RingResults))
	out.add(walBytes, float64(g.WALBytes))
	for i := range g.Destinations {
		d := &g.Destinations[i]
		out.add(paused, oneIf(d.Paused), d.Destination)
		out.add(rateLimited, float64(d.RateLimited), d.Destination)
		out.add(simplified, float64(d.Simplified), d.Destination)
	}
	if !g.LastHeartbeat.IsZero() {
		out.add(lastHeartbeat, float64(g.LastHeartbeat.UnixMilli())/1000)
	}
	if g.Heartbeat != "" {
		out.add(heartbeatSilent, oneIf(g.Heartbeat == report.HeartbeatFailing), string(report.HeartbeatFailing))
		out.add(heartbeatSilent, oneIf(g.Heartbeat == report.HeartbeatWithheld), string(report.HeartbeatWithheld))
	}
	out.add(reloadSucceeded, 1)
}

func collectProbe(out *exposition, p *report.Probe) {
	switch p.State {
	case report.Up:
		out.add(probeUp, 1, p.Name)
	case report.Degraded:
		out.add(probeUp, oneIf(answersWell(p)), p.Name)
	case report.Down:
		out.add(probeUp, 0, p.Name)
	}
	if p.CertificateEnds != nil {
		out.add(certificateEnds, float64(p.CertificateEnds.Unix()), p.Name)
	}
	if p.Unverified {
		out.add(probeUnverified, 1, p.Name)
	}
	if p.Last != nil && p.Last.Status != nil {
		out.add(probeStatusCode, float64(*p.Last.Status), p.Name)
	}
	if p.Cache != nil {
		out.addIf(cacheRatio, p.Cache.Ratio, p.Name)
	}
	open := [...]probe.Kind{probe.KindDown, probe.KindAuthFailed} // which are told of while they are not open, too
	for _, kind := range open {
		is := slices.ContainsFunc(p.Incidents, func(i report.Incident) bool { return i.Kind == kind && i.Phase == incident.Open })
		out.add(incidentOpen, oneIf(is), p.Name, kind.String())
	}
	for _, i := range p.Incidents {
		if i.Phase == incident.Open && !slices.Contains(open[:], i.Kind) {
			out.add(incidentOpen, 1, p.Name, i.Kind.String())
		}
	}
}

// answersWell reports whether nothing is wrong with a probe but what its good answers show:
// that its certificate ends soon, or that they are sent again too often.
func answersWell(p *report.Probe) bool {
	for _, i := range p.Incidents {
		if i.Phase == incident.Open && i.Kind != probe.KindCertificate && i.Kind != probe.KindCache {
			return false
		}
	}
	return p.Last != nil && p.Last.Outcome == probe.Good
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func collectObjectives(out *exposition, p *report.Probe) {
	for _, o := range p.Objectives {
		promise := o.String()
		out.addIf(objectiveRatio, o.AttainedRatio, p.Name, promise)
		out.addIf(budgetRemaining, o.RemainingRatio, p.Name, promise)
		for window, rate := range o.BurnRate {
			out.addIf(burnRate, rate, p.Name, promise, window)
		}
	}
}

func collectGroup(out *exposition, g *report.Group) {
	for _, o := range g.Objectives {
		promise := o.String()
		out.addIf(groupRatio, o.AttainedRatio, g.Name, promise)
		out.addIf(groupRemaining, o.RemainingRatio, g.Name, promise)
		for window, rate := range o.BurnRate {
			out.addIf(groupBurnRate, rate, g.Name, promise, window)
		}
	}
}

// info is the family with the group and the labels of every probe. All series have the
// same labels: those that any probe has.
type info struct {
	*family
	own []string // names of labels
}

func infoOf(probes []store.Watched) info {
	own := map[string]bool{}
	for i := range probes {
		for label := range probes[i].Subject.Labels {
			own[label] = true
		}
	}
	x := info{own: slices.Sorted(maps.Keys(own))}
	labels := []string{"probe", "group"}
	for _, name := range x.own {
		labels = append(labels, "label_"+name)
	}
	x.family = gauges("probe_info", "The probe's group and labels; always 1.", labels...)
	return x
}

func (x info) collect(out *exposition, p *report.Probe) {
	for _, name := range x.labels {
		if !utf8.ValidString(name) {
			out.fail(fmt.Errorf("%s: the name %q of a label is no text", x.name, name))
			return
		}
	}
	values := []string{p.Name, p.Group}
	for _, name := range x.own {
		values = append(values, p.Labels[name])
	}
	out.add(x.family, 1, values...)
}

func histogram(out chan<- prometheus.Metric, d *prometheus.Desc, count uint64, sum float64, buckets map[float64]uint64, labels ...string) {
	metric, err := prometheus.NewConstHistogram(d, count, sum, buckets, labels...)
	if err != nil {
		metric = prometheus.NewInvalidMetric(d, err)
	}
	out <- metric
}
