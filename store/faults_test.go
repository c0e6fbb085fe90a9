//go:build faults

package store

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// These need a kernel that lets a user make namespaces (user and mount); no root.

func init() {
	faultTasks["backup into a full folder"] = func(ctx context.Context, path string) {
		folder := filepath.Join(filepath.Dir(path), "full")
		if err := mountSmall(folder, "size=64k"); err != nil {
			fmt.Println(err)
			return
		}
		_, err := Backup(ctx, path, filepath.Join(folder, "copy.db"))
		entries, _ := os.ReadDir(folder)
		fmt.Printf("%d files left; %v\n", len(entries), err)
	}
	faultTasks["open in a read-only folder"] = func(ctx context.Context, path string) {
		folder := filepath.Join(filepath.Dir(path), "mounted")
		if err := mountSmall(folder, "size=8m"); err != nil {
			fmt.Println(err)
			return
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			fmt.Println(err)
			return
		}
		_, err := Open(ctx, filepath.Join(folder, "sonde.db"), "", "here")
		fmt.Println(err)
	}
}

func mountSmall(folder, options string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", folder, "tmpfs", 0, options)
}

// confined runs a task as root of namespaces of its own, and returns what it said.
func confined(t *testing.T, task, path string) string {
	t.Helper()
	cmd := command(task, path)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	said, err := cmd.Output()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		require.NoError(t, err, "this test needs user and mount namespaces")
	}
	return strings.TrimSpace(string(said))
}

func TestABackupThatFindsNoRoomLeavesNothing(t *testing.T) {
	path, _ := history(t)
	said := confined(t, "backup into a full folder", path)
	require.Contains(t, said, "0 files left; back up")
	require.Contains(t, said, "full")
}

func TestAFileSystemThatIsReadOnlyIsNamed(t *testing.T) {
	require.Contains(t, confined(t, "open in a read-only folder", newPath(t)), "is on a file system that is mounted read-only; mount it writable, or name another database")
}
