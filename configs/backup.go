package configs

import "time"

// Backup is when copies of the database are made, and where.
type Backup struct {
	Folder string // that the copies are put into
	Every  time.Duration
	Keep   int // how many copies stay; at least 1
}

// What holds of backups where the file says only the folder, and the bounds.
const (
	defaultBackupEvery  = day
	defaultBackupKeep   = 7
	shortestBackupEvery = time.Hour
	longestBackupEvery  = 30 * day
	mostBackups         = 1000
)

var backupKeys = keys[Backup]{
	"folder": func(d *decoder, v value, b *Backup) { d.filled(v, &b.Folder) },
	"every":  func(d *decoder, v value, b *Backup) { d.backupEvery(v, &b.Every) },
	"keep":   func(d *decoder, v value, b *Backup) { d.backupKeep(v, &b.Keep) },
}

// backup reads when copies are made; nil if it has a problem.
func (d *decoder) backup(v value) *Backup {
	before := len(d.problems)
	read := Backup{Every: defaultBackupEvery, Keep: defaultBackupKeep}
	found := object(d, v, backupKeys, &read)
	if _, ok := found["folder"]; !ok && len(d.problems) == before {
		d.fail(v, "says no folder to put copies into; add folder:, best on another disk than the database")
	}
	if len(d.problems) > before {
		return nil
	}
	return &read
}

func (d *decoder) backupEvery(v value, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < shortestBackupEvery || length > longestBackupEvery:
		d.fail(v, "%s is not from %s to %s; 24h is usual", FormatDuration(length), FormatDuration(shortestBackupEvery), FormatDuration(longestBackupEvery))
	default:
		*into = length
	}
}

func (d *decoder) backupKeep(v value, into *int) {
	if n, ok := d.integer(v, 1, mostBackups); ok {
		*into = n
	}
}
