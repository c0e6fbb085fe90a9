package report

import "time"

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
