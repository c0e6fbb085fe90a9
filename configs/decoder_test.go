package configs

import (
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFileThatMayNotBeReadIsForTheServiceAlone(t *testing.T) {
	closed := fmt.Errorf("read: %w", &fs.PathError{Op: "open", Path: "key.pem", Err: os.ErrPermission})
	require.True(t, new(decoder).mayNotRead(closed), "who validates may be somebody else")
	require.False(t, (&decoder{secrets: newVault(os.LookupEnv, "")}).mayNotRead(closed), "who asks needs it")
	require.False(t, new(decoder).mayNotRead(fs.ErrNotExist))
	require.False(t, new(decoder).mayNotRead(nil))
}
