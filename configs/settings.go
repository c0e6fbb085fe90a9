package configs

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// settingKeys are the keys that may stand in defaults and in every probe.
var settingKeys = withTransport(keys[settings]{
	"group":        func(d *decoder, v value, s *settings) { d.name(v, &s.group) },
	"method":       func(d *decoder, v value, s *settings) { d.method(v, &s.method) },
	"auth":         func(d *decoder, v value, s *settings) { s.auth = d.auth(v) },
	"auth_group":   func(d *decoder, v value, s *settings) { d.name(v, &s.authGroup) },
	"tls":          func(d *decoder, v value, s *settings) { d.tls(v, s) },
	"headers":      func(d *decoder, v value, s *settings) { d.headers(v, &s.headers) },
	"expect":       func(d *decoder, v value, s *settings) { object(d, v, expectKeys, &s.expect) },
	"login_hosts":  func(d *decoder, v value, s *settings) { s.loginHosts = d.hosts(v) },
	"redirects":    func(d *decoder, v value, s *settings) { d.count(v, 10, &s.redirects) },
	"interval":     func(d *decoder, v value, s *settings) { d.interval(v, &s.interval) },
	"timeout":      func(d *decoder, v value, s *settings) { d.duration(v, time.Millisecond, &s.timeout) },
	"retries":      func(d *decoder, v value, s *settings) { d.count(v, 10, &s.retries) },
	"retry_credit": func(d *decoder, v value, s *settings) { d.word(v, &s.credit) },
	"count_4xx":    func(d *decoder, v value, s *settings) { d.word(v, &s.count4xx) },
	"may_shed":     func(d *decoder, v value, s *settings) { d.boolean(v, &s.mayShed) },
	"objective":    func(d *decoder, v value, s *settings) { d.objectives(v, &s.objectives) },

	"start_on_first_success": func(d *decoder, v value, s *settings) { d.boolean(v, &s.startOnSuccess) },

	"notify":       func(d *decoder, v value, s *settings) { s.routes = d.routes(v) },
	"alert":        func(d *decoder, v value, s *settings) { object(d, v, alertKeys, &s.alert) },
	"code_anomaly": func(d *decoder, v value, s *settings) { d.codeAnomaly(v, &s.alert.rules.CodeAnomaly) },
	"rate":         func(d *decoder, v value, s *settings) { d.rate(v, &s.alert.rules.Rate) },
	"cache":        func(d *decoder, v value, s *settings) { d.cache(v, &s.cache) },
	"trace":        func(d *decoder, v value, s *settings) { s.untraced = !d.whether(v, !s.untraced) },
	"labels":       func(d *decoder, v value, s *settings) { d.labels(v, &s.labels) },
	"runbook":      func(d *decoder, v value, s *settings) { d.webAddress(v, &s.runbook) },
})

