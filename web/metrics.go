package web

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
)

// Gauges are what the running service knows of itself.
type Gauges struct {
	Missed          map[probe.Reason]uint64
	LatenessBuckets map[float64]uint64 // cumulative, by upper bound in seconds
	LatenessSum     float64            // seconds
	LatenessCount   uint64
	WALBytes        int64

	StorageFailures uint64
	RingResults     int64
	CommitBuckets   map[float64]uint64 // cumulative, by upper bound in seconds
	CommitSum       float64            // seconds
	CommitCount     uint64
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sonde_"+name, help, labels, nil)
}

var (
	probeUp         = desc("probe_up", "Whether the probe is up (1) or not (0); absent while unknown.", "probe")
	probeDuration   = desc("probe_duration_seconds", "How long the phases of the latest attempt took.", "probe", "phase")
	certificateEnds = desc("probe_certificate_expiry_timestamp_seconds", "When the verified chain of the probe's certificate ends; absent while none was seen.", "probe")
	probeUnverified = desc("probe_unverified", "1 where the certificates of the probe are not verified (insecure); absent where they are.", "probe")
	probeStatusCode = desc("probe_status_code", "The status code of the latest result; absent when none came.", "probe")
	resultsTotal    = desc("results_total", "Results since the start.", "probe", "class", "code", "retry", "reason", "outcome")
	objectiveRatio  = desc("objective_ratio", "The share of the objective's window that was good; absent without data.", "probe", "objective")
	budgetRemaining = desc("budget_remaining_ratio", "The share of the error budget that is left; below 0 when overspent.", "probe", "objective")
	burnRate        = desc("burn_rate", "How many times faster than promised the budget is spent.", "probe", "objective", "window")
	incidentOpen    = desc("incident_open", "Whether an incident of a kind is open.", "probe", "kind")
	cacheRatio      = desc("cache_ratio", "The share of 304 among the answers to conditional requests in the last 24 hours; absent without any.", "probe")
	lateness        = desc("schedule_lateness_seconds", "How late scheduled runs started.")
	missedSlots     = desc("missed_slots_total", "Slots at which nothing was asked, since the start.", "reason")
	outboxMessages  = desc("outbox_messages", "Messages that are not delivered.", "state")
	storageFailures = desc("storage_failures_total", "Commits that failed, since the start.")
	ringResults     = desc("ring_results", "Results that are not stored yet.")
	commitSeconds   = desc("commit_seconds", "How long commits took that succeeded.")
	walBytes        = desc("wal_bytes", "Size of the database's write-ahead log.")
	lastBackup      = desc("backup_last_success_timestamp_seconds", "When the service last made a copy of its database by itself; absent when it never did.")
	reloadSucceeded = desc("config_last_reload_successful", "Whether the configuration was last loaded successfully.")
)

// registry is made per server: nothing is registered for the whole process.
func (s *Server) registry(life context.Context) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{life, s})
	return registry
}

// collector reads the state when somebody scrapes.
type collector struct {
	life context.Context // of the server: a scrape does not outlive it
	s    *Server
}

// Describe sends nothing: which series there are depends on the configuration.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends every series as of now.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(c.life, 10*time.Second)
	defer cancel()
	c.service(out)
	status, err := c.s.read(ctx)
	if c.life.Err() != nil {
		return
	}
	if err != nil {
		c.s.o.Log.Error("metrics not read", "err", err)
		return
	}
	gauge(out, outboxMessages, float64(status.Service.Outbox.Pending), "pending")
	gauge(out, outboxMessages, float64(status.Service.Outbox.Dead), "dead")
	if at := status.Service.LastBackup; at != nil {
		gauge(out, lastBackup, float64(at.UnixMilli())/1000)
	}
	c.info(out, status.Probes)
	names := make(map[probe.ID]string, len(status.Probes))
	for i := range status.Probes {
		p := &status.Probes[i]
		names[probe.ID(p.ID)] = p.Name
		c.probe(out, p)
		c.objectives(out, p)
	}
	c.s.o.Tallies.collect(out, names)
}

