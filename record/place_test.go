package record_test

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// place is a real database with a recorder that is started, killed and started again.
// It lives in a bubble, so that no wait takes time.
type place struct {
	*desk
	t      testing.TB
	path   string
	store  *store.Store
	probes []store.Probe
	plans  []incident.Command            // maintenance of the configuration
	log    func(*store.Store) record.Log // what stands between recorder and store; nil: nothing
}

func newPlace(t testing.TB, probes ...store.Probe) *place {
	return &place{t: t, path: filepath.Join(t.TempDir(), "sonde.db"), probes: probes}
}

// begin starts with the probes as they are now, at an instant.
func (p *place) begin(now time.Time) {
	p.t.Helper()
	ctx := p.t.Context()
	var err error
	p.store, err = store.Open(ctx, p.path, "here", "")
	require.NoError(p.t, err)
	memory, probes, err := record.Begin(ctx, p.store, p.probes, now, p.plans...)
	require.NoError(p.t, err)
	p.probes = probes
	var log record.Log = p.store
	if p.log != nil {
		log = p.log(p.store)
	}
	p.desk = &desk{}
	o := p.options(log, memory, probes)
	o.Commands, err = p.store.Commands(ctx, now)
	require.NoError(p.t, err)
	held, acks, err := p.store.Held(ctx)
	require.NoError(p.t, err)
	o.Held, o.Commands = held, append(o.Commands, acks...)
	o.Past = func(ctx context.Context, id incident.ID) (*store.IncidentRecord, error) {
		reader, err := store.OpenReader(ctx, p.path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = reader.Close() }()
		return reader.Incident(ctx, id)
	}
	o.Heard, err = p.store.Told(ctx)
	require.NoError(p.t, err)
	o.Paces, o.Kept, err = p.store.Tact(ctx)
	require.NoError(p.t, err)
	p.Recorder = record.New(o)
	p.Start()
}

// end stops in good order.
func (p *place) end() {
	p.t.Helper()
	require.NoError(p.t, p.Stop(p.t.Context()))
	require.NoError(p.t, p.store.Close())
}

// kill ends without a goodbye: what is not committed is lost.
func (p *place) kill() {
	p.t.Helper()
	require.NoError(p.t, p.store.Close())
	gone, cancel := context.WithCancel(p.t.Context())
	cancel()
	require.Error(p.t, p.Stop(gone))
	synctest.Wait()
}

// committed lets everything become durable.
func (p *place) committed() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// query returns the rows of a query, a line each.
func (p *place) query(query string) []string {
	p.t.Helper()
	u := url.URL{Scheme: "file", OmitHost: true, Path: p.path, RawQuery: "mode=ro"}
	db, err := sql.Open("sqlite", u.String())
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, db.Close()) }()
	rows, err := db.QueryContext(p.t.Context(), query)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(p.t, err)
	var lines []string
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(p.t, rows.Scan(into...))
		line := make([]string, len(cells))
		for i, cell := range cells {
			line[i] = cell.String
		}
		lines = append(lines, strings.Join(line, " "))
	}
	require.NoError(p.t, rows.Err())
	return lines
}

// id is the id of a configured probe.
func (p *place) id(name string) probe.ID {
	for i := range p.probes {
		if p.probes[i].Name() == name {
			return p.probes[i].ID
		}
	}
	require.Failf(p.t, "no probe", "%q is not configured", name)
	return 0
}

// down records that a probe is down from a slot on.
func (p *place) down(name string, n int) {
	p.Record(result(p.id(name), slot(n), broken, 3))
	p.committed()
	require.Equal(p.t, []string{"open"}, p.query("SELECT phase FROM incidents WHERE phase <> 'closed'"))
}
