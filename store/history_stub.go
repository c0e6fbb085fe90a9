package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// This file stands in for the reading side of history until that lands. It reads the
// whole log every time, and knows of no evidence.

// UnknownProbeError says that no probe has a name. Known are the names there are.
type UnknownProbeError struct {
	Name  string
	Known []string
}

func (e *UnknownProbeError) Error() string {
	return fmt.Sprintf("no probe is called %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// Find finds a probe by its name, configured or retired (RetiredAt is set then).
func (r *Reader) Find(ctx context.Context, name string) (*Probe, error) {
	all, err := probes(ctx, r.db)
	if err != nil {
		return nil, describe(r.path, err)
	}
	unknown := &UnknownProbeError{Name: name}
	for i := range all {
		if all[i].Name() == name {
			return &all[i], nil
		}
		unknown.Known = append(unknown.Known, all[i].Name())
	}
	return nil, unknown
}

// Results calls f for the results of a probe whose instants lie in [from, to), in the
// order of time. An error of f ends it and is returned.
func (r *Reader) Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error {
	rows, err := r.db.QueryContext(ctx, "SELECT packed FROM log ORDER BY seq")
	if err != nil {
		return describe(r.path, err)
	}
	defer func() { _ = rows.Close() }()
	var found []incident.Input
	for rows.Next() {
		var packed sql.RawBytes
		if err := rows.Scan(&packed); err != nil {
			return describe(r.path, err)
		}
		entries, err := unpackEntries(packed)
		if err != nil {
			return describe(r.path, err)
		}
		for i := range entries {
			in := entries[i].Input
			if entries[i].Probe == id && in.Kind == incident.Ran && !in.At.Before(from) && in.At.Before(to) {
				found = append(found, in)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return describe(r.path, err)
	}
	slices.SortStableFunc(found, func(a, b incident.Input) int { return a.At.Compare(b.At) })
	for i := range found {
		if err := f(&found[i]); err != nil {
			return err
		}
	}
	return nil
}

// Latencies are latencies.
type Latencies struct{ all []time.Duration }

// Count is how many there are.
func (l *Latencies) Count() int64 { return int64(len(l.all)) }

// Quantile is the latency at a quantile; false if there is none.
func (l *Latencies) Quantile(q float64) (time.Duration, bool) {
	if len(l.all) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(l.all))
	return sorted[int(q*float64(len(sorted)-1))], true
}

// Summary sums up results in [From, To).
type Summary struct {
	From, To time.Time
	Outcomes [probe.Excluded + 1]int64
	Codes    map[int]int64          // 0: no answer
	Reasons  map[probe.Reason]int64 // of those not good
	Latency  Latencies
}

// Results is how many results there are.
func (s *Summary) Results() (n int64) {
	for _, count := range s.Outcomes {
		n += count
	}
	return n
}

// Merge adds another summary.
func (s *Summary) Merge(other *Summary) {
	for i, n := range other.Outcomes {
		s.Outcomes[i] += n
	}
	if s.Codes == nil {
		s.Codes, s.Reasons = map[int]int64{}, map[probe.Reason]int64{}
	}
	for code, n := range other.Codes {
		s.Codes[code] += n
	}
	for reason, n := range other.Reasons {
		s.Reasons[reason] += n
	}
	s.Latency.all = append(s.Latency.all, other.Latency.all...)
}

// Summaries cuts [from, to) into windows of a step, counted from `from`, and sums each up.
func (r *Reader) Summaries(ctx context.Context, id probe.ID, from, to time.Time, step time.Duration) ([]Summary, error) {
	var all []Summary
	for at := from; at.Before(to); at = at.Add(step) {
		end := at.Add(step)
		if end.After(to) {
			end = to
		}
		all = append(all, Summary{From: at, To: end, Codes: map[int]int64{}, Reasons: map[probe.Reason]int64{}})
	}
	return all, r.Results(ctx, id, from, to, func(in *incident.Input) error {
		s := &all[in.At.Sub(from)/step]
		s.Outcomes[in.Verdict.Outcome]++
		s.Codes[in.Verdict.Status]++
		if in.Verdict.Outcome != probe.Good {
			s.Reasons[in.Verdict.Reason]++
		}
		s.Latency.all = append(s.Latency.all, in.Timings.Total)
		return nil
	})
}

// Ledger reads the time of a probe over a range.
func (r *Reader) Ledger(ctx context.Context, id probe.ID, from, to time.Time) (*Ledger, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, describe(r.path, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := r.follow(ctx, tx); err != nil {
		return nil, describe(r.path, err)
	}
	ledgers, err := readLedgers(ctx, tx, from)
	if err != nil {
		return nil, describe(r.path, err)
	}
	l := ledgers[id]
	l.account = &r.memory.State(id).Clone().Account
	return &l, nil
}

// Stretches are the slots in (after, until] that were not good, oldest first.
func (l *Ledger) Stretches(after, until time.Time) []incident.Entry {
	var all []incident.Entry
	for _, e := range append(slices.Clone(l.entries), l.account.Run) {
		for e.Slots.Step > 0 && !e.Slots.First.After(after) {
			e.Slots.First = e.Slots.First.Add(e.Slots.Step)
		}
		for e.Slots.Step > 0 && e.Slots.Last.After(until) {
			e.Slots.Last = e.Slots.Last.Add(-e.Slots.Step)
		}
		if e.Slots.Weight() > 0 {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b incident.Entry) int { return a.Slots.First.Compare(b.Slots.First) })
	return all
}

// IncidentRecord is an incident as it is stored.
type IncidentRecord struct {
	ID    incident.ID
	Probe probe.ID
	Name  string // of the probe now

	Kind     probe.Kind
	Phase    incident.Phase
	Severity probe.Severity
	Cause    probe.Reason
	Status   int

	Codes              map[int]int
	Failures, Openings int

	Since, OpenedAt, RecoveredAt, ClosedAt time.Time
}

// Incidents lists incidents that were open at any time in [from, to), the newest first,
// at most limit (0: all); id 0: of all probes.
func (r *Reader) Incidents(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]IncidentRecord, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT i.id, i.probe, p.name, kind, phase, severity, reason, status, codes, failures, openings, since, opened_at, recovered_at, closed_at
		FROM incidents i JOIN probes p ON p.id = i.probe
		WHERE opened_at < ? AND coalesce(recovered_at, closed_at, ?) >= ? AND (? = 0 OR i.probe = ?) ORDER BY i.id DESC`,
		to.UnixMilli(), to.UnixMilli(), from.UnixMilli(), id, id)
	if err != nil {
		return nil, describe(r.path, err)
	}
	defer func() { _ = rows.Close() }()
	var all []IncidentRecord
	for rows.Next() && (limit == 0 || len(all) < limit) {
		i, err := scanRecord(rows)
		if err != nil {
			return nil, describe(r.path, err)
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

func scanRecord(rows *sql.Rows) (i IncidentRecord, err error) {
	var kind, phase, severity, reason, codes string
	var since, opened int64
	var recovered, closed sql.NullInt64
	if err := rows.Scan(&i.ID, &i.Probe, &i.Name, &kind, &phase, &severity, &reason, &i.Status, &codes, &i.Failures, &i.Openings,
		&since, &opened, &recovered, &closed); err != nil {
		return i, err
	}
	i.Since, i.OpenedAt = instant(since), instant(opened)
	if recovered.Valid {
		i.RecoveredAt = instant(recovered.Int64)
	}
	if closed.Valid {
		i.ClosedAt = instant(closed.Int64)
	}
	return i, cmp.Or(i.Kind.UnmarshalText([]byte(kind)), i.Phase.UnmarshalText([]byte(phase)), i.Severity.UnmarshalText([]byte(severity)),
		i.Cause.UnmarshalText([]byte(reason)), json.Unmarshal([]byte(codes), &i.Codes))
}

// Moment is something that happened to an incident.
type Moment struct {
	At     time.Time
	Change incident.Change
	Reason probe.Reason
	Status int
}

// Timeline is what happened to an incident, the oldest first.
func (r *Reader) Timeline(ctx context.Context, id incident.ID) ([]Moment, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT at, change, reason, status FROM timeline WHERE incident = ? ORDER BY id", id)
	if err != nil {
		return nil, describe(r.path, err)
	}
	defer func() { _ = rows.Close() }()
	var all []Moment
	for rows.Next() {
		var m Moment
		var at int64
		var change, reason string
		if err := rows.Scan(&at, &change, &reason, &m.Status); err != nil {
			return nil, describe(r.path, err)
		}
		m.At = instant(at)
		if err := cmp.Or(m.Change.UnmarshalText([]byte(change)), m.Reason.UnmarshalText([]byte(reason))); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// Sight is what a run that was not good saw.
type Sight struct {
	At       time.Time
	Attempts []probe.Attempt
}

// Sights are what runs that were not good saw, the newest first.
func (r *Reader) Sights(context.Context, probe.ID, time.Time, time.Time, int) ([]Sight, error) {
	return nil, nil
}
