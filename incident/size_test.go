package incident_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

// A probe with a promise and an incident, and with all that its rules remember of it: what is
// usual of its latency, a budget that burns, failures and refusals now and then. What a promise
// about latency remembers comes on top.
func TestAStateWithAPromiseAndAnIncidentIsSmall(t *testing.T) {
	w := &world{policy: usual(60)}
	w.policy.Budgets = incident.NewBudgets(objectives("99.9% over 30d"), time.Minute, incident.BudgetRules{Levels: []int{100}})
	w.policy.Rules = incident.UsualRules()
	w.feed(-600, missing, denied, throttled, shed, good)
	for i, code := range []int{500, 501, 502, 503, 504, 505, 506, 0, 507, 508} {
		v := broken
		v.Status = code
		w.step(incident.Input{At: at(60 * i), Verdict: v, Attempts: 2, RecoverBy: at(60*i + 30), CertificateEnds: at(86400 * 90)})
	}
	paced := newRunner(12)
	paced.take(2*aDay, paced.usually)
	w.state.Pace = paced.state.Pace
	s := &w.state
	require.Len(t, s.Problems, 1)
	require.Len(t, s.Problems[0].Codes, 8)
	require.NotNil(t, s.Spending)
	require.NotZero(t, s.Buckets.Client)
	require.NotZero(t, s.Buckets.Target)
	t.Logf("state %d, problem %d, all %d bytes", unsafe.Sizeof(*s), unsafe.Sizeof(incident.Problem{}), size(s))
	require.NotEmpty(t, s.Pace.Usual.Counts)
	require.LessOrEqual(t, size(s), 2<<10)
	require.LessOrEqual(t, int(unsafe.Sizeof(*s)), 512)
	require.LessOrEqual(t, int(unsafe.Sizeof(incident.Problem{})), 360)
	require.LessOrEqual(t, int(unsafe.Sizeof(incident.Burning{})), 896)
}
