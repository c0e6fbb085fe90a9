package store

import (
	"database/sql"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A transaction that reads before it writes fails at once, without waiting, when somebody
// else has written in between. So a change takes the lock before it reads.
func TestAChangeTakesTheLockBeforeItReads(t *testing.T) {
	s := open(t, newPath(t))
	tx, err := s.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	other, err := sql.Open("sqlite", dsn(s.Path(), url.Values{"_txlock": {"immediate"}}))
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	_, err = other.BeginTx(t.Context(), nil)
	require.ErrorContains(t, err, "locked")
	require.NoError(t, tx.Rollback())
	tx, err = other.BeginTx(t.Context(), nil)
	require.NoError(t, err, "and gives it back")
	require.NoError(t, tx.Rollback())
}
