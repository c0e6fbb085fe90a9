package main

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
)

// digestEvery is how often the service looks whether a digest is due.
const digestEvery = 30 * time.Second

// digester makes the digests of the destinations. It is used by one upkeep job.
type digester struct {
	*service
	config *configs.Config
	made   map[string]bool // keys of those that were, since the start
}

func (s *service) scheduleDigests(config *configs.Config) error {
	if !slices.ContainsFunc(config.Destinations, func(d configs.Destination) bool { return d.Digest.Daily.Recurs() || d.Digest.Weekly.Recurs() }) {
		return nil
	}
	d := &digester{s, config, map[string]bool{}}
	return s.scheduler.Upkeep("digests", digestEvery, func(ctx context.Context) { d.look(ctx, s.clock.Now()) })
}

// look makes the digests that are due. One that cannot be made is tried again.
func (g *digester) look(ctx context.Context, now time.Time) {
	for i := range g.config.Destinations {
		d := &g.config.Destinations[i]
		for _, due := range d.Digest.Due(now) {
			key := due.Key(d.Name)
			if g.made[key] {
				continue
			}
			if err := g.make(ctx, d, &due, now); err != nil {
				g.log.Error("digest not made", "destination", d.Name, "digest", key, "err", err)
				continue
			}
			g.made[key] = true
		}
	}
}

// make makes a digest, unless it was made before, or nothing was seen before it was due.
func (g *digester) make(ctx context.Context, d *configs.Destination, due *notify.DigestDue, now time.Time) error {
	snapshot, err := g.reader.Snapshot(ctx, now)
	if err != nil {
		return err
	}
	records, err := g.reader.Incidents(ctx, 0, due.From, due.At, 0)
	if err != nil {
		return err
	}
	view := digestView{destination: d.Name, probes: map[probe.ID]*notify.Subject{}, everybody: slices.Contains(g.everybody, d.Name)}
	for i := range snapshot.Probes {
		view.probes[snapshot.Probes[i].ID] = &snapshot.Probes[i].Subject
	}
	digest := &notify.Digest{Period: due.Period, From: due.From, Until: due.At, Dead: snapshot.Service.Dead}
	view.incidents(digest, records, snapshot)
	if err := view.sums(ctx, digest, records, g.reader.Timeline); err != nil {
		return err
	}
	view.ends(digest, snapshot)
	view.promises(digest, report.NewStatus(snapshot, now).Promises())
	if d.Digest.Silent && digest.Empty() || !seenBefore(snapshot, due.At) {
		return nil
	}
	if err := g.store.Post(ctx, []notify.Message{digest.Message(due, d.Name, g.place, now)}); err != nil {
		return err
	}
	g.dispatcher.Wake(d.Name)
	return nil
}

// seenBefore reports whether any probe was watched before an instant: the first digest of a
// new service has nothing to sum up.
func seenBefore(snapshot *store.Snapshot, at time.Time) bool {
	return slices.ContainsFunc(snapshot.Probes, func(w store.Watched) bool {
		first := w.Ledger.Begin()
		return !first.IsZero() && first.Before(at)
	})
}

// digestView is what a destination gets to see: what it hears of.
type digestView struct {
	destination string
	probes      map[probe.ID]*notify.Subject
	everybody   bool // it hears of anything at all
}

// hears reports whether the destination hears of a kind of incident on a probe; of what
// several share, whoever hears of anything.
func (v *digestView) hears(about probe.ID, kind probe.Kind) bool {
	if about < 0 {
		return v.everybody
	}
	s := v.probes[about]
	return s != nil && slices.Contains(s.Routes.For(kind), v.destination)
}

// incidents sums up the incidents of the time, and those that are open.
func (v *digestView) incidents(d *notify.Digest, records []store.IncidentRecord, snapshot *store.Snapshot) {
	for i := range records {
		r := &records[i]
		if !v.hears(r.Probe, r.Kind) {
			continue
		}
		x := notify.DigestIncident{
			ID: r.ID, Probe: r.Name, Kind: r.Kind, Severity: r.Severity, Reason: r.Cause, Status: r.Status, Since: r.Since, Until: r.RecoveredAt,
			Acked: snapshot.Acks[r.ID].By,
		}
		if !r.OpenedAt.Before(d.From) {
			d.Opened++
		}
		if !r.FalseAlarmAt.IsZero() {
			d.FalseAlarms++
		}
		switch {
		case r.Phase == incident.Open:
			d.Open = append(d.Open, x)
		default:
			x.Until = cmp.Or(x.Until, r.ClosedAt)
			d.Over = append(d.Over, x)
		}
	}
	slices.SortStableFunc(d.Open, func(a, b notify.DigestIncident) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since))
	})
	slices.SortStableFunc(d.Over, func(a, b notify.DigestIncident) int {
		return cmp.Or(cmp.Compare(b.Until.Sub(b.Since), a.Until.Sub(a.Since)), cmp.Compare(a.ID, b.ID))
	})
	d.StillOpen, d.Past = len(d.Open), len(d.Over)
	d.Open, d.Over = d.Open[:min(len(d.Open), notify.MostListed)], d.Over[:min(len(d.Over), notify.MostListed)]
}

// promises lists how the promises stand, those with the least left first.
func (v *digestView) promises(d *notify.Digest, all []report.Promise) {
	names, groups := map[string]bool{}, map[string]bool{}
	for _, s := range v.probes {
		if v.hearsAny(s) {
			names[s.Name], groups[s.Group] = true, true
		}
	}
	for i := range all {
		p := &all[i]
		if p.Group && !groups[p.Name] || !p.Group && !names[p.Name] {
			continue
		}
		x := notify.DigestPromise{Name: p.Title(), Objective: p.Text, Coverage: p.Coverage}
		if p.AttainedRatio != nil && p.RemainingRatio != nil {
			x.Judged, x.Attained, x.Left = true, *p.AttainedRatio, *p.RemainingRatio
		}
		d.Promises = append(d.Promises, x)
	}
	left := func(p *notify.DigestPromise) float64 {
		if !p.Judged {
			return math.Inf(1)
		}
		return p.Left
	}
	slices.SortStableFunc(d.Promises, func(a, b notify.DigestPromise) int {
		return cmp.Or(cmp.Compare(left(&a), left(&b)), cmp.Compare(a.Name, b.Name))
	})
	d.Promised = len(d.Promises)
	d.Promises = d.Promises[:min(len(d.Promises), notify.MostListed)]
}

// hearsAny reports whether the destination hears of anything that happens to a probe.
func (v *digestView) hearsAny(s *notify.Subject) bool {
	return slices.ContainsFunc(probe.Kinds(), func(kind probe.Kind) bool { return slices.Contains(s.Routes.For(kind), v.destination) })
}
