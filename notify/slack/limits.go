package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/slack-go/slack"
)

// What a message may hold, in UTF-16 units of text before it is escaped. Escaping
// makes a text up to five times as long.
const (
	maxName   = 100
	maxURL    = 200
	maxPlace  = 80
	maxListed = 30 // a name among others
	maxLabel  = 60
	maxAdvice = 280
	maxLink   = 1000 // this one as it is sent

	maxLabels  = 5
	maxNext    = 3
	maxCodes   = 5
	maxBudgets = 3
	maxMembers = 5
)

// Slack's limits, in UTF-16 units as it counts them, and lower ones of our own where it documents
// none or where less is read: messages of 11,341 characters and of 17,694 bytes of JSON have been
// refused (msg_blocks_too_long). A message that breaks one is sent in a simpler form.
const (
	mostText     = 4000
	mostSection  = 3000
	mostField    = 2000
	mostFields   = 10
	mostElements = 10 // of a context
	mostActions  = 25
	mostBlocks   = 25
	mostTotal    = 8000   // of all blocks together
	mostJSON     = 14_000 // bytes
)

const ellipsis = "…"

// clamp cuts a text to so many UTF-16 units, which is how Slack counts. It never
// cuts a character in half.
func clamp(s string, units int) string {
	if len(s) <= units { // a UTF-16 unit is at least a byte
		return s
	}
	length, fits := 0, 0 // fits is where to cut so that the ellipsis still fits
	for i, r := range s {
		if length < units {
			fits = i
		}
		if length += utf16.RuneLen(r); length > units {
			return s[:fits] + ellipsis
		}
	}
	return s
}

// unitsOf counts as Slack does.
func unitsOf(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// check says which of Slack's limits a message breaks; nil if it keeps all.
func (r *rendered) check() error {
	c := checker{}
	c.text("the text", r.text, mostText)
	c.total = 0 // it is not shown beside blocks
	all := r.blocks
	if r.bar != nil {
		c.text("the fallback", r.bar.Fallback, mostText)
		c.total = 0
		all = append(all[:len(all):len(all)], r.bar.Blocks.BlockSet...)
	}
	c.count("blocks", len(all), mostBlocks)
	for i, b := range all {
		c.block(fmt.Sprintf("block %d", i+1), b)
	}
	c.count("UTF-16 units of all blocks", c.total, mostTotal)
	raw, err := json.Marshal(r.bare())
	if err != nil {
		return fmt.Errorf("encode the message: %w", err)
	}
	c.count("bytes", len(raw), mostJSON)
	return c.err
}

// checker goes through a message, and keeps the first limit that is broken.
type checker struct {
	total int
	err   error
}

func (c *checker) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *checker) count(what string, n, most int) {
	if n > most {
		c.fail(fmt.Errorf("it has %d %s, %d are taken", n, what, most))
	}
}

func (c *checker) text(what, s string, most int) {
	n := unitsOf(s)
	c.total += n
	switch {
	case n == 0:
		c.fail(fmt.Errorf("%s is empty", what))
	case n > most:
		c.fail(fmt.Errorf("%s has %d UTF-16 units, %d are taken", what, n, most))
	}
}

func (c *checker) object(what string, o *slack.TextBlockObject, most int) {
	if o.Type == slack.MarkdownType && !o.Verbatim {
		c.fail(fmt.Errorf("%s may become a link or a mention", what))
	}
	c.text(what, o.Text, most)
}

func (c *checker) block(what string, b slack.Block) {
	switch b := b.(type) {
	case *slack.SectionBlock:
		if b.Text == nil && len(b.Fields) == 0 {
			c.fail(fmt.Errorf("%s is empty", what))
		}
		if b.Text != nil {
			c.object(what, b.Text, mostSection)
		}
		c.count("fields in "+what, len(b.Fields), mostFields)
		for _, field := range b.Fields {
			c.object("a field of "+what, field, mostField)
		}
	case *slack.ContextBlock:
		c.count("elements in "+what, len(b.ContextElements.Elements), mostElements)
		for _, element := range b.ContextElements.Elements {
			if o, ok := element.(*slack.TextBlockObject); ok {
				c.object("an element of "+what, o, mostField)
			}
		}
	case *slack.ActionBlock:
		if b.Elements == nil || len(b.Elements.ElementSet) == 0 {
			c.fail(errors.New(what + " is empty"))
			return
		}
		c.count("elements in "+what, len(b.Elements.ElementSet), mostActions)
	case *slack.DividerBlock:
	case *slack.DataVisualizationBlock:
		if err := b.Validate(); err != nil {
			c.fail(fmt.Errorf("%s: %w", what, err))
		}
	default:
		c.fail(fmt.Errorf("%s is of a kind that is not known here, %s", what, b.BlockType()))
	}
}