var alertKeys = withTogether(keys[alert]{
	"down_after":    func(d *decoder, v value, a *alert) { d.duration(v, 0, &a.downAfter) },
	"auth_after":    func(d *decoder, v value, a *alert) { d.duration(v, 0, &a.authAfter) },
	"recheck_every": func(d *decoder, v value, a *alert) { d.duration(v, time.Second, &a.recheckEvery) },
	"resolve_after": func(d *decoder, v value, a *alert) { d.duration(v, 0, &a.resolveAfter) },
	"remind_every":  func(d *decoder, v value, a *alert) { d.reminders(v, a) },

	"down": func(d *decoder, v value, a *alert) { d.wanted(v, probe.KindDown, &a.rules) },
	"degraded": func(d *decoder, v value, a *alert) {
		d.leak(v, probe.KindDegraded, &a.rules, &a.rules.Degraded, incident.UsualRules().Degraded)
	},
	"auth_bypass":  func(d *decoder, v value, a *alert) { a.rules.AuthBypass = d.whether(v, a.rules.AuthBypass) },
	"client_fault": func(d *decoder, v value, a *alert) { d.clientFault(v, &a.rules.ClientFault) },
	"code_anomaly": func(d *decoder, v value, a *alert) { d.codeAnomaly(v, &a.rules.CodeAnomaly) },
	"rate":         func(d *decoder, v value, a *alert) { d.rate(v, &a.rules.Rate) },
	"rate_limited": func(d *decoder, v value, a *alert) { d.rateLimited(v, &a.rules.RateLimited) },
	"auth_failed": func(d *decoder, v value, a *alert) {
		d.leak(v, probe.KindAuthFailed, &a.rules, &a.rules.AuthFailed, incident.UsualRules().AuthFailed)
	},
	"latency":          func(d *decoder, v value, a *alert) { d.slower(v, &a.rules) },
	"budget_fast":      func(d *decoder, v value, a *alert) { d.wanted(v, probe.KindBudgetFast, &a.rules) },
	"budget_slow":      func(d *decoder, v value, a *alert) { d.wanted(v, probe.KindBudgetSlow, &a.rules) },
	"budget_threshold": func(d *decoder, v value, a *alert) { d.levels(v, a) },
})

// shortestInterval and longestInterval bound how often a probe asks.
const (
	shortestInterval = time.Second
	longestInterval  = 30 * day
)

func (d *decoder) interval(v value, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < shortestInterval || length > longestInterval:
		d.fail(v, "%s is not from %s to %s; 60s is usual", FormatDuration(length), FormatDuration(shortestInterval), FormatDuration(longestInterval))
	default:
		*into = length
	}
}

// reminders reads how often to remind: of everything, or by severity and kind of incident.
func (d *decoder) reminders(v value, a *alert) {
	if v.node.Kind != yaml.MappingNode {
		d.remind(v, &a.remindEvery)
		if r := a.rules.Remind; r != nil { // what the defaults say of severities is about what is said anew
			a.rules.Remind = &incident.Reminders{ByKind: r.ByKind}
		}
		return
	}
	by, severe := map[probe.Kind]time.Duration{}, map[probe.Severity][]time.Duration{}
	if a.rules.Remind != nil {
		maps.Copy(by, a.rules.Remind.ByKind) // those of the defaults
		maps.Copy(severe, a.rules.Remind.BySeverity)
	}
	for _, e := range d.mapping(v) {
		if e.key == "default" {
			d.remind(e.value, &a.remindEvery)
			continue
		}
		var severity probe.Severity
		if severity.UnmarshalText([]byte(e.key)) == nil && severity != probe.NoSeverity {
			severe[severity] = d.remindSteps(e.value)
			continue
		}
		var kind probe.Kind
		if err := kind.UnmarshalText([]byte(e.key)); err != nil || kind == probe.NoIncident {
			d.failAs(e.keyAt, e.value.path, "unknown severity or kind of incident %s; %s", quote(e.key), instead(e.key, remindedOf()))
			continue
		}
		every := a.remindEvery
		d.remind(e.value, &every)
		by[kind] = every
	}
	a.rules.Remind = &incident.Reminders{ByKind: by}
	if len(severe) > 0 {
		a.rules.Remind.BySeverity = severe
	}
}

// remindedOf are the keys of a remind_every mapping.
func remindedOf() []string {
	names := incidentKinds()
	for _, s := range []probe.Severity{probe.Critical, probe.Warning, probe.Info} {
		names = append(names, s.String())
	}
	return names
}

// remindSteps reads after how long of being open to remind, and from the last on how often.
func (d *decoder) remindSteps(v value) []time.Duration {
	var steps []time.Duration
	for _, item := range d.oneOrList(v) {
		var step time.Duration
		before := len(d.problems)
		d.remind(item, &step)
		switch n := len(steps); {
		case len(d.problems) > before:
		case step == 0 && v.node.Kind != yaml.SequenceNode:
			return nil // never
		case step == 0:
			d.fail(item, "0s is never; write 0s alone, without a list")
		case n > 0 && step <= steps[n-1]:
			d.fail(item, "%s does not lie after %s; write each behind the one before, such as [15m, 30m, 1h, 4h]", FormatDuration(step), FormatDuration(steps[n-1]))
		default:
			steps = append(steps, step)
		}
	}
	return steps
}

