package configs_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

const day = 24 * time.Hour

// read parses a text that must be valid, without secrets.
func read(t *testing.T, text string) *configs.Config {
	t.Helper()
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
	require.NoError(t, err)
	return config
}

func TestDefaultsAreWhatTheDesignPromises(t *testing.T) {
	config := read(t, "probes: [{name: a, url: 'http://127.0.0.1/x'}]")
	require.Equal(t, "127.0.0.1:9320", config.Listen)
	require.Equal(t, "sonde.db", config.Database)
	require.Empty(t, config.Location)
	require.Equal(t, configs.History{Results: 14 * day, Rollups: 400 * day}, config.History)
	require.Nil(t, config.Backup, "no copies are made unasked")
	require.Empty(t, config.Destinations)
	require.Len(t, config.Probes, 1)
	p := config.Probes[0]
	require.Equal(t, time.Minute, p.Interval)
	require.Equal(t, []slo.Objective{{BadPPM: 5000, Window: slo.Rolling(30 * day)}}, p.Objectives)
	require.Empty(t, p.Notify.For(probe.KindDown))
	require.Equal(t, incident.Policy{
		Interval: time.Minute, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second,
		ResolveAfter: 2 * time.Minute, RemindEvery: 4 * time.Hour, Repeatable: true, Count4xx: probe.CountKnownGood,
		Timeout: 10 * time.Second, Local: p.Policy.Local, Rules: incident.UsualRules(),
		Budgets: incident.NewBudgets(p.Objectives, time.Minute, incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}}),
	}, p.Policy)
	require.Equal(t, "a", p.Target.Name)
	require.Equal(t, "http://127.0.0.1/x", p.Target.URL.String())
	require.Equal(t, http.MethodGet, p.Target.Method)
	require.Equal(t, 10*time.Second, p.Target.Timeout)
	require.Equal(t, 1, p.Target.Retries)
	require.Equal(t, 5, p.Target.Redirect)
	require.Equal(t, probe.CreditTransport, p.Target.Credit)
	require.Equal(t, probe.Expect{TLS: probe.TLSExpect{ExpiresIn: 21 * day, LastQuarter: true}}, p.Target.Expect)
}

func TestTheDefaultTimeoutIsTenSecondsOrHalfTheInterval(t *testing.T) {
	for interval, want := range map[string]time.Duration{"1s": 500 * time.Millisecond, "1.001s": 500 * time.Millisecond, "20s": 10 * time.Second, "5m": 10 * time.Second} {
		t.Run(interval, func(t *testing.T) {
			config := read(t, "probes: [{name: a, url: 'http://127.0.0.1/', interval: "+interval+"}]")
			require.Equal(t, want, config.Probes[0].Target.Timeout)
		})
	}
}

func TestEveryKeyArrivesWhereItBelongs(t *testing.T) {
	secrets := map[string]string{"SLACK_TOKEN": "xoxb-1", "SLACK_WEBHOOK": "https://hooks.example.com/x", "KEY": "k&=", "CHECKOUT_TOKEN": "t"}
	config, warnings, err := configs.Load(filepath.Join("testdata", "good", "everything.yaml"), configs.Options{Secrets: true, Env: environment(secrets)})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, "[::1]:9320", config.Listen)
	require.Equal(t, "https://sonde.example.com", config.PublicURL)
	require.Equal(t, filepath.Join("testdata", "good", "probes", "history.db"), config.Database)
	require.Equal(t, "서울-1", config.Location)
	require.Equal(t, configs.History{Results: 7 * day, Rollups: 90 * day}, config.History)
	require.Equal(t, &configs.Backup{Folder: filepath.Join("testdata", "good", "copies"), Every: 6 * time.Hour, Keep: 28}, config.Backup)
	require.Len(t, config.Destinations, 2)
	require.Equal(t, "ops", config.Destinations[0].Name)
	require.Equal(t, "xoxb-1", config.Destinations[0].Slack.Token.Reveal())
	require.Equal(t, "C0123456789", config.Destinations[0].Slack.Channel)
	require.Equal(t, "http://127.0.0.1:8065/api/", config.Destinations[0].Slack.APIURL)
	require.Equal(t, probe.English, config.Destinations[0].Slack.Language)
	require.Equal(t, "https://hooks.example.com/x", config.Destinations[1].Slack.Webhook.Reveal())
	require.Equal(t, probe.Korean, config.Destinations[1].Slack.Language)
	require.Len(t, config.Probes, 2)
	requireCheckout(t, config.Probes[0])
	requireInherited(t, config.Probes[1])
}

