package fakeslack

import (
	"encoding/json"
	"unicode/utf16"
)

// Slack's limits, in UTF-16 units where they are about text. The last is not
// documented; reports of refused messages put it near this.
const (
	maxText        = 40_000
	maxUpdateText  = 4_000
	maxBlocks      = 50
	maxAttachments = 100
	maxSection     = 3_000
	maxFields      = 10
	maxField       = 2_000
	maxElements    = 10
	maxHeader      = 150
	maxActions     = 25
	maxLabel       = 75
	maxBlockID     = 255
	maxAllText     = 11_000
	maxMetadata    = 16 << 10
)

// block is as much of a block as has limits here.
type block struct {
	Type     string            `json:"type"`
	BlockID  string            `json:"block_id"`
	Text     *textObject       `json:"text"`
	Fields   []textObject      `json:"fields"`
	Elements []json.RawMessage `json:"elements"`
}

type textObject struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func utf16Len(s string) int { return len(utf16.Encode([]rune(s))) }

// checkContent returns the error that Slack answers to such a message with; empty
// if it takes it.
func checkContent(m Message) string {
	var attachments []struct {
		Blocks []block `json:"blocks"`
	}
	var blocks []block
	total := 0
	switch {
	case m.Blocks != nil && json.Unmarshal(m.Blocks, &blocks) != nil:
		return "invalid_blocks_format"
	case m.Attachments != nil && json.Unmarshal(m.Attachments, &attachments) != nil:
		return "invalid_attachments"
	case m.Text == "" && len(blocks) == 0 && len(attachments) == 0:
		return "no_text"
	case utf16Len(m.Text) > maxText:
		return "msg_too_long"
	case len(attachments) > maxAttachments:
		return "too_many_attachments"
	case !checkBlocks(blocks, &total):
		return "invalid_blocks"
	}
	for _, a := range attachments {
		if !checkBlocks(a.Blocks, &total) {
			return "invalid_attachments"
		}
	}
	if total > maxAllText {
		return "msg_blocks_too_long"
	}
	return checkMetadata(m.Metadata)
}

func checkMetadata(metadata json.RawMessage) string {
	var event struct {
		Type    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	}
	switch {
	case metadata == nil:
		return ""
	case len(metadata) > maxMetadata:
		return "metadata_too_large"
	case json.Unmarshal(metadata, &event) != nil || event.Type == "" || event.Payload == nil:
		return "invalid_metadata_format"
	}
	return ""
}

// checkBlocks reports whether Slack takes the blocks, and adds their text up.
func checkBlocks(blocks []block, total *int) bool {
	ids := map[string]bool{}
	for _, b := range blocks {
		if b.BlockID != "" && ids[b.BlockID] || len(b.BlockID) > maxBlockID || !checkBlock(b, total) {
			return false
		}
		ids[b.BlockID] = true
	}
	return len(blocks) <= maxBlocks
}

func checkBlock(b block, total *int) bool {
	switch b.Type {
	case "section":
		return (b.Text != nil || len(b.Fields) > 0) && len(b.Fields) <= maxFields &&
			(b.Text == nil || b.Text.fits(maxSection, total)) && allFit(b.Fields, maxField, total)
	case "context":
		return len(b.Elements) > 0 && len(b.Elements) <= maxElements && allTexts(b.Elements, total)
	case "actions":
		return checkActions(b.Elements)
	case "header":
		return b.Text != nil && b.Text.Type == "plain_text" && b.Text.fits(maxHeader, total)
	case "divider", "data_visualization":
		return true
	}
	return false // nothing else is sent by sonde
}

func allTexts(elements []json.RawMessage, total *int) bool {
	for _, element := range elements {
		var t textObject
		if json.Unmarshal(element, &t) != nil || !t.fits(maxSection, total) {
			return false
		}
	}
	return true
}

// element is as much of a button or a menu as has limits here.
type element struct {
	Type        string      `json:"type"`
	ActionID    string      `json:"action_id"`
	Text        *textObject `json:"text"`
	Placeholder *textObject `json:"placeholder"`
	Value       string      `json:"value"`
	URL         string      `json:"url"`
	Options     []struct {
		Text  textObject `json:"text"`
		Value string     `json:"value"`
	} `json:"options"`
}

// checkActions reports whether Slack takes buttons and menus. Their texts are plain.
func checkActions(elements []json.RawMessage) bool {
	ids := map[string]bool{}
	for _, raw := range elements {
		var e element
		if json.Unmarshal(raw, &e) != nil || e.ActionID == "" || ids[e.ActionID] || utf16Len(e.ActionID) > maxBlockID || !e.fits() {
			return false
		}
		ids[e.ActionID] = true
	}
	return len(elements) > 0 && len(elements) <= maxActions
}

func (e *element) fits() bool {
	label := func(t *textObject, most int) bool {
		return t != nil && t.Type == "plain_text" && t.Text != "" && utf16Len(t.Text) <= most
	}
	switch e.Type {
	case "button":
		return label(e.Text, maxLabel) && utf16Len(e.Value) <= maxField && utf16Len(e.URL) <= maxSection
	case "static_select":
		for i := range e.Options {
			if !label(&e.Options[i].Text, maxLabel) || e.Options[i].Value == "" || utf16Len(e.Options[i].Value) > maxLabel {
				return false
			}
		}
		return label(e.Placeholder, maxHeader) && len(e.Options) > 0
	}
	return false
}

func allFit(texts []textObject, limit int, total *int) bool {
	for _, t := range texts {
		if !t.fits(limit, total) {
			return false
		}
	}
	return true
}

func (t textObject) fits(limit int, total *int) bool {
	n := utf16Len(t.Text)
	*total += n
	return n > 0 && n <= limit && (t.Type == "mrkdwn" || t.Type == "plain_text")
}
