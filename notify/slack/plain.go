package slack

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/notify"
)

const maxSubject = 150

// NewWriter returns what writes messages without any markup, for mail: a subject in a line, and
// a text that stands alone. It says what the same message says in Slack. Of the configuration it needs
// the language, the zone, the public address and the history.
func NewWriter(cfg Config) func(ctx context.Context, m notify.Message) (subject, text string) {
	d := desk{words: wordsIn(cfg.Language), zone: time.UTC, publicURL: strings.TrimRight(cfg.PublicURL, "/"), history: cfg.History}
	if cfg.Zone != nil {
		d.zone = cfg.Zone
	}
	return func(ctx context.Context, m notify.Message) (subject, text string) {
		s := d.story(ctx, m, placeEdit) // in which nobody is mentioned
		return s.subject(), s.letter()
	}
}

// subject is the message in a few words: how it stands, what it is about, and what is wrong.
func (s story) subject() string {
	headline, known := s.words.headlines[s.Change]
	if s.Body.Notice != notify.NoNotice || s.many() || !known {
		return plain(s.sentence(), maxSubject)
	}
	word := fill(headline, "word", s.condition().word)
	if s.flapping() {
		word += s.words.flaps
	}
	why := s.causeInWords()
	if s.over() {
		why = s.words.duration(s.Body.At.Sub(s.Body.Since))
	}
	return plain(word+": "+s.name()+", "+why, maxSubject)
}

// letter is the sentence, and below it what Slack shows as details.
func (s story) letter() string {
	r := s.render(formFull)
	parts := []string{s.sentence()}
	blocks := r.blocks[min(1, len(r.blocks)):] // behind the headline, which the sentence says better
	if r.bar != nil {
		blocks = append(blocks, r.bar.Blocks.BlockSet...)
	}
	for _, b := range blocks {
		if part := unblock(b); part != "" {
			parts = append(parts, part)
		}
	}
	if s.publicURL != "" && s.Body.Notice == notify.NoNotice && s.id() > 0 {
		parts = append(parts, s.publicURL+"/incidents/"+s.id().String())
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// unblock is what a block says; empty for what is no text.
func unblock(b slack.Block) string {
	var lines []string
	switch b := b.(type) {
	case *slack.SectionBlock:
		if b.Text != nil {
			lines = append(lines, entitled(unmark(b.Text.Text)))
		}
		for _, field := range b.Fields {
			lines = append(lines, entitled(unmark(field.Text)))
		}
	case *slack.ContextBlock:
		var said []string
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slack.TextBlockObject); ok {
				said = append(said, unmark(t.Text))
			}
		}
		lines = append(lines, strings.Join(said, "\n"))
	}
	return strings.Join(lines, "\n")
}

// entitled writes what stands below its title beside it.
func entitled(s string) string {
	title, rest, more := strings.Cut(s, "\n")
	switch {
	case !more:
		return s
	case strings.Contains(rest, "\n") || strings.HasPrefix(rest, "- "):
		return title + ":\n  " + strings.ReplaceAll(rest, "\n", "\n  ")
	}
	return title + ": " + rest
}

// What Slack's markup is made of (docs.slack.dev, formatting message text).
var (
	markedAgo   = regexp.MustCompile(` ?\(?<!date\^[0-9]+\^\{ago\}\|[^<>]*>\)?`) // who reads it later has no clock for it
	markedLink  = regexp.MustCompile(`<([^<>|]+)(?:\|([^<>]*))?>`)
	markedBold  = regexp.MustCompile(`(?m)(^|[\s(])\*([^*\s]|[^*\s][^*\n]*[^*\s])\*($|[\s.,:;)])`)
	markedEmoji = regexp.MustCompile(`(?m)(^|\s):[a-z0-9_+-]+:(?: |$)`)
	unescaped   = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// unmark turns Slack's markup into the text that people see.
func unmark(s string) string {
	s = markedAgo.ReplaceAllString(s, "")
	s = markedLink.ReplaceAllStringFunc(s, func(link string) string {
		found := markedLink.FindStringSubmatch(link)
		switch target, label := found[1], found[2]; {
		case strings.HasPrefix(target, "!"), strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
			return label // a time as the sender's clock shows it, or a mention
		case label == "" || label == target:
			return target
		default:
			return label + ": " + target
		}
	})
	s = markedEmoji.ReplaceAllString(s, "$1")
	s = markedBold.ReplaceAllString(s, "$1$2$3")
	s = strings.ReplaceAll(s, "`", "")
	s = strings.ReplaceAll(s, "\n• ", "\n- ")
	return strings.TrimSpace(unescaped.Replace(s))
}
