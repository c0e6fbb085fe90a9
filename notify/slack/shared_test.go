package slack

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// together are what several probes share, and how it fails.
var together = map[probe.Kind]struct {
	bond  incident.Bond
	cause probe.Verdict
}{
	probe.KindAuthGroup:     {incident.Bond{Tie: incident.TieCredential, Key: "of/checkout"}, causes["auth 401/403"]},
	probe.KindGatewaySurge:  {incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}, causes["5xx"]},
	probe.KindGroupRate:     {incident.Bond{Tie: incident.TieGroup, Key: "payments"}, causes["5xx"]},
	probe.KindProberNetwork: {incident.Bond{Tie: incident.TieNetwork}, probe.Miss(probe.ProberNetwork)},
	probe.KindProber:        {incident.Bond{Tie: incident.TieProber}, probe.Miss(probe.NoData)},
	probe.KindNoData:        {incident.Bond{}, probe.Miss(probe.NoData)}, // of one probe
}

// shared is a message about what several probes share.
func shared(change incident.Change, kind probe.Kind) notify.Message {
	of := together[kind]
	m := sample(change, of.cause)
	b := &m.Body
	b.Kind, b.Severity, b.Shared = kind, probe.Critical, of.bond
	b.Failures, b.Codes = 0, nil
	if of.bond.Tie == incident.NoTie {
		return m
	}
	b.URL, b.Method, b.Runbook, b.Labels, b.Interval, b.Group, b.Budgets = "", "", "", nil, 0, "", nil
	b.Probe = "what they share"
	b.Reading = incident.Reading{Now: 3, Usual: 5}
	if kind == probe.KindGroupRate {
		b.Reading = incident.Reading{Now: 0.021, Usual: 0.01, Samples: 240, Over: 5 * time.Minute, Level: 5}
	}
	if kind != probe.KindProber {
		b.Members = []string{"checkout", "orders", "search"}
	}
	return m
}

func TestWhatSeveralProbesShareNamesThem(t *testing.T) {
	for _, language := range probe.Languages() {
		for kind := range together {
			for change := range changes {
				r := toldIn(language, shared(change, kind)).fit(formFull)
				within(t, r)
				require.NotContains(t, r.text, "{")
				require.NotContains(t, r.text, "  ")
				require.LessOrEqual(t, unitsOf(r.text), maxSentence)
			}
		}
	}
}

func TestAPartOfALargerIncidentIsToldInItsConversation(t *testing.T) {
	m := sample(incident.Resolved, causes["auth 401/403"])
	m.Body.Part = incident.FirstID + 7
	p := post{rendered: told(m).fit(formFull), Message: m, thread: notify.Thread{Channel: "C1", Root: "1.2"}}
	require.Contains(t, p.text, "Incident "+m.Body.Part.String()+".", "it has a name of its own")
	require.False(t, p.forTheChannel(), "the larger one is shown there")
	m.Body.Part = 0
	p.Message = m
	require.True(t, p.forTheChannel())
}

// The budget of a group is told like that of a probe, and of whom it is spent.
func TestTheBudgetOfAGroupIsToldInItsName(t *testing.T) {
	o, err := slo.ParseObjective("99.9% over 30d")
	require.NoError(t, err)
	for kind, reading := range map[probe.Kind]incident.Reading{
		probe.KindBudgetFast:      {Now: 100. / 3, Usual: 14.4, Samples: 2, Over: time.Hour, Level: 1},
		probe.KindBudgetThreshold: {Now: 0.8125, Level: 80},
	} {
		for language, says := range map[probe.Language][]string{
			probe.English: {"the group payments", "99.9% over 30d", "checkout, orders, search"},
			probe.Korean:  {"그룹 payments", "최근 30일 99.9%", "checkout, orders, search"},
		} {
			for change := range changes {
				m := shared(change, probe.KindAuthGroup)
				b := &m.Body
				b.Kind, b.Cause, b.Reading = kind, causes["5xx"], reading
				b.Shared = incident.Bond{Tie: incident.TiePromise, Key: "payments"}
				b.Budgets = []notify.BudgetFact{{Objective: o, Spent: 35 * time.Minute, Total: o.Total(o.Window.Length), Judged: true}}
				r := toldIn(language, m).fit(formFull)
				within(t, r)
				require.Contains(t, r.text, says[0])
				require.NotContains(t, r.text, "{")
				if change != incident.Opened {
					continue
				}
				whole, err := json.Marshal([]any{r.blocks, r.bar})
				require.NoError(t, err)
				for _, part := range says {
					require.Contains(t, string(whole), part)
				}
			}
		}
	}
}