func requireCheckout(t *testing.T, p configs.Probe) {
	t.Helper()
	require.Equal(t, []string{"checkout", "cart", "payments"}, []string{p.Name, p.Was, p.Group})
	require.Equal(t, "a=b&key=k%26%3D", p.Target.URL.RawQuery, "what a reference stands for is escaped")
	require.Equal(t, http.MethodPost, p.Target.Method)
	header := map[string]string{}
	for name, value := range p.Target.Header {
		header[name] = value.Reveal()
	}
	require.Equal(t, map[string]string{"Accept": "text/plain", "X-Team": "payments", "Authorization": "Bearer t", "X-Dollar": "${env:KEY}"}, header)
	require.Equal(t, `{"token": "t"}`, p.Target.Body.Reveal())
	require.True(t, p.Target.Idempotent)
	require.Equal(t, "200, 204, 3xx", p.Target.Expect.Status.String())
	requireExpectations(t, p.Target.Expect)
	require.Equal(t, []int{0, 0}, []int{p.Target.Redirect, p.Target.Retries})
	require.Equal(t, []string{"login.example.org", "10.0.0.5"}, p.Target.LoginHosts)
	require.Equal(t, []time.Duration{time.Minute, 10 * time.Second}, []time.Duration{p.Interval, p.Target.Timeout})
	require.Equal(t, probe.CreditNone, p.Target.Credit)
	require.False(t, p.Target.MayShed, "the probe's own word goes before the defaults'")
	require.False(t, p.Target.NoTrace)
	require.Equal(t, []slo.Objective{{BadPPM: 1000, Window: slo.Rolling(30 * day)}, {BadPPM: 5000, Window: slo.Rolling(7 * day)}, {BadPPM: 1000, Window: slo.Window{Period: slo.Month, Zone: "Europe/Berlin"}}, {BadPPM: 10_000, Window: slo.Rolling(30 * day), Kind: slo.Latency, Threshold: 800 * time.Millisecond}}, p.Objectives)
	require.Equal(t, notify.Routes{
		Default: []string{"ops", "backup"},
		ByKind:  map[probe.Kind][]string{probe.KindAuthFailed: {"backup"}, probe.KindRateLimited: nil},
	}, p.Notify)
	rules := incident.UsualRules() // degraded is off, and auth_failed on again
	rules.ClientFault, rules.RateLimited = incident.ClientFault{}, incident.RateLimited{}
	rules.Rate = &incident.Rate{Codes: [8]int16{502, 504}, Over: 2 * time.Hour, Above: 10_000, MinSamples: 100}
	rules.Remind = &incident.Reminders{ByKind: map[probe.Kind]time.Duration{probe.KindDown: 15 * time.Minute, probe.KindBudgetSlow: 2 * day}}
	rules.Degraded, rules.Off = incident.Leak{}, incident.Kinds(0).With(probe.KindDegraded)
	require.Equal(t, incident.Policy{
		Rules:    rules,
		Interval: time.Minute, DownAfter: 2 * time.Minute, AuthAfter: 90 * time.Second, RecheckEvery: 10 * time.Second,
		ResolveAfter: time.Hour, RemindEvery: 0, Repeatable: true, Count4xx: probe.CountAlways,
		Budgets: incident.NewBudgets(p.Objectives, time.Minute, incident.BudgetRules{Fast: true, Slow: true, Levels: []int{50, 80, 100}}),
		Timeout: p.Target.Timeout, Thresholds: incident.Thresholds{800 * time.Millisecond},
	}, p.Policy)
	require.Equal(t, map[string]string{"team": "payments", "tier": "0"}, p.Labels)
	require.Equal(t, "https://runbooks.example.com/checkout", p.Runbook)
}

