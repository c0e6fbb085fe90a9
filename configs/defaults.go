package configs

import (
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// What holds where the file says nothing (DESIGN.md section 7).
const (
	defaultListen   = "127.0.0.1:9320"
	defaultDatabase = "sonde.db"
	defaultTimeout  = 10 * time.Second // or half the interval if that is less
	stateFolder     = "/var/lib/sonde"
)

// settings is what probes and their defaults have in common.
type settings struct {
	group      string
	method     string
	headers    map[string]header // by canonical name
	auth       *auth             // nil: nobody in particular asks
	authGroup  string            // the name of the credential; empty: it has none
	ca         filePath
	roots      *probe.Roots // of ca
	expect     probe.Expect
	redirects  int
	loginHosts []string
	interval   time.Duration
	timeout    time.Duration // 0: not said
	retries    int
	credit     probe.RetryCredit
	count4xx   probe.Count4xx
	mayShed    bool
	objectives []slo.Objective

	startOnSuccess bool

	routes    notify.Routes
	alert     alert
	labels    map[string]string
	runbook   string
	transport transport
	untraced  bool
	cache     cache
}

// alert is when people are told.
type alert struct {
	downAfter    time.Duration
	authAfter    time.Duration
	recheckEvery time.Duration
	resolveAfter time.Duration
	remindEvery  time.Duration
	rules        incident.Rules
	levels       []int // of budget_threshold, in percent
}

// builtin is what every probe starts from.
func builtin() settings {
	return settings{
		method:     http.MethodGet,
		expect:     probe.Expect{TLS: probe.TLSExpect{ExpiresIn: probe.UsualExpiresIn, LastQuarter: true}},
		redirects:  5,
		interval:   time.Minute,
		retries:    1,
		objectives: []slo.Objective{{BadPPM: 5000, Window: slo.Rolling(30 * day)}}, // 99.5% over 30d
		alert: alert{
			downAfter:    90 * time.Second,
			authAfter:    90 * time.Second,
			recheckEvery: 30 * time.Second,
			resolveAfter: 120 * time.Second,
			remindEvery:  4 * time.Hour,
			rules:        incident.UsualRules(),
			levels:       usualLevels,
		},
	}
}

// clone returns settings of which nothing is shared that a probe adds to.
func (s settings) clone() settings {
	s.headers = maps.Clone(s.headers)
	s.labels = maps.Clone(s.labels)
	return s
}

// timeoutOr is the timeout, or what follows from the interval.
func (s settings) timeoutOr() time.Duration {
	if s.timeout > 0 {
		return s.timeout
	}
	return min(defaultTimeout, s.interval/2).Truncate(time.Millisecond)
}

// databasePath is where the database is, or a folder for its copies: as written if that
// is absolute, else in the state folder of the service, else beside the file.
func databasePath(written, file string, env func(string) (string, bool)) string {
	if filepath.IsAbs(written) {
		return written
	}
	if state, ok := env("STATE_DIRECTORY"); ok && state != "" {
		first, _, _ := strings.Cut(state, ":") // systemd.exec(5): several are separated by colons
		return filepath.Join(first, written)
	}
	if absolute, err := filepath.Abs(file); err == nil && strings.HasPrefix(absolute, "/etc/") {
		return filepath.Join(stateFolder, written)
	}
	return filepath.Join(filepath.Dir(file), written)
}
