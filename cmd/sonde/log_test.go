package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestTheJournalGetsPrioritiesAndNoTimes(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(&journal{out: &out, lines: &sync.Mutex{}})
	log.Debug("not for the journal")
	log.Info("serving", "probes", 3)
	log.With("destination", "ops").Warn("destination failing", "err", "refused")
	log.WithGroup("disk").Error("commit failed", "free", 0)
	require.Equal(t, "<6>msg=serving probes=3\n"+
		"<4>msg=\"destination failing\" destination=ops err=refused\n"+
		"<3>msg=\"commit failed\" disk.free=0\n", out.String())
}

func TestTheJournalIsFoundByItsStream(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	var stat unix.Stat_t
	require.NoError(t, unix.Fstat(int(f.Fd()), &stat))
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", stat.Dev, stat.Ino))
	require.True(t, isJournal(f))
	require.False(t, isJournal(&bytes.Buffer{}))
	t.Setenv("JOURNAL_STREAM", "1:1")
	require.False(t, isJournal(f))
	require.False(t, isTerminal(f))
	require.False(t, palette(f).On, "colour is for terminals only")
}
