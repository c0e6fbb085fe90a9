package slack

import (
	"context"

	"github.com/slack-go/slack"

	"sonde/notify"
)

// Style is how the details of a message are set apart.
type Style uint8

// The styles.
const (
	StyleBar    Style = iota // beside a bar in the colour of the state, in an attachment
	StyleBlocks              // below the headline, without a colour: for servers that are like Slack's
)

// form is how much of its looks a message has. What Slack does not take in one form is sent in
// the next at once: an alert is never lost for its looks.
type form uint8

const (
	formFull     form = iota
	formNoChart       // without what is drawn
	formHeadline      // one section
	formPlain         // the sentence alone
	formNone          // there is no simpler one
)

// place is where a message is to stand.
type place uint8

const (
	placeRoot  place = iota // for itself, or at the head of its thread
	placeEdit               // the same, in the place of what stood there: nobody is called by that
	placeReply              // in a thread, and in the channel too
	placeLine               // in a thread, for those who follow it: a fact with a time
)

// rendered is a message in Slack's form.
type rendered struct {
	form   form
	text   string            // escaped
	blocks []slack.Block     // nil: the text is all there is
	bar    *slack.Attachment // nil: none
}

// render gives a message its form: the given one, or the first behind it that keeps Slack's limits.
func (d *desk) render(ctx context.Context, m notify.Message, at place, f form) rendered {
	return d.story(ctx, m, at).fit(f)
}

// fit is the message in a form, or in the first behind it that keeps Slack's limits.
func (s story) fit(f form) rendered {
	for ; f < formPlain; f++ {
		if r := s.render(f); r.check() == nil {
			return r
		}
	}
	return s.render(formPlain)
}

// options are what makes slack-go post exactly this, or update a message to it. What an update
// does not name stays as it was, so that all is named.
func (r *rendered) options(update bool) []slack.MsgOption {
	options := []slack.MsgOption{
		slack.MsgOptionText(r.text, false),
		slack.MsgOptionParse(false),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
	if len(r.blocks) == 0 {
		options = append(options, slack.MsgOptionDisableMarkdown())
	}
	if update || len(r.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(r.blocks...))
	}
	if update || r.bar != nil {
		options = append(options, slack.MsgOptionAttachments(r.attachments()...))
	}
	return options
}

// attachments are never nil: an empty list removes what was there.
func (r *rendered) attachments() []slack.Attachment {
	if r.bar == nil {
		return []slack.Attachment{}
	}
	return []slack.Attachment{*r.bar}
}

// webhook is the message as an incoming webhook takes it.
func (r *rendered) webhook() *slack.WebhookMessage {
	off := false
	m := &slack.WebhookMessage{Text: r.text, Parse: "none", UnfurlLinks: &off, UnfurlMedia: &off}
	if len(r.blocks) > 0 {
		m.Blocks, m.Attachments = &slack.Blocks{BlockSet: r.blocks}, r.attachments()
	}
	return m
}

// bare is what a message consists of, as Slack's Block Kit Builder takes it.
func (r *rendered) bare() any {
	m := struct {
		Text        string             `json:"text"`
		Blocks      []slack.Block      `json:"blocks,omitempty"`
		Attachments []slack.Attachment `json:"attachments,omitempty"`
	}{Text: r.text, Blocks: r.blocks}
	if r.bar != nil {
		m.Attachments = r.attachments()
	}
	return m
}
