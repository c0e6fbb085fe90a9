package notify

import (
	"fmt"
	"slices"
	"strings"
)

// Notice is something that sonde tells of itself rather than of a probe.
type Notice uint8

// The notices. Their text form is stored.
const (
	NoNotice    Notice = iota // the message is about a probe
	HistoryLost               // the database was damaged or gone, and a fresh one took its place
)

var noticeNames = [...]string{"none", "history_lost"}

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
