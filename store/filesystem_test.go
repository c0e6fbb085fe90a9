package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestADatabaseLiesOnALocalFileSystemOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		magic uint32
		want  string
	}{
		"NFS": {unix.NFS_SUPER_MAGIC, "NFS"}, "SMB": {unix.SMB_SUPER_MAGIC, "SMB"}, "CIFS": {unix.CIFS_SUPER_MAGIC, "CIFS (SMB)"},
		"SMB2": {unix.SMB2_SUPER_MAGIC, "SMB2"}, "FUSE": {unix.FUSE_SUPER_MAGIC, "FUSE"}, "9p": {unix.V9FS_MAGIC, "9p"},
		"AFS": {unix.AFS_SUPER_MAGIC, "AFS"}, "the kernel's AFS": {unix.AFS_FS_MAGIC, "AFS"}, "Ceph": {unix.CEPH_SUPER_MAGIC, "Ceph"},
		"Coda": {unix.CODA_SUPER_MAGIC, "Coda"}, "OCFS2": {unix.OCFS2_SUPER_MAGIC, "OCFS2"}, "NCP": {unix.NCP_SUPER_MAGIC, "NCP"},
		"Lustre": {0x0bd00bd0, "Lustre"}, "GFS2": {0x01161970, "GFS2"},
		"ext4": {unix.EXT4_SUPER_MAGIC, ""}, "xfs": {unix.XFS_SUPER_MAGIC, ""}, "btrfs": {unix.BTRFS_SUPER_MAGIC, ""}, "zfs": {0x2fc12fc1, ""},
		"tmpfs": {unix.TMPFS_MAGIC, ""}, "overlay": {unix.OVERLAYFS_SUPER_MAGIC, ""}, "f2fs": {unix.F2FS_SUPER_MAGIC, ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, unfitName(tc.magic)) })
	}
	require.NoError(t, checkFilesystem(newPath(t)), "where tests write")
	require.EqualError(t, &FilesystemError{"/mnt/sonde.db", "NFS"},
		"database /mnt/sonde.db would lie on NFS, where locks and durable writes cannot be relied on; name a database on a local disk, and send only backups there")
}

// Only root can become somebody else; for anybody else it is enough to take the right away.
func TestARightThatIsMissingIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		deny func(t *testing.T, path string)
		says string
	}{
		"a folder that may not be written": {func(t *testing.T, path string) { require.NoError(t, os.Chmod(filepath.Dir(path), 0o555)) }, "may not read and write the folder"},
		"a file that may not be written":   {func(t *testing.T, path string) { require.NoError(t, os.Chmod(path, 0o444)) }, "may not read and write the file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			s, err := Open(t.Context(), path, "", "here")
			require.NoError(t, err)
			require.NoError(t, s.Close())
			admit(t, path)
			for _, file := range append(trio(path), lockPath(path), stampPath(path)) {
				require.NoError(t, os.Chmod(file, 0o666))
			}
			require.NoError(t, os.Chmod(filepath.Dir(path), 0o777))
			t.Cleanup(func() { require.NoError(t, os.Chmod(filepath.Dir(path), 0o755)) })
			tc.deny(t, path)
			var as *syscall.Credential
			if os.Getuid() == 0 {
				as = &syscall.Credential{Uid: 65534, Gid: 65534}
			}
			said, _, end := process(t, "hold", path, as)
			end()
			require.Contains(t, said, path)
			require.Contains(t, said, tc.says)
			require.Contains(t, said, "name another database")
		})
	}
}

// The lock and the log belong beside the database, whatever name it is opened by.
func TestALinkInPlaceOfTheDatabaseIsFollowed(t *testing.T) {
	path, link := newPath(t), newPath(t)
	require.NoError(t, os.Symlink(path, link))
	_, err := Open(t.Context(), link, "", "here")
	require.ErrorContains(t, err, "follow the link "+link)

	s := open(t, path)
	_, err = Open(t.Context(), link, "", "here")
	require.ErrorAs(t, err, new(*LockedError), "one database has one lock")
	configure(t, s, t0, watched("a", 60e9))
	snapshot, err := look(t, link).Snapshot(t.Context(), t0)
	require.NoError(t, err)
	require.Len(t, snapshot.Probes, 1)
	require.True(t, snapshot.Service.Running)
	entries, err := os.ReadDir(filepath.Dir(link))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing lies beside the link")
}
