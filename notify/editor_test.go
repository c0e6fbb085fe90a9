package notify_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// board is an outbox with one first message, which shows something.
type board struct {
	*memory
	broken  error
	want    notify.MessageID
	shown   notify.MessageID
	next    time.Time
	linked  bool
	renewed []notify.Renewal
}

func (b *board) Stale(_ context.Context, destination string, now time.Time) (*notify.Root, time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.want == b.shown && b.linked {
		return nil, time.Time{}, nil
	}
	if b.next.After(now) {
		return nil, b.next, nil
	}
	r := &notify.Root{Destination: destination, Incident: incident.FirstID, Thread: notify.Thread{Channel: "C1", Root: "1"}, Key: "root", Stale: b.want != b.shown, Linkless: !b.linked, Want: b.want}
	r.Shows = notify.Message{ID: b.want, Key: "latest", Incident: incident.FirstID, Change: incident.Changed, CreatedAt: now.Add(-time.Hour), Repeat: true}
	return r, time.Time{}, nil
}

func (b *board) Renew(_ context.Context, r *notify.Root, end notify.Renewal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	b.renewed = append(b.renewed, end)
	if end.Shown {
		b.shown = r.Want
	}
	b.linked = b.linked || end.Asked
	b.next = end.Next
	return nil
}

func (b *board) wants(id notify.MessageID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.want = id
}

func (b *board) renewals() []notify.Renewal {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.renewed)
}

// painter is a sender that can change first messages.
type painter struct {
	scripted
	paint sync.Mutex
	edits []notify.Message
	links int
	says  func(edit int) error
}

func (p *painter) Edit(_ context.Context, m notify.Message, _ notify.Thread) error {
	p.paint.Lock()
	defer p.paint.Unlock()
	p.edits = append(p.edits, m)
	if p.says == nil {
		return nil
	}
	return p.says(len(p.edits))
}

func (p *painter) edited() []notify.Message {
	p.paint.Lock()
	defer p.paint.Unlock()
	return slices.Clone(p.edits)
}

// asks is how often a link was asked for.
func (p *painter) asks() int {
	p.paint.Lock()
	defer p.paint.Unlock()
	return p.links
}

func (p *painter) Link(context.Context, notify.Thread) (string, error) {
	p.paint.Lock()
	defer p.paint.Unlock()
	if p.links++; p.links == 1 {
		return "", failure(notify.Transient)
	}
	return "https://x.example.com/p1", nil
}

func TestManyChangesAreOneEditToTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := &board{memory: newMemory(), linked: true}, &painter{}
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		outbox.wants(1)
		d.Wake("ops")
		synctest.Wait()
		require.Len(t, slack.edited(), 1, "at once")
		m := slack.edited()[0]
		require.Equal(t, "root", m.Key, "it is found by the same key as before")
		require.False(t, m.Repeat)
		require.WithinDuration(t, time.Now(), m.CreatedAt, 0, "an edit is never late")
		for id := range notify.MessageID(10) {
			outbox.wants(2 + id)
			d.Wake("ops")
			time.Sleep(300 * time.Millisecond)
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Len(t, slack.edited(), 2)
		require.Equal(t, notify.MessageID(11), slack.edited()[1].ID)
	})
}

func TestALinkIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := &board{memory: newMemory()}, &painter{}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 2, slack.asks())
		require.Empty(t, slack.edited())
		require.Equal(t, "https://x.example.com/p1", outbox.renewals()[1].Link)
		require.True(t, outbox.renewals()[1].Asked)
		require.False(t, outbox.renewals()[0].Asked)
	})
}

func TestWhatFollowsFromAnEditThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		gone   bool
		again  time.Duration // when the next edit comes, at the latest; 0: never
		before time.Duration // and not before
	}{
		"a passing trouble is tried again":         {failure(notify.Transient), false, 2 * time.Second, 0},
		"so is one of unknown outcome":             {failure(notify.Ambiguous), false, 2 * time.Second, 0},
		"a pause is kept":                          {&notify.Failure{Trouble: notify.Throttled, After: time.Minute, Err: errors.New("429")}, false, 61 * time.Second, time.Minute},
		"a wrong place is tried again slowly":      {failure(notify.Unreachable), false, 11 * time.Minute, 10 * time.Minute},
		"what is not taken is given up":            {failure(notify.Refused), false, 0, 0},
		"what is gone is for the store to replace": {failure(notify.Gone), true, 2 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox, begin := &board{memory: newMemory(), linked: true, want: 1}, time.Now()
				var second time.Time
				slack := &painter{says: func(edit int) error {
					if edit == 1 {
						return tc.err
					}
					second = time.Now()
					return nil
				}}
				_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
				defer stop()
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Equal(t, tc.gone, outbox.renewals()[0].Gone)
				switch {
				case tc.gone: // the board of this test does not replace it
				case tc.again == 0:
					require.Len(t, slack.edited(), 1)
				default:
					require.Len(t, slack.edited(), 2)
					require.LessOrEqual(t, second.Sub(begin), tc.again)
					require.GreaterOrEqual(t, second.Sub(begin), tc.before)
				}
			})
		})
	}
}

func TestAPauseOfPostsDoesNotHoldUpEdits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := &board{memory: newMemory(), linked: true}, &painter{}
		slack.answer = func(_ context.Context, _ notify.Message, call int) error {
			return &notify.Failure{Trouble: notify.Throttled, After: time.Hour, Err: errors.New("429")}
		}
		outbox.add("ops", incident.FirstID, incident.Opened)
		d, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		defer stop()
		synctest.Wait()
		outbox.wants(1)
		d.Wake("ops")
		synctest.Wait()
		require.Len(t, slack.edited(), 1)
		require.Len(t, slack.all(), 1)
	})
}

func TestAnEditIsNotRepeatedWhileItCannotBeWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, slack := &board{memory: newMemory(), linked: true, want: 1, broken: errors.New("disk full")}, &painter{}
		_, _, stop := start(t, outbox, map[string]notify.Sender{"ops": slack})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, slack.edited(), 1)
		outbox.mu.Lock()
		outbox.broken = nil
		outbox.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, notify.MessageID(1), outbox.shown)
		require.Len(t, slack.edited(), 1)
		stop()
	})
}
