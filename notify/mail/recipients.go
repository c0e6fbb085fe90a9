package mail

import (
	"errors"
	"maps"
	netmail "net/mail"
	"slices"
	"time"

	"sonde/notify"
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

// letters are those on their way that some people may have already. Who has one is stored with the message
// when it is to be tried again; only if the service is killed before that, they get it again, under the same Message-ID.
type letters map[string]*progress

// of is how far the letter of a key has got, to be tried once more. given are those who had it when that
// was last stored.
func (l letters) of(key string, to []*netmail.Address, given []string) *progress {
	p := l[key]
	if p == nil {
		if len(l) >= maxLetters {
			clear(l)
		}
		p = &progress{taken: map[string]bool{}, refused: map[string]error{}}
		l[key] = p
	}
	for _, address := range given {
		if p.taken[address] = true; p.since.IsZero() {
			p.since = time.Now()
		}
	}
	p.later, p.left = map[string]error{}, nil
	for _, address := range to {
		if a := address.Address; !p.taken[a] && p.refused[a] == nil {
			p.left = append(p.left, a)
		}
	}
	return p
}

// given adds to a failure who has the letter all the same.
func (p *progress) given(err error) error {
	if f, ok := errors.AsType[*notify.Failure](err); ok && len(p.taken) > 0 {
		f.Given = slices.Sorted(maps.Keys(p.taken))
	}
	return err
}

func (l letters) forget(key string) { delete(l, key) }

func (p *progress) firstLater() error   { return first(p.later) }
func (p *progress) firstRefused() error { return first(p.refused) }

func first(of map[string]error) error { return of[slices.Sorted(maps.Keys(of))[0]] }
