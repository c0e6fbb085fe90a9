package mail

import (
	"maps"
	netmail "net/mail"
	"slices"
	"time"
)

const (
	// patience is how long who is to be tried again later is tried again, while others have
	// the letter: mail about the same incident waits meanwhile.
	patience = 10 * time.Minute

	maxLetters = 100 // under way that some people have
)

// progress is who has a letter, and who has not.
type progress struct {
	since   time.Time // the first had it
	left    []string  // who are to be tried
	taken   map[string]bool
	refused map[string]error // for good
	later   map[string]error // not now
}

// letters are those on their way that some people may have already. They are forgotten when the service
// ends: then who has one gets it again, under the same Message-ID.
type letters map[string]*progress

// of is how far the letter of a key has got, to be tried once more.
func (l letters) of(key string, to []*netmail.Address) *progress {
	p := l[key]
	if p == nil {
		if len(l) >= maxLetters {
			clear(l)
		}
		p = &progress{taken: map[string]bool{}, refused: map[string]error{}}
		l[key] = p
	}
	p.later, p.left = map[string]error{}, nil
	for _, address := range to {
		if a := address.Address; !p.taken[a] && p.refused[a] == nil {
			p.left = append(p.left, a)
		}
	}
	return p
}

func (l letters) forget(key string) { delete(l, key) }

func (p *progress) firstLater() error   { return first(p.later) }
func (p *progress) firstRefused() error { return first(p.refused) }

func first(of map[string]error) error { return of[slices.Sorted(maps.Keys(of))[0]] }
