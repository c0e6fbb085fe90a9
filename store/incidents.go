package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// IncidentRecord is an incident as it is stored.
type IncidentRecord struct {
	ID           incident.ID
	Probe        probe.ID
	Name         string // of the probe, as it is now, or what several share, for people
	Scope        string // what several probes share; empty if it is about one
	Kind         probe.Kind
	Phase        incident.Phase
	Severity     probe.Severity
	Cause        probe.Reason
	Status       int
	Codes        map[int]int
	Failures     int
	Openings     int
	Since        time.Time
	OpenedAt     time.Time
	RecoveredAt  time.Time // zero while it is open
	ClosedAt     time.Time // zero before
	AckedAt      time.Time // when somebody said that they look after it; zero if nobody did
	AckedBy      string
	Note         string
	Held         *notify.Held // why people have not heard of it; nil if they have
	FalseAlarmAt time.Time    // when somebody said that it was a false alarm; zero if nobody did
	FalseAlarmBy string
	RecoverBy    time.Time // when the target said that it would be back, as of the last change; zero if it did not

	// WasDown says of what is open and degraded that it was down before. What is over goes by the
	// worst it was: its kind is down.
	WasDown bool
}

const incidentRecords = `SELECT i.id, i.probe, iif(p.id < 0, p.spec, p.name), iif(p.id < 0, p.name, ''), i.kind, i.phase, i.severity, i.reason, i.status, i.codes, i.failures, i.openings, i.since, i.opened_at, i.recovered_at, i.closed_at, i.recover_by, i.acked_at, i.acked_by, i.note, i.held, i.false_alarm_at, i.false_alarm_by,
		i.kind = 'degraded' AND EXISTS (SELECT 1 FROM timeline t WHERE t.incident = i.id AND t.change = 'eased')
		FROM incidents i JOIN probes p ON p.id = i.probe`

// Queries of incidents that were going on at any time in a range, the newest first.
const (
	incidentsWithin  = incidentRecords + " WHERE i.since < ?2 AND coalesce(i.recovered_at, i.closed_at, ?3) >= ?1 AND ?4 = 0" + newestFirst
	incidentsOfProbe = incidentRecords + " WHERE i.since < ?2 AND coalesce(i.recovered_at, i.closed_at, ?3) >= ?1 AND i.probe = ?4" + newestFirst
	newestFirst      = " ORDER BY i.opened_at DESC, i.id DESC LIMIT ?5"
)

const incidentOfID = incidentRecords + " WHERE i.id = ?"

// Incident reads one incident; nil if there is none of that id.
func (r *Reader) Incident(ctx context.Context, id incident.ID) (found *IncidentRecord, err error) {
	_, err = eachRow(ctx, r.db, incidentOfID, []any{id}, func(rows *sql.Rows) error {
		found = &IncidentRecord{}
		return found.scan(rows)
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read incident %s: %w", id, err))
	}
	return found, nil
}

// Incidents lists the incidents that were open at any time in [from, to), the newest
// first, at most limit (0: all): of one probe, or of all if id is 0.
func (r *Reader) Incidents(ctx context.Context, id probe.ID, from, to time.Time, limit int) ([]IncidentRecord, error) {
	if limit <= 0 {
		limit = -1
	}
	query := incidentsWithin
	if id != 0 {
		query = incidentsOfProbe
	}
	var all []IncidentRecord
	_, err := eachRow(ctx, r.db, query, []any{from.UnixMilli(), to.UnixMilli(), int64(maxInstant), id, limit}, func(rows *sql.Rows) error {
		var x IncidentRecord
		err := x.scan(rows)
		all = append(all, x)
		return err
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read incidents: %w", err))
	}
	return all, nil
}

func (x *IncidentRecord) scan(rows *sql.Rows) error {
	var kind, phase, severity, reason, codes string
	var since, opened int64
	var recovered, closed, back, acked, falsely sql.NullInt64
	var by, note, held, falselyBy sql.NullString
	err := rows.Scan(&x.ID, &x.Probe, &x.Name, &x.Scope, &kind, &phase, &severity, &reason, &x.Status, &codes, &x.Failures, &x.Openings, &since, &opened, &recovered, &closed, &back, &acked, &by, &note, &held, &falsely, &falselyBy, &x.WasDown)
	if err != nil {
		return err
	}
	for _, text := range []struct {
		written string
		into    interface{ UnmarshalText([]byte) error }
	}{{kind, &x.Kind}, {phase, &x.Phase}, {severity, &x.Severity}, {reason, &x.Cause}} {
		if err := text.into.UnmarshalText([]byte(text.written)); err != nil {
			return fmt.Errorf("incident %s: %w", x.ID, err)
		}
	}
	if x.WasDown && x.Phase != incident.Open { // as earlier builds stored it
		x.Kind, x.Severity, x.WasDown = probe.KindDown, probe.Critical, false
	}
	x.Since, x.OpenedAt = instant(since), instant(opened)
	if recovered.Valid {
		x.RecoveredAt = instant(recovered.Int64)
	}
	if closed.Valid {
		x.ClosedAt = instant(closed.Int64)
	}
	if back.Valid {
		x.RecoverBy = instant(back.Int64)
	}
	if acked.Valid {
		x.AckedAt, x.AckedBy, x.Note = instant(acked.Int64), by.String, note.String
	}
	if falsely.Valid {
		x.FalseAlarmAt, x.FalseAlarmBy = instant(falsely.Int64), falselyBy.String
	}
	if held.Valid {
		x.Held = &notify.Held{}
		if err := json.Unmarshal([]byte(held.String), x.Held); err != nil {
			return fmt.Errorf("incident %s: %w", x.ID, err)
		}
	}
	return json.Unmarshal([]byte(codes), &x.Codes)
}

// Problem is the incident as those know it who tell of it.
func (x *IncidentRecord) Problem() incident.Problem {
	return incident.Problem{
		ID: x.ID, Kind: x.Kind, Phase: x.Phase, Severity: x.Severity, Cause: probe.VerdictOf(x.Cause, x.Status),
		Failures: x.Failures, Openings: x.Openings, Since: x.Since, OpenedAt: x.OpenedAt, RecoveredAt: x.RecoveredAt, RecoverBy: x.RecoverBy,
	}
}

// Moment is a change of an incident.
type Moment struct {
	At     time.Time
	Change incident.Change
	Reason probe.Reason
	Status int
}

// Timeline returns what happened to an incident, oldest first.
func (r *Reader) Timeline(ctx context.Context, id incident.ID) ([]Moment, error) {
	var all []Moment
	_, err := eachRow(ctx, r.db, "SELECT at, change, reason, status FROM timeline WHERE incident = ? ORDER BY id", []any{id}, func(rows *sql.Rows) error {
		var at int64
		var change, reason string
		var m Moment
		if err := rows.Scan(&at, &change, &reason, &m.Status); err != nil {
			return err
		}
		m.At = instant(at)
		if err := m.Change.UnmarshalText([]byte(change)); err != nil {
			return err
		}
		err := m.Reason.UnmarshalText([]byte(reason))
		all = append(all, m)
		return err
	})
	if err != nil {
		return nil, describe(r.path, fmt.Errorf("read the timeline of incident %s: %w", id, err))
	}
	return all, nil
}
