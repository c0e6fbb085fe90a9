package slack

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/slo"
)

// within checks a message against Slack's documented limits, and against lower ones
// of our own where Slack documents none.
func within(t *testing.T, r rendered) {
	t.Helper()
	length := func(s string) int { return len(utf16.Encode([]rune(s))) }
	require.NotEmpty(t, r.text)
	require.LessOrEqual(t, length(r.text), 4000)
	blocks := append([]slack.Block{r.headline}, r.attachment.Blocks.BlockSet...)
	require.LessOrEqual(t, len(blocks), 25)
	total := 0
	check := func(text *slack.TextBlockObject, most int) {
		n := length(text.Text)
		require.Positive(t, n)
		require.LessOrEqual(t, n, most)
		require.True(t, text.Verbatim)
		total += n
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.SectionBlock:
			if b.Text != nil {
				check(b.Text, 3000)
			}
			require.True(t, b.Text != nil || len(b.Fields) > 0)
			require.LessOrEqual(t, len(b.Fields), 10)
			for _, field := range b.Fields {
				check(field, 2000)
			}
		case *slack.ContextBlock:
			require.LessOrEqual(t, len(b.ContextElements.Elements), 10)
			for _, element := range b.ContextElements.Elements {
				check(element.(*slack.TextBlockObject), 2000)
			}
		default:
			t.Fatalf("a block of type %T", b)
		}
	}
	require.LessOrEqual(t, total, 8000)
	raw, err := json.Marshal(map[string]any{"blocks": blocks, "text": r.text, "fallback": r.attachment.Fallback})
	require.NoError(t, err)
	require.LessOrEqual(t, len(raw), 14_000*2, "the worst case escapes every character")
}

func TestTheLongestMessageStaysWithinTheLimits(t *testing.T) {
	for name, filler := range map[string]string{
		"of characters that are escaped":           "&",
		"of characters of two UTF-16 units":        "😀",
		"of characters that are not printable":     "\u202e",
		"of bytes that are no characters":          "\xff",
		"of characters that would end a code span": "`",
	} {
		t.Run(name, func(t *testing.T) {
			for change := range changes {
				within(t, told(stuffed(sample(change, causes["5xx"]), strings.Repeat(filler, 5000))).render())
			}
		})
	}
}

// stuffed puts a text wherever a message can hold one.
func stuffed(m notify.Message, s string) notify.Message {
	b := &m.Body
	b.Probe, b.Group, b.URL, b.Location, b.Runbook, b.Method = s, s, s, s, "https://"+s, "GET"
	b.Labels = map[string]string{}
	for i := range 100 {
		b.Labels[s+string(rune('a'+i))] = s
	}
	for i := range 100 {
		b.Codes = append(b.Codes, incident.CodeCount{Code: int32(500 + i), Count: 1 << 30})
		b.Budgets = append(b.Budgets, notify.BudgetFact{Objective: slo.Objective{BadPPM: 1000 + int64(i), Window: slo.Rolling(1 << 50)}, Total: 1 << 60, Judged: true})
	}
	return m
}
