package store

import (
	"context"
	"database/sql"
	"maps"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Lender lends the states of a running service to those who read its database beside it,
// so that nobody keeps them a second time.
type Lender interface {
	// Lend returns the states as of a segment of the log that is durable. None of them is
	// changed before done is called. On an error they are to be read from the database.
	Lend(ctx context.Context) (m *Memory, done func(), err error)

	// Circles are who shares what of what is configured.
	Circles() *incident.Circles
}

// Lend returns the memory as it is now. Until [Memory.Regain] is called, states are not
// changed any more but replaced by copies, each once.
func (m *Memory) Lend() *Memory {
	m.copied = map[probe.ID]struct{}{}
	lent := &Memory{Seq: m.Seq, IDs: m.IDs, States: maps.Clone(m.States), Classes: m.Classes}
	for id, s := range lent.States {
		if id < 0 { // of what several share, which are changed where they are
			lent.States[id] = s.Clone()
		}
	}
	return lent
}

// Regain says that nobody has any more what was lent.
func (m *Memory) Regain() { m.copied = nil }

// Own returns the state of a probe to be changed.
func (m *Memory) Own(id probe.ID) *incident.State {
	s := m.State(id)
	if m.copied == nil {
		return s
	}
	if _, own := m.copied[id]; !own {
		s = s.Clone()
		m.States[id], m.copied[id] = s, struct{}{}
	}
	return s
}

// Borrow has the reader take the states from a lender, and what is configured from the one
// who configured it, as long as the database says the same.
func (r *Reader) Borrow(from Lender, configured []Probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lender, r.configured = from, configured
}

// Borrow has whoever makes history read the states as [Reader.Borrow] does.
func (s *Store) Borrow(from Lender, configured []Probe) {
	s.lender.Store(&lending{from, configured})
}

// lending is who lends, and what is configured there.
type lending struct {
	Lender
	configured []Probe
}

// lendWithin bounds how long a look waits for a loan: for a commit or two. The database says
// the same.
const lendWithin = 2 * time.Second

// borrow asks for the states before a look into the database, which then has at least what
// they know. Where nobody lends, the look goes by what the reader has followed so far.
func (r *Reader) borrow(ctx context.Context) (done func()) {
	if r.lender == nil {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, lendWithin)
	defer cancel()
	m, done, err := r.lender.Lend(ctx)
	if err != nil {
		return func() {}
	}
	r.loan = m
	return done
}

// look has f read the database beside the writer. The states that f follows are the recorder's own,
// as long as it reads them: what f keeps must be its own.
func (c *compactor) look(ctx context.Context, f func(tx *sql.Tx) error) error {
	done := c.r.borrow(ctx)
	defer done()
	defer c.r.giveBack()
	tx, err := c.r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	return f(tx)
}

// giveBack forgets what was borrowed.
func (r *Reader) giveBack() {
	if r.loan != nil {
		r.memory, r.loan, r.lent = nil, nil, false
	}
}