// remind reads how often to remind: 0s never, else a minute or more.
func (d *decoder) remind(v value, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length > 0 && length < time.Minute:
		d.fail(v, "%s would flood people; use 1m or more, or 0s for never", FormatDuration(length))
	default:
		*into = length
	}
}

func (d *decoder) count(v value, most int, into *int) {
	if n, ok := d.integer(v, 0, most); ok {
		*into = n
	}
}

// filled reads a text that is not empty.
func (d *decoder) filled(v value, into *string) {
	s, ok := d.text(v)
	switch {
	case !ok:
	case s == "":
		d.fail(v, "is empty; give it a text or remove the key")
	default:
		*into = s
	}
}

func (d *decoder) method(v value, into *string) {
	s, ok := d.text(v)
	switch {
	case !ok:
	case !isToken(s):
		d.fail(v, "%s is no HTTP method; use one such as GET, HEAD or POST", quote(s))
	case s != strings.ToUpper(s):
		d.fail(v, "%s is not in upper case; write %s", quote(s), strings.ToUpper(s))
	case s == http.MethodConnect:
		d.fail(v, "CONNECT asks for a tunnel and gets no answer to judge; use GET or HEAD")
	default:
		*into = s
	}
}

// objectives reads one objective or a list; an empty list promises nothing.
func (d *decoder) objectives(v value, into *[]slo.Objective) {
	var all []slo.Objective
	for _, item := range d.oneOrList(v) {
		s, ok := d.loose(item)
		if !ok {
			continue
		}
		objective, err := slo.ParseObjective(s)
		switch {
		case err != nil:
			d.fail(item, "%v", err)
		case slices.Contains(all, objective):
			d.fail(item, "%s is listed twice; remove one", objective)
		default:
			all = append(all, objective)
		}
	}
	if _, ok := incident.NewThresholds(all); !ok {
		d.fail(v, "more than 4 thresholds of latency; promise with fewer")
		return
	}
	*into = all
}

// routes reads who is told: a list, or lists by kind of incident.
func (d *decoder) routes(v value) notify.Routes {
	if v.node.Kind != yaml.MappingNode {
		return notify.Routes{Default: d.destinationNames(v)}
	}
	routes := notify.Routes{ByKind: map[probe.Kind][]string{}}
	for _, e := range d.mapping(v) {
		names := d.destinationNames(e.value)
		if e.key == "default" {
			routes.Default = names
			continue
		}
		var kind probe.Kind
		if err := kind.UnmarshalText([]byte(e.key)); err != nil || kind == probe.NoIncident {
			d.failAs(e.keyAt, e.value.path, "unknown kind of incident %s; %s", quote(e.key), instead(e.key, incidentKinds()))
			continue
		}
		routes.ByKind[kind] = names
	}
	return routes
}

// incidentKinds are the keys of a notify mapping.
func incidentKinds() []string {
	names := []string{"default"}
	for _, kind := range probe.Kinds() {
		names = append(names, kind.String())
	}
	return names
}

func (d *decoder) destinationNames(v value) []string {
	var names []string
	for _, item := range d.list(v) {
		name, ok := d.text(item)
		switch {
		case !ok:
		case len(d.places) == 0:
			d.fail(item, "no destination is defined; define %s under destinations", quote(name))
		case !slices.Contains(d.places, name):
			d.fail(item, "no destination is called %s; %s", quote(name), instead(name, d.places))
		case slices.Contains(names, name):
			d.fail(item, "%s is listed twice; remove one", quote(name))
		default:
			names = append(names, name)
		}
	}
	return names
}
