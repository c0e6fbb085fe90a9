package slack

import (
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

const (
	galleryStorm  = "storm"
	galleryDigest = "digest"
)

// storms are the storms of the gallery.
func (v View) storms() (all []Specimen) {
	over := aStorm(incident.Resolved, 512, 7)
	over.Body.Storm.Calm, over.Body.Storm.Over = true, true
	calm := aStorm(incident.Opened, 500, 500)
	calm.Body.Storm.Calm, calm.Body.Storm.Share = true, notify.Share{By: notify.ShareParent, Key: "db", Count: 480}
	apart := aStorm(incident.Opened, 6, 6)
	apart.Body.Storm.Share, apart.Body.Storm.Reason, apart.Body.Severity = notify.Share{}, notify.ReasonShare{}, probe.Warning
	group := aStorm(incident.Opened, 40, 30)
	group.Body.Storm.Share, group.Body.Storm.Reason = notify.Share{By: notify.ShareGroup, Key: "shop", Count: 40}, notify.ReasonShare{Reason: probe.ServerError, Status: 503, Count: 33}
	for _, s := range []struct {
		name string
		m    notify.Message
	}{
		{"opened", aStorm(incident.Opened, 512, 512)}, {"opened in a group", group}, {"opened with nothing in common", apart}, {"opened and calm", calm},
		{"acknowledged", ackedStorm(incident.Acknowledged)}, {"unacknowledged", ackedStorm(incident.Unacknowledged)},
		{"reminded", aStorm(incident.Reminded, 512, 40)}, {"resolved", over},
	} {
		all = append(all, v.specimen(galleryStorm, s.name, s.m))
	}
	return all
}

// digests are the digests of the gallery.
func (v View) digests() (all []Specimen) {
	nothing := aDigest(notify.DigestDaily)
	nothing.Body.Digest = &notify.Digest{Period: notify.DigestDaily, From: nothing.Body.Since, Until: nothing.Body.At, Promises: nothing.Body.Digest.Promises[2:3], Promised: 1}
	for _, s := range []struct {
		name string
		m    notify.Message
	}{
		{"daily", aDigest(notify.DigestDaily)}, {"weekly", aDigest(notify.DigestWeekly)}, {"quiet", aDigest(notify.DigestQuiet)}, {"nothing", nothing},
	} {
		all = append(all, v.specimen(galleryDigest, s.name, s.m))
	}
	return all
}

// aStorm is a storm of so many, of whom some fail.
func aStorm(change incident.Change, affected, failing int) notify.Message {
	at := galleryBegan.Add(5 * time.Minute)
	facts := &notify.StormFacts{
		Began: galleryBegan, Affected: affected, Failing: failing,
		Share:  notify.Share{By: notify.ShareHost, Key: "api.eu.example.com", Count: affected - affected/50},
		Reason: notify.ReasonShare{Reason: probe.TLSTimeout, Count: affected},
	}
	for i := range min(affected, 10) {
		facts.Members = append(facts.Members, notify.StormMember{
			Member: notify.Member{
				Incident: incident.FirstID + incident.ID(i), Probe: "checkout-" + strconv.Itoa(i+1), Kind: probe.KindDown, Severity: probe.Critical,
				Reason: probe.TLSTimeout, Since: galleryBegan,
			},
			Recovered: i >= failing,
		})
	}
	if len(facts.Members) > 3 {
		facts.Members[2].Kind, facts.Members[2].Severity = probe.KindLatency, probe.Warning
		facts.Members[3].Reason, facts.Members[3].Status = probe.ServerError, 503
	}
	return notify.Message{
		Key: "storm:1:ops", Destination: "ops", Incident: -incident.ID(galleryBegan.UnixMilli()), Change: change, CreatedAt: at,
		Body: notify.Body{Location: "seoul-1", Severity: probe.Critical, Since: galleryBegan, OpenedAt: galleryBegan, At: at, Storm: facts},
	}
}

// ackedStorm is a storm all of which somebody looks after, or nobody any more.
func ackedStorm(change incident.Change) notify.Message {
	m := aStorm(change, 512, 500)
	m.Body.Answer = notify.Answer{At: m.Body.At, By: "minji", User: "U0MINJI01", Count: 500}
	if change == incident.Acknowledged {
		m.Body.Storm.Acked = notify.Acked{At: m.Body.At, By: "minji", User: "U0MINJI01"}
	}
	return m
}

// aDigest is a digest with something of everything.
func aDigest(period notify.Period) notify.Message {
	const objective = "99.9% over 30d"
	at := galleryBegan.Add(24 * time.Hour)
	d := &notify.Digest{
		Period: period, From: galleryBegan, Until: at, Opened: 14, FalseAlarms: 2, StillOpen: 1, Past: 13, Dead: 3, Promised: 12,
		Open: []notify.DigestIncident{{ID: incident.FirstID, Probe: "checkout", Kind: probe.KindDown, Severity: probe.Critical, Reason: probe.ServerError, Status: 503, Since: at.Add(-time.Hour), Acked: "kim"}},
		Over: []notify.DigestIncident{
			{ID: incident.FirstID + 1, Probe: "search", Kind: probe.KindAuthFailed, Severity: probe.Critical, Reason: probe.Unauthenticated, Status: 401, Since: galleryBegan, Until: galleryBegan.Add(2 * time.Hour)},
			{ID: incident.FirstID + 2, Probe: "search", Kind: probe.KindLatency, Severity: probe.Warning, Reason: probe.OK, Status: 200, Since: galleryBegan, Until: galleryBegan.Add(time.Hour)},
		},
		Promises: []notify.DigestPromise{
			{Name: "checkout", Objective: objective, Attained: 0.9984, Coverage: 1, Left: -0.6, Judged: true},
			{Name: "search", Objective: objective, Attained: 0.99987, Coverage: 0.75, Left: 0.13, Judged: true},
			{Name: "group:shop", Objective: objective, Attained: 0.999999, Coverage: 1, Left: 0.9999, Judged: true},
			{Name: "new", Objective: objective},
		},
		Acked: notify.DigestMean{Time: 4 * time.Minute, Of: 5}, Recovered: notify.DigestMean{Time: 23 * time.Minute, Of: 13}, Unacked: 9, Relapses: 3,
		Noise: []notify.DigestNoise{
			{Name: "search", Alerts: 7, Relapses: 3, FalseAlarms: 1, Unacked: 4}, {Name: "checkout", Alerts: 2}, {Name: "docs", Alerts: 1, FalseAlarms: 1, Unacked: 1},
		}, Noisy: 3,
		Ending: []notify.DigestEnd{{Name: "shop", Ends: at.Add(6*24*time.Hour + 5*time.Hour)}, {Name: "partner", Ends: at.Add(12 * 24 * time.Hour), Credential: true}}, Ends: 2,
	}
	if period == notify.DigestQuiet {
		d.Open, d.Promises, d.StillOpen, d.Promised, d.Dead, d.FalseAlarms, d.Opened, d.Past = nil, nil, 0, 0, 0, 0, 2, 2
		d.Acked, d.Recovered, d.Unacked, d.Relapses, d.Noise, d.Noisy, d.Ending, d.Ends = notify.DigestMean{}, notify.DigestMean{}, 0, 0, nil, 0, nil, 0
	}
	return notify.Message{Key: "digest:daily:2026-11-24:ops", Destination: "ops", CreatedAt: at, Body: notify.Body{Location: "seoul-1", Since: galleryBegan, At: at, Digest: d}}
}