func requireExpectations(t *testing.T, e probe.Expect) {
	t.Helper()
	require.Equal(t, 2*time.Second, e.Latency, "what a probe does not say is inherited key by key")
	header := map[string]string{}
	for _, h := range e.Header {
		header[h.Name] = "absent"
		if !h.Absent {
			header[h.Name] = h.Match.String()
		}
	}
	require.Equal(t, map[string]string{"Content-Type": "^application/json", "X-Powered-By": "absent", "X-Cache": "."}, header)
	require.Equal(t, []string{"ok"}, e.Body.Contains)
	require.Equal(t, []string{"error", "stack trace"}, e.Body.NotContains)
	require.Len(t, e.Body.Matches, 2)
	require.Equal(t, `"version": "\d+"`, e.Body.Matches[1].String())
	require.Equal(t, probe.SizeExpect{Min: 2, Max: 64 << 10, Bounded: true}, e.Size)
	require.Equal(t, `status == "up" && queue < 100`, e.JSON.String())
	require.Equal(t, "status == 500\n&& body.code == \"NO_FUNDS\"\n", e.Business.String())
	require.Equal(t, "^https://", e.Redirect.String())
	require.Equal(t, probe.TLSExpect{ExpiresIn: 30 * day}, e.TLS)
}

func requireInherited(t *testing.T, p configs.Probe) {
	t.Helper()
	require.Equal(t, []string{"plain", "", "shop"}, []string{p.Name, p.Was, p.Group})
	require.Equal(t, http.MethodHead, p.Target.Method)
	require.Equal(t, "application/json", p.Target.Header["Accept"].Reveal(), "another probe's header does not reach this one")
	require.Equal(t, map[string]string{"team": "payments", "tier": "1"}, p.Labels)
	require.Equal(t, []time.Duration{30 * time.Second, 5 * time.Second}, []time.Duration{p.Interval, p.Target.Timeout})
	require.Equal(t, []string{"ops"}, p.Notify.For(probe.KindDown))
	require.Equal(t, probe.CountNever, p.Policy.Count4xx)
	require.True(t, p.Target.MayShed)
	require.True(t, p.Target.NoTrace)
	require.True(t, p.Target.Conditional)
	require.True(t, p.Policy.Conditional)
	require.Equal(t, 0.8, p.Policy.MinCacheRatio)
	require.Zero(t, p.Policy.DownAfter)
	require.Equal(t, incident.Leak{Fire: time.Hour, Clear: 10 * time.Minute, Weight: 20}, p.Policy.Rules.Degraded)
	require.True(t, p.Policy.Rules.Off.Has(probe.KindAuthFailed))
	require.Zero(t, p.Policy.Rules.AuthFailed)
	require.Equal(t, incident.ClientFault{On: true, Leak: incident.Leak{Fire: 40 * time.Minute, Clear: 30 * time.Minute, Weight: 30}}, p.Policy.Rules.ClientFault)
	require.Equal(t, incident.RateLimited{Results: 1}, p.Policy.Rules.RateLimited)
	require.False(t, p.Policy.Rules.AuthBypass)
	require.Equal(t, &incident.CodeAnomaly{Codes: [8]int16{400, 404}, Factor: 2.5, MinCount: 5, Window: 30 * time.Minute}, p.Policy.Rules.CodeAnomaly)
	require.Equal(t, &incident.Rate{Class: probe.ClassServerError, Over: 2 * time.Hour, Above: 5000, MinSamples: 120}, p.Policy.Rules.Rate)
	require.Equal(t, "https://runbooks.example.com/shop", p.Runbook)
	require.Zero(t, p.Target.Expect.TLS, "0s is never")
}

