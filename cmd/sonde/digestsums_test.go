package main

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

var digestDay = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

// summed is what a digest of a day says of incidents that all are heard of at ops, but for those of probe 9.
func summed(t *testing.T, records []store.IncidentRecord, happened map[incident.ID][]store.Moment) *notify.Digest {
	t.Helper()
	v := digestView{destination: "ops", probes: map[probe.ID]*notify.Subject{}}
	for id := range probe.ID(9) {
		v.probes[id+1] = &notify.Subject{Routes: notify.Routes{Default: []string{"ops"}}}
	}
	v.probes[9].Routes.Default = []string{"others"}
	d := &notify.Digest{Period: notify.DigestDaily, From: digestDay, Until: digestDay.Add(24 * time.Hour)}
	require.NoError(t, v.sums(t.Context(), d, records, func(_ context.Context, id incident.ID) ([]store.Moment, error) { return happened[id], nil }))
	return d
}

func pName(id probe.ID) string { return "p" + strconv.FormatInt(int64(id), 10) }

func at(minutes int) time.Time { return digestDay.Add(time.Duration(minutes) * time.Minute) }

func TestADigestSaysHowSoonPeopleAndTargetsAnswered(t *testing.T) {
	record := func(id incident.ID, about probe.ID, opened, recovered int) store.IncidentRecord {
		return store.IncidentRecord{ID: id, Probe: about, Name: pName(about), Kind: probe.KindDown, Since: at(opened - 2), OpenedAt: at(opened), RecoveredAt: at(recovered)}
	}
	open := record(4, 4, 500, 0)
	open.RecoveredAt = time.Time{}
	unheard := record(6, 6, 30, 40)
	unheard.Held = &notify.Held{Why: notify.WhyParent}
	d := summed(t, []store.IncidentRecord{
		record(1, 1, 10, 40), record(2, 2, 100, 110), record(3, 3, -100, 20), open, record(5, 9, 10, 1000), unheard,
	}, map[incident.ID][]store.Moment{
		1: {{At: at(10), Change: incident.Opened}, {At: at(14), Change: incident.Acknowledged}, {At: at(40), Change: incident.Resolved}},
		2: {{At: at(100), Change: incident.Opened}, {At: at(110), Change: incident.Resolved}},
		3: {{At: at(-100), Change: incident.Opened}, {At: at(20), Change: incident.Resolved}},
		4: {{At: at(500), Change: incident.Opened}, {At: at(508), Change: incident.Acknowledged}},
		6: {{At: at(30), Change: incident.Opened}},
	})
	require.Equal(t, notify.DigestMean{Time: 6 * time.Minute, Of: 2}, d.Acked)
	require.Equal(t, notify.DigestMean{Time: 20 * time.Minute, Of: 2}, d.Recovered, "of those that opened in the time, and are over")
	require.Equal(t, 1, d.Unacked)
	require.Empty(t, d.Noise, "each was told once, and none for nothing")
}

func TestADigestNamesTheFiveLoudestProbes(t *testing.T) {
	var records []store.IncidentRecord
	happened := map[incident.ID][]store.Moment{}
	for n := range 7 { // the n-th opens n+1 times
		id := incident.ID(n + 1)
		records = append(records, store.IncidentRecord{ID: id, Probe: probe.ID(n + 1), Name: pName(probe.ID(n + 1)), Kind: probe.KindDown, OpenedAt: at(n)})
		happened[id] = append(happened[id], store.Moment{At: at(-1), Change: incident.Reopened}, store.Moment{At: at(n), Change: incident.Opened})
		for range n {
			happened[id] = append(happened[id], store.Moment{At: at(n + 60), Change: incident.Reopened})
		}
	}
	records[0].FalseAlarmAt = at(70)
	happened[7] = append(happened[7], store.Moment{At: at(80), Change: incident.Acknowledged}, store.Moment{At: at(24 * 60), Change: incident.Reopened})
	d := summed(t, records, happened)
	require.Equal(t, 7, d.Noisy)
	require.Len(t, d.Noise, notify.MostNoise)
	require.Equal(t, notify.DigestNoise{Name: "p7", Alerts: 7, Relapses: 6}, d.Noise[0])
	require.Equal(t, notify.DigestNoise{Name: "p6", Alerts: 6, Relapses: 5, Unacked: 1}, d.Noise[1])
	require.Equal(t, 21, d.Relapses)
	require.Equal(t, 6, d.Unacked)
}

func TestADigestWaitsUntilTimelinesCanBeRead(t *testing.T) {
	v := digestView{destination: "ops", everybody: true}
	broken := errors.New("disk I/O error")
	err := v.sums(t.Context(), &notify.Digest{}, []store.IncidentRecord{{ID: 1, Probe: -1}}, func(context.Context, incident.ID) ([]store.Moment, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
}

func TestADigestListsWhatEndsSoonTheNextOneFirst(t *testing.T) {
	v := digestView{destination: "ops", probes: map[probe.ID]*notify.Subject{}}
	snapshot := &store.Snapshot{}
	for i, p := range []incident.Problem{
		{Kind: probe.KindCertificate, Phase: incident.Open, Ends: at(9000), Cause: probe.Miss(probe.CertificateExpiring)},
		{Kind: probe.KindCertificate, Phase: incident.Open, Ends: at(5000), Cause: probe.Miss(probe.CredentialExpiring)},
		{Kind: probe.KindCertificate, Phase: incident.Recovered, Ends: at(4000), Cause: probe.Miss(probe.CertificateExpiring)},
		{Kind: probe.KindDown, Phase: incident.Open},
		{Kind: probe.KindCertificate, Phase: incident.Open, Ends: at(1000), Cause: probe.Miss(probe.CertificateExpiring)},
	} {
		about := &store.Probe{ID: probe.ID(i + 1), Subject: notify.Subject{Name: pName(probe.ID(i + 1)), Routes: notify.Routes{Default: []string{"ops"}}}}
		if i == 4 {
			about.Subject.Routes.ByKind = map[probe.Kind][]string{probe.KindCertificate: {"pki"}}
		}
		snapshot.Probes = append(snapshot.Probes, store.Watched{Probe: about, State: &incident.State{Problems: []incident.Problem{p}}})
		v.probes[about.ID] = &about.Subject
	}
	d := &notify.Digest{}
	v.ends(d, snapshot)
	require.Equal(t, []notify.DigestEnd{{Name: "p2", Ends: at(5000), Credential: true}, {Name: "p1", Ends: at(9000)}}, d.Ending)
	require.Equal(t, 2, d.Ends)
	require.False(t, d.Empty(), "a certificate that ends soon is something to say")
}
