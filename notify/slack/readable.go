package slack

import (
	"regexp"
	"strings"

	"github.com/slack-go/slack"
)

// marks are what Slack turns into something else: links, times and mentions.
var marks = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// readable is a message as people read it: what stands beside the bar begins with one.
func (r *rendered) readable() string {
	var out strings.Builder
	for _, line := range linesOf(r.blocks) {
		out.WriteString(line + "\n")
	}
	if len(r.blocks) == 0 {
		out.WriteString(unmarked(r.text) + "\n")
	}
	if r.bar != nil {
		for _, line := range linesOf(r.bar.Blocks.BlockSet) {
			out.WriteString("| " + line + "\n")
		}
	}
	return out.String()
}

// linesOf are the lines of blocks.
func linesOf(blocks []slack.Block) (lines []string) {
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.SectionBlock:
			if b.Text != nil {
				lines = append(lines, strings.Split(unmarked(b.Text.Text), "\n")...)
			}
			for _, field := range b.Fields {
				title, text, _ := strings.Cut(unmarked(field.Text), "\n")
				lines = append(lines, strings.Trim(title, "*")+": "+strings.ReplaceAll(text, "\n", "; "))
			}
		case *slack.ContextBlock:
			for _, element := range b.ContextElements.Elements {
				if o, ok := element.(*slack.TextBlockObject); ok {
					lines = append(lines, "("+unmarked(o.Text)+")")
				}
			}
		case *slack.DataVisualizationBlock:
			lines = append(lines, "[chart: "+b.Title+"]")
		case *slack.ActionBlock:
			lines = append(lines, "[buttons]")
		}
	}
	return lines
}

// unmarked shows what stands for links, times and mentions, and undoes the escaping.
func unmarked(s string) string {
	s = marks.ReplaceAllStringFunc(s, func(mark string) string {
		parts := marks.FindStringSubmatch(mark)
		switch at, label := parts[1], parts[2]; {
		case strings.HasPrefix(at, "!date^") && strings.Contains(at, "{ago}"):
			return "…ago"
		case strings.HasPrefix(at, "!date^"):
			return label
		case strings.HasPrefix(at, "!") || strings.HasPrefix(at, "@"):
			return "@" + strings.TrimLeft(strings.TrimPrefix(at, "!subteam^"), "!@")
		case label == "":
			return at
		default:
			return label + " <" + strings.ReplaceAll(at, "&amp;", "&") + ">"
		}
	})
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