func TestMergeKeysBringInWhatAProbeDoesNotSayItself(t *testing.T) {
	config, _, err := configs.Load(filepath.Join("testdata", "good", "merge-keys.yaml"), configs.Options{Env: nothing})
	require.NoError(t, err)
	require.Equal(t, "b", config.Probes[1].Name)
	require.Equal(t, 30*time.Second, config.Probes[1].Interval)
	require.Equal(t, map[string]string{"team": "x", "tier": "1"}, config.Probes[1].Labels)
}

func TestAUserInTheAddressBecomesAHeader(t *testing.T) {
	config := read(t, "probes: [{name: a, url: 'https://me:pw@example.com/'}]")
	require.Nil(t, config.Probes[0].Target.URL.User)
	require.Equal(t, "Basic bWU6cHc=", config.Probes[0].Target.Header["Authorization"].Reveal())
}

func TestARequestThatMayNotBeRepeatedIsNotRepeatable(t *testing.T) {
	config := read(t, "probes: [{name: a, url: 'http://127.0.0.1/', method: POST}]")
	require.False(t, config.Probes[0].Policy.Repeatable)
}

func TestTheRequestHashChangesWithTheRequestAndNothingElse(t *testing.T) {
	hash := func(more string) string {
		return read(t, "probes: [{name: a, url: 'http://127.0.0.1/?k=${env:K}', method: POST, "+more+"}]").Probes[0].RequestHash
	}
	base := hash("headers: {x-a: one, x-b: '${env:B}'}, body: b")
	require.Len(t, base, 64)
	require.Equal(t, base, hash("headers: {X-B: '${env:B}', x-a: one}, body: b, interval: 30s, expect: {status: 204}"))
	require.NotEqual(t, base, hash("headers: {x-a: two, x-b: '${env:B}'}, body: b"))
	require.NotEqual(t, base, hash("headers: {x-a: one, x-b: '${env:C}'}, body: b"))
	require.NotEqual(t, base, hash("headers: {x-a: one, x-b: '${env:B}'}, body: c"))
	require.NotEqual(t, hash("headers: {x-a: bc}"), hash("headers: {x-ab: c}"), "texts do not run together")

	one := parseWith(t, map[string]string{"K": "1", "B": "1"})
	other := parseWith(t, map[string]string{"K": "2", "B": "2"})
	require.Equal(t, base, one.Probes[0].RequestHash)
	require.Equal(t, one.Probes[0].RequestHash, other.Probes[0].RequestHash, "a renewed secret is the same request")
}

func parseWith(t *testing.T, env map[string]string) *configs.Config {
	t.Helper()
	text := "probes: [{name: a, url: 'http://127.0.0.1/?k=${env:K}', method: POST, headers: {x-a: one, x-b: '${env:B}'}, body: b}]"
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Secrets: true, Env: environment(env)})
	require.NoError(t, err)
	return config
}

func TestTheDatabaseIsInTheStateFolderOrBesideTheFile(t *testing.T) {
	for name, tc := range map[string]struct {
		file, database string
		env            map[string]string
		want           string
	}{
		"beside the file":                         {"conf/sonde.yaml", "sonde.db", nil, "conf/sonde.db"},
		"an absolute path stays":                  {"/etc/sonde/sonde.yaml", "/srv/sonde.db", map[string]string{"STATE_DIRECTORY": "/x"}, "/srv/sonde.db"},
		"in the state folder of the service":      {"/etc/sonde/sonde.yaml", "sonde.db", map[string]string{"STATE_DIRECTORY": "/srv/state:/srv/other"}, "/srv/state/sonde.db"},
		"in /var/lib/sonde for a file under /etc": {"/etc/sonde/sonde.yaml", "sonde.db", nil, "/var/lib/sonde/sonde.db"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "database: " + tc.database + "\nprobes: [{name: a, url: 'http://127.0.0.1/'}]"
			config, _, err := configs.Parse(tc.file, []byte(text), configs.Options{Env: environment(tc.env)})
			require.NoError(t, err)
			require.Equal(t, tc.want, config.Database)
		})
	}
}

