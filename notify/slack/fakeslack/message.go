package fakeslack

import (
	"encoding/json"
	"time"
)

// Message is what somebody said in a channel.
type Message struct {
	Channel     string // the id, also when it was addressed by name
	TS          string // the message's own id within the channel
	ThreadTS    string // the root it replies to; empty for a message of its own
	Broadcast   bool   // a reply that the channel sees too
	Text        string // as it came: & < > are escaped
	Blocks      json.RawMessage
	Attachments json.RawMessage
	Metadata    json.RawMessage
	At          time.Time
	Edited      bool // by chat.update
	Webhook     bool // it came through the webhook
}

// wire is a message as the API returns it.
type wire struct {
	Type        string          `json:"type"`
	Subtype     string          `json:"subtype,omitempty"`
	User        string          `json:"user"`
	BotID       string          `json:"bot_id"`
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
}

func (m Message) wire(withMetadata bool) wire {
	w := wire{
		Type: "message", User: "U0FAKEBOT", BotID: "B0FAKEBOT", TS: m.TS, ThreadTS: m.ThreadTS,
		Text: m.Text, Blocks: m.Blocks, Attachments: m.Attachments,
	}
	if m.Broadcast {
		w.Subtype = "thread_broadcast"
	}
	if withMetadata {
		w.Metadata = m.Metadata
	}
	return w
}
