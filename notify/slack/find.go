package slack

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/notify"
)

const (
	looksPerMinute, looksBurst = 20, 5

	pageSize   = 200
	pagesMost  = 3
	lookBefore = 2 * time.Minute // the clocks may differ
)

// sightings are what a channel or a thread was last seen to hold: one look settles many messages
// in doubt.
type sightings struct {
	at      time.Time // when it was looked at
	since   time.Time // how far back
	partial bool      // there was more than we read
	threads map[string]notify.Thread
}

// Find looks for a message by its key: in the thread, and in the channel, where a message stands
// that begins a thread, and a reply if the root was deleted.
func (b *bot) Find(ctx context.Context, m notify.Message, thread notify.Thread, asOf time.Time) (notify.Thread, bool, error) {
	since := m.CreatedAt.Add(-lookBefore)
	places := []notify.Thread{{Channel: b.place()}}
	if !thread.IsZero() {
		places = []notify.Thread{thread, {Channel: thread.Channel}}
	}
	partial := false
	for _, place := range places {
		seen := b.seen[place]
		if seen == nil || !seen.at.After(asOf) || seen.since.After(since) {
			var err error
			if seen, err = b.look(ctx, place, since); err != nil {
				return notify.Thread{}, false, err
			}
		}
		if found, ok := seen.threads[m.Key]; ok {
			return found, true, nil
		}
		partial = partial || seen.partial
	}
	if partial {
		return notify.Thread{}, false, blind("there are more than %d messages since %s", pagesMost*pageSize, since.UTC().Format(time.RFC3339))
	}
	return notify.Thread{}, false, nil
}

// place is the id of the channel; empty if nobody knows it yet.
func (b *bot) place() string {
	if b.id == "" && isChannelID(b.channel) {
		return b.channel
	}
	return b.id
}

func isChannelID(s string) bool {
	return len(s) > 1 && strings.ContainsRune("CGD", rune(s[0])) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func blind(why string, args ...any) *notify.Failure {
	return &notify.Failure{Trouble: notify.Blind, Err: fmt.Errorf(why, args...)}
}

// look reads what a channel or a thread holds.
func (b *bot) look(ctx context.Context, place notify.Thread, since time.Time) (*sightings, error) {
	if place.Channel == "" {
		return nil, blind("the channel is known by its name only; give its id")
	}
	now := time.Now()
	maps.DeleteFunc(b.seen, func(_ notify.Thread, s *sightings) bool { return now.Sub(s.at) > time.Minute })
	seen := &sightings{at: now, since: since, threads: map[string]notify.Thread{}}
	cursor := ""
	for page := 0; ; page++ {
		if err := b.looks.Wait(ctx); err != nil {
			return nil, &notify.Failure{Trouble: notify.Transient, Err: fmt.Errorf("wait for the turn: %w", err)}
		}
		messages, next, err := b.read(ctx, place, since, cursor)
		if err != nil {
			return nil, err
		}
		for i := range messages {
			seen.note(place, &messages[i])
		}
		if cursor = next; cursor == "" {
			break
		}
		if page+1 == pagesMost {
			seen.partial = true
			break
		}
	}
	b.seen[place] = seen
	return seen, nil
}

// read reads a page, the newest first in a channel and the oldest first in a thread.
func (b *bot) read(ctx context.Context, place notify.Thread, since time.Time, cursor string) (messages []slack.Message, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	ctx, x := recording(ctx)
	if place.Root != "" {
		messages, _, next, err := b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: place.Channel, Timestamp: place.Root, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		if err != nil || len(messages) == 0 { // the root is always among them
			rejected := diagnose(err, x)
			if rejected.remedy == remedyUnthread {
				return nil, "", nil // the root is not there any more
			}
			return nil, "", blinded(rejected).failure("conversations.replies", b.token)
		}
		return messages, next, nil
	}
	answer, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: place.Channel, Oldest: strconv.FormatInt(since.Unix(), 10) + ".000000", Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
	})
	if err != nil || !answer.Ok {
		return nil, "", blinded(diagnose(err, x)).failure("conversations.history", b.token)
	}
	return answer.Messages, answer.ResponseMetaData.NextCursor, nil
}

// note remembers a message of ours.
func (s *sightings) note(place notify.Thread, m *slack.Message) {
	key, _ := m.Metadata.EventPayload["dedupe_key"].(string)
	if m.Metadata.EventType != eventType || key == "" {
		return
	}
	if _, known := s.threads[key]; known {
		return
	}
	thread := notify.Thread{Channel: place.Channel, Root: m.Timestamp}
	if m.ThreadTimestamp != "" {
		thread.Root = m.ThreadTimestamp
	}
	s.threads[key] = thread
}

// blinded is a rejection of a look: what people have not allowed us is no trouble of the
// destination.
func blinded(r rejection) rejection {
	switch r.code {
	case "missing_scope", "not_in_channel", "channel_not_found", "method_deprecated", "deprecated_endpoint", "not_allowed_token_type", "no_permission", "access_denied":
		r.remedy = remedyBlind
	}
	return r
}
