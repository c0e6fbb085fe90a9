package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

// shopkeeper is a target that says when it wants to be asked again, and notes when it was.
type shopkeeper struct {
	mu     sync.Mutex
	status int
	after  string // Retry-After; empty: not said
	asked  []time.Time
	posted int // requests that were no GET
}

func (k *shopkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, time.Now())
	if r.Method != http.MethodGet {
		k.posted++
	}
	if k.after != "" {
		w.Header().Set("Retry-After", k.after)
	}
	w.WriteHeader(k.status)
}

// says changes what the target answers, and forgets when it was asked.
func (k *shopkeeper) says(status int, after string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status, k.after, k.asked = status, after, nil
}

func (k *shopkeeper) times() []time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]time.Time(nil), k.asked...)
}

// shop is a scene whose target is a shopkeeper; settings are more keys of its probe.
func shop(t *testing.T, settings string) (*scene, *shopkeeper) {
	t.Helper()
	s, k := newScene(t), &shopkeeper{status: http.StatusOK}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	s.write(t, fmt.Sprintf(`
listen: %s
destinations:
  ops: {slack: {token: "${env:SLACK_TOKEN}", channel: C0OPS, api_url: %q}}
defaults:
  interval: 1s
  notify: [ops]
  alert: {down_after: 2s, auth_after: 2s, recheck_every: 1s, resolve_after: 1s}
probes:
  - {name: checkout, url: %q%s}
`, s.listen, s.slack.URL(), server.URL, settings))
	return s, k
}

// history reads what became of the slots of the last minutes.
func (s *scene) history(t *testing.T) report.History {
	t.Helper()
	code, stdout, stderr := sonde(t, "history", "checkout", "--since", "5m", "--json", "-c", s.config)
	require.Equal(t, 0, code, stderr)
	var past report.History
	require.NoError(t, json.Unmarshal([]byte(stdout), &past))
	return past
}

func TestATargetThatLimitsUsIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, k := shop(t, "")
	service := s.serve(t)
	s.eventually(t, "the probe is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	k.says(http.StatusTooManyRequests, "5")
	s.eventually(t, "the probe is on hold", func() bool { status, _ := s.report(t); return status.Probes[0].Hold != nil })
	status, code := s.report(t)
	p := status.Probes[0]
	require.Equal(t, 1, code)
	require.Equal(t, report.Degraded, p.State)
	require.Equal(t, probe.Throttled, p.Hold.Reason)
	require.Empty(t, p.Incidents)

	s.eventually(t, "it is asked again", func() bool { return len(k.times()) == 2 })
	asked := k.times()
	require.GreaterOrEqual(t, asked[1].Sub(asked[0]), 5*time.Second, "and not before")
	k.says(http.StatusOK, "")
	s.eventually(t, "it is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 && status.Probes[0].Hold == nil })

	past := s.history(t)
	require.Len(t, past.Stretches, 1, "asked or not: one stretch")
	stretch := past.Stretches[0]
	require.Equal(t, probe.Excluded, stretch.Outcome)
	require.Equal(t, probe.Throttled, stretch.Reason)
	require.GreaterOrEqual(t, stretch.To.Sub(stretch.From), 10*time.Second, "the slots of two waits")
	require.EqualValues(t, 2, past.Total.Codes[429], "two requests")
	require.InDelta(t, 1, *past.Total.Availability.Ratio, 1e-9, "none of it is bad")
	roots, _ := s.told()
	require.Empty(t, roots)
	require.Equal(t, 0, service.end(syscall.SIGTERM))
}

func TestARunThatSomebodyAsksForIsMadeDuringAHold(t *testing.T) {
	t.Parallel()
	s, k := shop(t, "")
	service := s.serve(t)
	s.eventually(t, "the probe is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	k.says(http.StatusTooManyRequests, "600")
	s.eventually(t, "the probe is on hold", func() bool { status, _ := s.report(t); return status.Probes[0].Hold != nil })
	status, _ := s.report(t)
	until := status.Probes[0].Hold.Until

	code, stdout, stderr := s.answered(t, "run", "checkout")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "the target has asked to be left alone until "+until.UTC().Format("2006-01-02 15:04:05")+" UTC (throttled): this run was made because you asked for it")
	code, stdout, stderr = s.answered(t, "run", "checkout", "--json")
	require.Zero(t, code, stderr)
	var check report.Check
	require.NoError(t, json.Unmarshal([]byte(stdout), &check))
	require.Equal(t, probe.Throttled, check.Hold.Reason)
	require.WithinDuration(t, until, check.Hold.Until, time.Second)
	require.Len(t, k.times(), 3)
	k.says(http.StatusOK, "")
	code, _, stderr = s.answered(t, "run", "checkout")
	require.Zero(t, code, stderr)
	require.Eventually(t, func() bool {
		_, stdout, _ := s.answered(t, "history", "checkout", "--format", "json")
		return strings.Count(stdout, `"manual"`) == 3
	}, 10*time.Second, 50*time.Millisecond)
	status, _ = s.report(t)
	require.NotNil(t, status.Probes[0].Hold, "a good answer to a person ends no hold: it is no input")
	require.Len(t, k.times(), 1, "and the service goes on waiting")
	require.Equal(t, 0, service.end(syscall.SIGTERM))
}

func TestARenewedCredentialIsTriedWithoutWaiting(t *testing.T) {
	t.Parallel()
	s, k := shop(t, `, auth: {bearer: "${file:token}"}`)
	token := filepath.Join(filepath.Dir(s.config), "token")
	require.NoError(t, os.WriteFile(token, []byte("revoked"), 0o600))
	k.says(http.StatusForbidden, "")
	service := s.serve(t)
	var until time.Time
	for _, least := range []time.Duration{6 * time.Second, 25 * time.Second} {
		s.eventually(t, "it is left alone for long", func() bool {
			status, _ := s.report(t)
			if hold := status.Probes[0].Hold; hold != nil {
				until = hold.Until
			}
			return time.Until(until) > least
		})
	}
	k.says(http.StatusOK, "")
	require.NoError(t, os.WriteFile(token+".new", []byte("renewed"), 0o600))
	require.NoError(t, os.Rename(token+".new", token))
	s.eventually(t, "it is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 && status.Probes[0].Hold == nil })
	require.True(t, k.times()[0].Before(until), "it was asked before the wait was over")
	require.Equal(t, 0, service.end(syscall.SIGTERM))
}

func TestAnAnnouncedOutageIsFoundAsSoonAsAny(t *testing.T) {
	t.Parallel()
	s, k := shop(t, "")
	first := s.serve(t)
	s.eventually(t, "the probe is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	k.says(http.StatusServiceUnavailable, "10")
	s.eventually(t, "the outage is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	asked := k.times()
	require.Len(t, asked, 1, "one request was enough: the target itself says that it is away")
	require.Less(t, time.Since(asked[0]), 8*time.Second)
	roots, _ := s.told()
	require.Regexp(t, `^5xx: checkout is down: 503 Service Unavailable, 1 failed check since .* It announced to be back by `, roots[0].Text)
	s.settled(t)

	first.kill()
	second := s.serve(t)
	status, code := s.report(t)
	require.Equal(t, 2, code)
	require.Equal(t, report.Down, status.Probes[0].State)
	require.NotNil(t, status.Probes[0].Hold, "a restart does not forget it")
	require.Equal(t, probe.ServerError, status.Probes[0].Hold.Reason)
	require.NotNil(t, status.Probes[0].Incidents[0].RecoverBy)
	_, shown, _ := sonde(t, "status", "-c", s.config)
	require.Contains(t, shown, "announced to be back by")
	require.Contains(t, shown, "checkout is not asked until")

	s.eventually(t, "it is asked again", func() bool { return len(k.times()) == 2 })
	asked = k.times()
	require.GreaterOrEqual(t, asked[1].Sub(asked[0]), 10*time.Second, "and not before, although the service was started anew")
	s.eventually(t, "the broken word is told", func() bool { _, replies := s.told(); return len(replies) == 1 })
	_, replies := s.told()
	require.Regexp(t, `^5xx: checkout is still down, though it had announced to be back by .* Now it announces to be back by `, replies[0].Text)
	require.Equal(t, roots[0].TS, replies[0].ThreadTS)
	status, _ = s.report(t)
	require.True(t, status.Probes[0].Incidents[0].Unkept)
	_, listed, _ := sonde(t, "incidents", status.Probes[0].Incidents[0].ID, "-c", s.config)
	require.Contains(t, listed, "overdue")
	require.Contains(t, listed, "announced")

	var stretches []report.Stretch
	for _, stretch := range s.history(t).Stretches {
		if stretch.Outcome == probe.Bad {
			require.Equal(t, probe.ServerError, stretch.Reason)
			stretches = append(stretches, stretch)
		}
	}
	require.NotEmpty(t, stretches, "slots that are skipped for a 5xx spend the budget")
	require.EqualValues(t, 2, s.history(t).Total.Codes[503])
	require.Equal(t, 0, second.end(syscall.SIGTERM))
}

func TestATargetThatMayShedLoadIsDegradedAndNeverDown(t *testing.T) {
	t.Parallel()
	s, k := shop(t, ", may_shed: true")
	service := s.serve(t)
	s.eventually(t, "the probe is up", func() bool { status, _ := s.report(t); return status.Summary.Up == 1 })
	k.says(http.StatusServiceUnavailable, "4")
	s.eventually(t, "that it is degraded is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	roots, _ := s.told()
	require.True(t, strings.HasPrefix(roots[0].Text, "5xx: checkout is degraded: 503 Service Unavailable, load_shed"), roots[0].Text)
	status, code := s.report(t)
	require.Equal(t, 1, code)
	require.Equal(t, report.Degraded, status.Probes[0].State)
	require.Equal(t, "excluded", status.Probes[0].Last.Outcome.String())

	k.says(http.StatusServiceUnavailable, "")
	s.eventually(t, "without a word it is down, in the same thread", func() bool {
		status, code := s.report(t)
		return code == 2 && status.Probes[0].State == report.Down
	})
	s.settled(t)
	after, replies := s.told()
	require.Len(t, after, 1)
	require.Contains(t, replies[len(replies)-1].Text, "is down, after it was degraded")
	status, _ = s.report(t)
	require.Len(t, status.Probes[0].Incidents, 1, "it is the same incident")
	require.Equal(t, 0, service.end(syscall.SIGTERM))
}

func TestAPostIsNeverRepeated(t *testing.T) {
	t.Parallel()
	s, k := shop(t, ", method: POST, body: '{}', retries: 3, interval: 2s, timeout: 1s")
	k.says(http.StatusInternalServerError, "")
	began := time.Now()
	service := s.serve(t)
	s.eventually(t, "the outage is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	require.Equal(t, 0, service.end(syscall.SIGTERM))
	asked := k.times()
	require.Equal(t, len(asked), k.posted)
	most := int(time.Since(began)/(2*time.Second)) + 2 // its slots, and the run at the start
	require.LessOrEqual(t, len(asked), most, "no retries and no re-checks")
}