func (c *collector) service(out chan<- prometheus.Metric) {
	g := c.s.o.Gauges()
	for reason, n := range g.Missed {
		counter(out, missedSlots, float64(n), reason.String())
	}
	histogram(out, lateness, g.LatenessCount, g.LatenessSum, g.LatenessBuckets)
	histogram(out, commitSeconds, g.CommitCount, g.CommitSum, g.CommitBuckets)
	counter(out, storageFailures, float64(g.StorageFailures))
	gauge(out, ringResults, float64(g.RingResults))
	gauge(out, walBytes, float64(g.WALBytes))
	gauge(out, reloadSucceeded, 1)
}

func (c *collector) probe(out chan<- prometheus.Metric, p *report.Probe) {
	switch p.State {
	case report.Up:
		gauge(out, probeUp, 1, p.Name)
	case report.Degraded:
		gauge(out, probeUp, oneIf(answersWell(p)), p.Name)
	case report.Down:
		gauge(out, probeUp, 0, p.Name)
	}
	if p.CertificateEnds != nil {
		gauge(out, certificateEnds, float64(p.CertificateEnds.Unix()), p.Name)
	}
	if p.Unverified {
		gauge(out, probeUnverified, 1, p.Name)
	}
	if p.Last != nil && p.Last.Status != nil {
		gauge(out, probeStatusCode, float64(*p.Last.Status), p.Name)
	}
	if p.Cache != nil {
		sendIf(out, cacheRatio, p.Cache.Ratio, p.Name)
	}
	open := map[probe.Kind]float64{probe.KindDown: 0, probe.KindAuthFailed: 0}
	for _, i := range p.Incidents {
		if i.Phase == incident.Open {
			open[i.Kind] = 1
		}
	}
	for kind, n := range open {
		gauge(out, incidentOpen, n, p.Name, kind.String())
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

func (c *collector) objectives(out chan<- prometheus.Metric, p *report.Probe) {
	for _, o := range p.Objectives {
		promise := o.String()
		sendIf(out, objectiveRatio, o.AttainedRatio, p.Name, promise)
		sendIf(out, budgetRemaining, o.RemainingRatio, p.Name, promise)
		for window, rate := range o.BurnRate {
			sendIf(out, burnRate, rate, p.Name, promise, window)
		}
	}
}

// info sends the group and the labels of every probe. All series have the same labels:
// those that any probe has.
func (c *collector) info(out chan<- prometheus.Metric, probes []report.Probe) {
	own := map[string]bool{}
	for i := range probes {
		for label := range probes[i].Labels {
			own[label] = true
		}
	}
	names := slices.Sorted(maps.Keys(own))
	labels := []string{"probe", "group"}
	for _, name := range names {
		labels = append(labels, "label_"+name)
	}
	info := desc("probe_info", "The probe's group and labels; always 1.", labels...)
	for i := range probes {
		p := &probes[i]
		values := []string{p.Name, p.Group}
		for _, name := range names {
			values = append(values, p.Labels[name])
		}
		gauge(out, info, 1, values...)
	}
}

func histogram(out chan<- prometheus.Metric, d *prometheus.Desc, count uint64, sum float64, buckets map[float64]uint64) {
	metric, err := prometheus.NewConstHistogram(d, count, sum, buckets)
	if err != nil {
		metric = prometheus.NewInvalidMetric(d, err)
	}
	out <- metric
}

func gauge(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	send(out, d, prometheus.GaugeValue, v, labels)
}

// sendIf leaves out what is not known: absent, not 0.
func sendIf(out chan<- prometheus.Metric, d *prometheus.Desc, v *float64, labels ...string) {
	if v != nil {
		gauge(out, d, *v, labels...)
	}
}

func counter(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	send(out, d, prometheus.CounterValue, v, labels)
}

// send sends one series. One that cannot be told is reported by the scrape, and hides
// no other.
func send(out chan<- prometheus.Metric, d *prometheus.Desc, kind prometheus.ValueType, v float64, labels []string) {
	metric, err := prometheus.NewConstMetric(d, kind, v, labels...)
	if err != nil {
		metric = prometheus.NewInvalidMetric(d, err)
	}
	out <- metric
}
