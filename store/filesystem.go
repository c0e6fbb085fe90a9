package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FilesystemError says that a database would lie where it cannot be kept safely.
type FilesystemError struct {
	Path       string
	Filesystem string
}

func (e *FilesystemError) Error() string {
	return fmt.Sprintf("database %s would lie on %s, where locks and durable writes cannot be relied on; name a database on a local disk, and send only backups there", e.Path, e.Filesystem)
}

// unfit are the file systems that cross a network or another process, by their magic
// numbers (statfs(2)).
var unfit = map[uint32]string{
	0x00006969: "NFS", 0x0000517b: "SMB", 0xff534d42: "CIFS (SMB)", 0xfe534d42: "SMB2", 0x65735546: "FUSE", 0x01021997: "9p",
	0x5346414f: "AFS", 0x6b414653: "AFS", 0x00c36400: "Ceph", 0x73757245: "Coda", 0x0bd00bd0: "Lustre", 0x01161970: "GFS2",
	0x7461636f: "OCFS2", 0x0000564c: "NCP", 0x47504653: "GPFS", 0x19830326: "BeeGFS", 0x20030528: "OrangeFS", 0xaad7aaea: "PanFS",
	0xbacbacbc: "VMware shared folders", 0x786f4256: "VirtualBox shared folders", 0x7c7c6673: "Parallels shared folders",
}

// unfitName is the name of a file system on which no database may lie; empty if one may.
func unfitName(magic uint32) string { return unfit[magic] }

// checkFilesystem refuses a folder in which a database would not be safe.
func checkFilesystem(path string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &stat); err != nil {
		return fmt.Errorf("open database %s: its folder: %w", path, err)
	}
	if name := unfitName(uint32(stat.Type)); name != "" {
		return &FilesystemError{path, name}
	}
	return nil
}

// free is how many bytes a folder's file system has left for us.
func free(folder string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, fmt.Errorf("see how much room is in %s: %w", folder, err)
	}
	return int64(stat.Bavail) * stat.Bsize, nil
}

// checkAccess says which right is missing to write a database.
func checkAccess(path string) error {
	if err := mayWrite(filepath.Dir(path), "folder", unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("database %s cannot be written: %w", path, err)
	}
	for _, name := range append(trio(path), lockPath(path)) {
		if err := mayWrite(name, "file", unix.R_OK|unix.W_OK); err != nil {
			return fmt.Errorf("database %s cannot be written: %w", path, err)
		}
	}
	return nil
}

// mayWrite checks the rights of the user that runs this on something that may be there.
func mayWrite(path, what string, rights uint32) error {
	err := unix.Faccessat(unix.AT_FDCWD, path, rights, unix.AT_EACCESS)
	switch {
	case err == nil || errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("the %s %s is on a file system that is mounted read-only; mount it writable, or name another database", what, path)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("user %d may not read and write the %s %s; give that user both rights, or name another database", os.Geteuid(), what, path)
	}
	return fmt.Errorf("see whether the %s %s may be written: %w", what, path, err)
}

// locate makes a path absolute, and follows a link in place of the database: the files
// beside it belong beside the database itself.
func locate(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		return path, nil // what is not there is found out by whoever opens it
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("open database: follow the link %s: %w", path, err)
	}
	return target, nil
}

// trio are the files of a database: its pages, its write-ahead log, and the index of that.
func trio(path string) []string { return []string{path, path + "-wal", path + "-shm"} }

// syncFolder makes durable which files are in a folder.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFile makes the content of a file durable that no connection has open.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// exists reports whether there is anything at a path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// filled reports whether there is a file at a path, with something in it.
func filled(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}
