package report

import (
	"strconv"
	"time"

	"sonde/store"
)

// StorageState is how storing goes.
type StorageState string

// The states of the storage.
const (
	StorageOK      StorageState = "ok"
	StorageLow     StorageState = "low"     // it works, and room is short
	StorageFull    StorageState = "full"    // nothing can be stored for want of room
	StorageFailing StorageState = "failing" // nothing can be stored, for another reason
)

// Storage is how storing goes; only the running service knows.
type Storage struct {
	State   StorageState `json:"state"`
	Since   *time.Time   `json:"since"`
	Waiting int64        `json:"waiting"` // inputs that are not stored yet
	Lost    int64        `json:"lost"`    // results since the start for which there was no room
}

// newStorage is how storing goes as the running service has said; nil if it has not.
func newStorage(said *store.Storing) *Storage {
	if said == nil {
		return nil
	}
	return &Storage{State: StorageState(said.State), Since: maybe(said.Since), Waiting: said.Waiting, Lost: said.Lost}
}

// remark says what is not right with storing; empty if all is.
func (s *Storage) remark(now time.Time) string {
	if s == nil || s.State == StorageOK {
		return ""
	}
	line := map[StorageState]string{
		StorageLow: "room for the database is low", StorageFull: "the disk of the database is full", StorageFailing: "the database cannot be written",
	}[s.State]
	if line == "" {
		return "" // of a newer service
	}
	if s.Since != nil {
		line += ", for " + Span(now.Sub(*s.Since))
	}
	if s.State != StorageLow {
		line += "; " + Count(int(s.Waiting), "result") + " in memory, " + strconv.FormatInt(s.Lost, 10) + " lost"
	}
	return line
}
