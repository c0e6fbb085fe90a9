package notify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Notice is what a message says about the service itself; such a message is about no
// incident.
type Notice uint8

// The notices. Their text form is stored.
const (
	NoNotice       Notice = iota // the message is about an incident
	HistoryLost                  // the database was damaged or gone, and a fresh one took its place
	StorageFull                  // there is no room for the database
	StorageFailing               // the database cannot be written for another reason
	StorageBack                  // it can be written again
)

var noticeNames = [...]string{"none", "history_lost", "storage_full", "storage_failing", "storage_back"}

func (n Notice) String() string { return noticeNames[n] }

// MarshalText writes the notice as in [Notice.String].
func (n Notice) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Notice) UnmarshalText(text []byte) error {
	i := slices.Index(noticeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no notice; use one of %s", text, strings.Join(noticeNames[:], ", "))
	}
	*n = Notice(i)
	return nil
}

const (
	noticeAfter = 10 * time.Second // failures that are no want of room may pass
	noticeApart = 10 * time.Minute // trouble that comes back sooner is told when it lasts
)

// StorageTrouble is how storing goes now.
type StorageTrouble struct {
	Since time.Time // zero: it works
	Full  bool
	Lost  int64 // results that found no room, since the start
}

// StorageWatch decides when people are told that storing fails, and that it works again:
// once per episode.
type StorageWatch struct {
	since time.Time // of the episode that was told; zero if none is
	lost  int64     // when it began
	ended time.Time // the one before
}

// See takes how things are, and returns what to tell the destinations, if anything.
func (w *StorageWatch) See(t StorageTrouble, destinations []string, location string, now time.Time) []Message {
	body := Body{Location: location, At: now}
	switch {
	case t.Since.IsZero() && w.since.IsZero():
		w.lost = t.Lost
		return nil
	case t.Since.IsZero():
		body.Notice, body.Since, body.Lost = StorageBack, w.since, t.Lost-w.lost
		w.since, w.ended, w.lost = time.Time{}, now, t.Lost
	case !w.since.IsZero(), !t.Full && now.Sub(t.Since) < noticeAfter, !w.ended.IsZero() && now.Sub(w.ended) < noticeApart:
		return nil
	default:
		w.since = t.Since
		if body.Notice, body.Since = StorageFailing, t.Since; t.Full {
			body.Notice = StorageFull
		}
	}
	var all []Message
	for _, name := range destinations {
		all = append(all, Message{
			Key:         "notice:" + name + ":" + body.Notice.String() + ":" + strconv.FormatInt(now.UnixMilli(), 10),
			Destination: name, Body: body, CreatedAt: now,
		})
	}
	return all
}

// Everybody lists the destinations that hear of any of the subjects by default.
func Everybody(routes []Routes) []string {
	var all []string
	for _, r := range routes {
		all = append(all, r.Default...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
