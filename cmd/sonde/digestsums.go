package main

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// timelines reads what happened to an incident, the oldest first.
type timelines func(context.Context, incident.ID) ([]store.Moment, error)

// sums says how soon people and targets answered, and whose alerts were many or false.
func (v *digestView) sums(ctx context.Context, d *notify.Digest, records []store.IncidentRecord, read timelines) error {
	var means report.Means
	loud := map[string]*notify.DigestNoise{}
	for i := range records {
		r := &records[i]
		if !v.hears(r.Probe, r.Kind) || r.Held != nil && !r.Held.Heard {
			continue // nobody has heard of it
		}
		timeline, err := read(ctx, r.ID)
		if err != nil {
			return err
		}
		opened := !r.OpenedAt.Before(d.From)
		if opened {
			means.Add(r, timeline)
		}
		if loud[r.Name] == nil {
			loud[r.Name] = &notify.DigestNoise{Name: r.Name}
		}
		hear(loud[r.Name], d, r, timeline, opened)
	}
	d.Acked.Time, d.Acked.Of = means.Acknowledged()
	d.Recovered.Time, d.Recovered.Of = means.Recovered()
	for _, n := range loud {
		d.Unacked += n.Unacked
		d.Relapses += n.Relapses
	}
	d.Noise = loudest(loud)
	d.Noisy = len(d.Noise)
	d.Noise = d.Noise[:min(len(d.Noise), notify.MostNoise)]
	return nil
}

// hear counts what was heard of an incident within the time of a digest.
func hear(n *notify.DigestNoise, d *notify.Digest, r *store.IncidentRecord, timeline []store.Moment, opened bool) {
	acked := false
	for _, m := range timeline {
		within := !m.At.Before(d.From) && m.At.Before(d.Until)
		switch {
		case m.Change == incident.Acknowledged:
			acked = true
		case m.Change == incident.Opened && within:
			n.Alerts++
		case m.Change == incident.Reopened && within:
			n.Alerts++
			n.Relapses++
		}
	}
	if opened && !acked {
		n.Unacked++
	}
	if opened && !r.FalseAlarmAt.IsZero() {
		n.FalseAlarms++
	}
}

// loudest are those whose alerts were many or false, the loudest first.
func loudest(of map[string]*notify.DigestNoise) (all []notify.DigestNoise) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if n := of[name]; n.Loud() {
			all = append(all, *n)
		}
	}
	slices.SortStableFunc(all, func(a, b notify.DigestNoise) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(b.FalseAlarms, a.FalseAlarms), cmp.Compare(b.Unacked, a.Unacked))
	})
	return all
}

// ends lists the certificates and credentials that end soon: those of which an incident says so.
func (v *digestView) ends(d *notify.Digest, snapshot *store.Snapshot) {
	for i := range snapshot.Probes {
		w := &snapshot.Probes[i]
		p := w.State.Open(probe.KindCertificate)
		if p == nil || p.Ends.IsZero() || !v.hears(w.ID, probe.KindCertificate) {
			continue
		}
		d.Ending = append(d.Ending, notify.DigestEnd{Name: w.Subject.Name, Ends: p.Ends, Credential: p.Cause.Reason == probe.CredentialExpiring})
	}
	slices.SortStableFunc(d.Ending, func(a, b notify.DigestEnd) int { return cmp.Or(a.Ends.Compare(b.Ends), cmp.Compare(a.Name, b.Name)) })
	d.Ends = len(d.Ending)
	d.Ending = d.Ending[:min(len(d.Ending), notify.MostListed)]
}
