package main

import (
	"context"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/store"
)

// writeNewerDatabase makes a database that a sonde of the future has written: the
// version of its schema stands at byte 60 of the file (sqlite.org/fileformat.html).
func writeNewerDatabase(t *testing.T, path string) {
	s, err := store.Open(context.Background(), path, "", "here")
	require.NoError(t, err)
	require.NoError(t, s.Tidy(context.Background(), time.Now()))
	require.NoError(t, s.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	_, err = f.WriteAt(binary.BigEndian.AppendUint32(nil, 99), 60)
	require.NoError(t, err)
}