func TestCopiesAreInTheFolderThatRelativePathsStartFrom(t *testing.T) {
	for name, tc := range map[string]struct {
		file, folder string
		env          map[string]string
		want         string
	}{
		"beside the file":                    {"conf/sonde.yaml", "copies", nil, "conf/copies"},
		"an absolute path stays":             {"/etc/sonde/sonde.yaml", "/mnt/copies", map[string]string{"STATE_DIRECTORY": "/x"}, "/mnt/copies"},
		"in the state folder of the service": {"/etc/sonde/sonde.yaml", "copies", map[string]string{"STATE_DIRECTORY": "/srv/state"}, "/srv/state/copies"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "backup: {folder: " + tc.folder + "}\nprobes: [{name: a, url: 'http://127.0.0.1/'}]"
			config, _, err := configs.Parse(tc.file, []byte(text), configs.Options{Env: environment(tc.env)})
			require.NoError(t, err)
			require.Equal(t, &configs.Backup{Folder: tc.want, Every: day, Keep: 7}, config.Backup)
		})
	}
}

func TestAFileThatIsTooLargeIsNotParsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("#", 16<<20)+"\n"), 0o600))
	_, _, err := configs.Load(path, configs.Options{Env: nothing})
	require.ErrorContains(t, err, "sonde.yaml:1:1: the file is larger than 16 MiB")
}

func TestAliasesThatMultiplyAreStopped(t *testing.T) {
	var text strings.Builder
	text.WriteString("defaults:\n  labels: &l {")
	for i := range 1000 {
		fmt.Fprintf(&text, "l%d: x, ", i)
	}
	text.WriteString("}\nprobes:\n")
	for range 1200 {
		text.WriteString("  - {name: p, url: 'http://127.0.0.1/', labels: *l}\n")
	}
	_, _, err := configs.Parse("sonde.yaml", []byte(text.String()), configs.Options{Env: nothing})
	require.ErrorContains(t, err, "aliases (*name) expand to more than 500000 values")
}

func TestProblemsOfOneFileAreBounded(t *testing.T) {
	text := "probes: [" + strings.Repeat("{}, ", 5000) + "]"
	_, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
	require.ErrorContains(t, err, "and more problems; mend these first")
	require.Less(t, len(err.Error()), 1<<20)
}

func TestAPipeThatNobodyWritesToIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sonde.yaml")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, _, err := configs.Load(path, configs.Options{Env: nothing})
	require.ErrorContains(t, err, "the file is empty")
}

func TestADestinationSaysWhoIsCalled(t *testing.T) {
	config, warnings, err := parse(t, filepath.Join("testdata", "good", "mention.yaml"))
	require.NoError(t, err)
	require.Empty(t, warnings)
	ops := config.Destinations[0]
	require.Equal(t, configs.Mentions{probe.Critical: {"S0123456789", "U0123456789", "channel"}, probe.Warning: {"here"}}, ops.Mention)
	require.Equal(t, configs.SlackBlocks, ops.Slack.Style)
}

func TestPromisesMayWaitForTheFirstSuccess(t *testing.T) {
	config := read(t, "defaults: {start_on_first_success: true}\nprobes: [{name: a, url: 'http://127.0.0.1/'}, {name: b, url: 'http://127.0.0.1/', start_on_first_success: false}]")
	require.True(t, config.Probes[0].Policy.StartOnSuccess)
	require.False(t, config.Probes[1].Policy.StartOnSuccess)
	require.False(t, read(t, "probes: [{name: a, url: 'http://127.0.0.1/'}]").Probes[0].Policy.StartOnSuccess)
}
