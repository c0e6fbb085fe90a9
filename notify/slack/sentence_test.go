package slack

import (
	"fmt"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// texts are all the texts of a message.
func texts(r rendered) []string {
	all := []string{r.text}
	for _, b := range everyBlock(r) {
		switch b := b.(type) {
		case *slack.SectionBlock:
			if b.Text != nil {
				all = append(all, b.Text.Text)
			}
			for _, field := range b.Fields {
				all = append(all, field.Text)
			}
		case *slack.ContextBlock:
			for _, element := range b.ContextElements.Elements {
				all = append(all, element.(*slack.TextBlockObject).Text)
			}
		}
	}
	return all
}

func TestTheSentence(t *testing.T) {
	opened := func(change func(*notify.Message)) notify.Message {
		m := sample(incident.Opened, causes["5xx"])
		change(&m)
		return m
	}
	for name, tc := range map[string]struct {
		message notify.Message
		after   time.Duration // when it is sent
		want    string
	}{
		"a possible repeat says so": {
			opened(func(m *notify.Message) { m.Repeat = true }), time.Second,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000. (possible repeat)"},
		"a late message says how late": {
			opened(func(*notify.Message) {}), 5 * time.Hour,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000. (delivered 5 h late)"},
		"a message of two minutes is not late": {
			opened(func(*notify.Message) {}), 2 * time.Minute,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000."},
		"an announced recovery is told": {
			opened(func(m *notify.Message) { m.Body.RecoverBy = started.Add(time.Hour) }), time.Second,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. It announced to be back by 15:32:10 UTC. Severity: critical. Incident 1000."},
		"a word that was not kept is told, and the new one": {
			told(sample(incident.Overdue, causes["5xx"])).Message, time.Second,
			"5xx: checkout is still down, though it had announced to be back by 14:51:10 UTC: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Now it announces to be back by 15:52:10 UTC. Incident 1000."},
		"a word that was not kept is told once where there is no new one": {
			told(sample(incident.Overdue, causes["5xx"])).Message, 61 * time.Minute,
			"5xx: checkout is still down, though it had announced to be back by 14:51:10 UTC: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Incident 1000. (delivered 1 h 1 min late)"},
		"an announced recovery that did not come is told": {
			opened(func(m *notify.Message) { m.Body.RecoverBy = started.Add(time.Minute) }), time.Second,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. It had announced to be back by 14:33:10 UTC. Severity: critical. Incident 1000."},
		"a start on another day has its date": {
			opened(func(m *notify.Message) { m.Body.Since = started.Add(-24 * time.Hour) }), time.Second,
			"5xx: checkout is down: 503 Service Unavailable, 4 failed checks since 2026-11-22 14:32:10 UTC. Severity: critical. Incident 1000."},
		"one check is not checks": {
			opened(func(m *notify.Message) { m.Body.Failures = 1 }), time.Second,
			"5xx: checkout is down: 503 Service Unavailable, 1 failed check since 14:32:10 UTC. Severity: critical. Incident 1000."},
		"a name cannot pass for one of our words": {
			opened(func(m *notify.Message) { m.Body.Probe = "{since}" }), time.Second,
			"5xx: {since} is down: 503 Service Unavailable, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000."},
		"a code that nobody registered is told by its class": {
			opened(func(m *notify.Message) { m.Body.Cause.Status = 577 }), time.Second,
			"5xx: checkout is down: 577 Unknown 5xx, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000."},
		"a reminder is never late": {
			sample(incident.Reminded, causes["no answer"]), time.Hour,
			"no answer: checkout is still down after 4 h: connect_refused (connection refused), 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000."},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, Text(tc.message, tc.message.CreatedAt.Add(tc.after)))
		})
	}
}

func TestTheSentenceAboutACredential(t *testing.T) {
	for name, tc := range map[string]struct {
		message notify.Message
		after   time.Duration // when it is sent
		want    string
	}{
		"a certificate is a symptom of its own": {
			sample(incident.Opened, probe.Miss(probe.CertificateExpiring)), time.Second,
			"certificate: checkout has a certificate that ends soon: it ends in 20 d 3 h, on 2026-12-13 18:32:10 UTC. Severity: warning. Incident 1000."},
		"a credential of ours that ends soon is no certificate of the target": {
			sample(incident.Opened, probe.Miss(probe.CredentialExpiring)), time.Second,
			"credential: checkout is asked with a credential that ends soon: it ends in 20 d 3 h, on 2026-12-13 18:32:10 UTC. Severity: warning. Incident 1000."},
		"a credential that was renewed is told": {
			sample(incident.Resolved, probe.Miss(probe.CredentialExpiring)), time.Second,
			"credential: checkout is asked with a credential that lasts, 12 min 4 s after the first warning. Incident 1000."},
		"a token that was not to be had is no refusal of the target": {
			sample(incident.Opened, probe.Miss(probe.Unauthenticated)), time.Second,
			"auth 401/403: checkout cannot be asked with our credential: unauthenticated (not authenticated), 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000."},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, Text(tc.message, tc.message.CreatedAt.Add(tc.after)))
		})
	}
}

func TestTimesInTextAreInTheDestinationsZone(t *testing.T) {
	s := told(sample(incident.Opened, causes["5xx"]))
	s.zone = time.FixedZone("KST", 9*60*60)
	require.Contains(t, s.sentence(), "since 23:32:10 KST")
}

func TestWithoutPagesThereAreNoLinksToThem(t *testing.T) {
	s := told(sample(incident.Opened, causes["5xx"]))
	s.publicURL = ""
	require.Contains(t, s.headline(), "*Down* · *checkout*   `critical`\n")
}

func TestABudgetWithoutDataIsNotShownAsUnspent(t *testing.T) {
	m := sample(incident.Opened, causes["5xx"])
	m.Body.Budgets[0].Judged = false
	require.Equal(t, "99.9% over 30d: nothing judged yet", told(m).budgets())
}

func ExampleText() {
	m := sample(incident.Opened, causes["no answer"])
	fmt.Println(Text(m, m.CreatedAt))
	m = sample(incident.Resolved, causes["5xx"])
	fmt.Println(Text(m, m.CreatedAt))
	m = sample(incident.Reopened, causes["auth 401/403"])
	fmt.Println(Text(m, m.CreatedAt))
	// Output:
	// no answer: checkout is down: connect_refused (connection refused), 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.
	// 5xx: checkout recovered after 12 min 4 s, 4 failed checks since 14:32:10 UTC. Incident 1000.
	// auth 401/403: checkout refuses our credential again, for the 2nd time: 401 Unauthorized, 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.
}

func TestAnUnverifiedTargetIsMarkedInItsFacts(t *testing.T) {
	for language, want := range map[probe.Language]string{probe.English: "unverified: its certificates are not checked (insecure)", probe.Korean: "검증되지 않음"} {
		m := sample(incident.Opened, probe.Miss(probe.ConnectRefused))
		shown := func() string {
			var all string
			for _, field := range toldIn(language, m).fields() {
				all += field.Text
			}
			return all
		}
		require.NotContains(t, shown(), want)
		m.Body.Unverified = true
		require.Contains(t, shown(), want)
	}
}
