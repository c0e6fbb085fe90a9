package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sonde/store"
	"sonde/text"
)

// Post is a message in the outbox: the JSON of `sonde outbox --json`.
type Post struct {
	ID          int64      `json:"id"`
	Destination string     `json:"destination"`
	Incident    *string    `json:"incident"` // null if it is about none
	Change      *string    `json:"change"`   // the same
	Key         string     `json:"key"`
	State       string     `json:"state"`
	Attempts    int        `json:"attempts"`
	Repeat      bool       `json:"repeat"` // an earlier delivery may have got through
	CreatedAt   time.Time  `json:"created_at"`
	NextAt      *time.Time `json:"next_at"`    // when it is tried; null: at once, or never again
	SettledAt   *time.Time `json:"settled_at"` // when it was sent or given up
	Error       string     `json:"error"`
}

// waits is the state of a message that is still to be tried.
const waits = "pending"

// NewOutbox writes messages as scripts read them.
func NewOutbox(posts []store.Post) []Post {
	all := make([]Post, 0, len(posts))
	for i := range posts {
		p := &posts[i]
		x := Post{
			ID: int64(p.ID), Destination: p.Destination, Key: p.Key, State: p.State.String(), Attempts: p.Attempts, Repeat: p.Repeat,
			CreatedAt: p.CreatedAt, SettledAt: maybe(p.SettledAt), Error: p.Error,
		}
		if x.State == waits {
			x.NextAt = maybe(p.Next)
		}
		if p.Incident > 0 {
			name := p.Incident.String()
			x.Incident = &name
		}
		if p.Change != "" {
			x.Change = &p.Change
		}
		all = append(all, x)
	}
	return all
}

// WriteOutbox writes messages as people read them.
func WriteOutbox(w io.Writer, all []Post) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no messages")
		return err
	}
	cells := [][]string{{"ID", "DESTINATION", "INCIDENT", "CHANGE", "STATE", "ATTEMPTS", "CREATED (UTC)", "NEXT", "ERROR"}}
	for i := range all {
		x := &all[i]
		next := moment(x.NextAt)
		if x.State == waits && x.NextAt == nil {
			next = "now"
		}
		cells = append(cells, []string{
			strconv.FormatInt(x.ID, 10), x.Destination, orDash(x.Incident), orDash(x.Change), x.State, strconv.Itoa(x.Attempts),
			x.CreatedAt.Format(secondLayout), next, text.Printable(x.Error, 120),
		})
	}
	_, err := fmt.Fprintln(w, strings.Join(align(cells), "\n"))
	return err
}

func orDash(s *string) string {
	if s == nil || *s == "" {
		return "-"
	}
	return *s
}
