package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/slo"
)

// within asks for a whole message, which keeps all limits.
func within(t *testing.T, r rendered) {
	t.Helper()
	require.NoError(t, r.check())
	require.Equal(t, formFull, r.form)
	require.NotEmpty(t, r.blocks)
}

// everyBlock are the blocks of a message, those beside the bar among them.
func everyBlock(r rendered) []slack.Block {
	if r.bar == nil {
		return r.blocks
	}
	return append(slices.Clip(r.blocks), r.bar.Blocks.BlockSet...)
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
				r := told(stuffed(sample(change, causes["5xx"]), strings.Repeat(filler, 5000))).fit(formFull)
				require.NoError(t, r.check())
				require.Less(t, r.form, formPlain)
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
