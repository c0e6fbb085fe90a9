package configs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

// said is what a file with one probe is told: problems if there are any, else warnings.
func said(t *testing.T, settings string) (text string, valid bool) {
	t.Helper()
	file := "history: {results: 14d, rollups: 400d}\nprobes: [{name: a, url: 'http://127.0.0.1/', notify: [], " + settings + "}]"
	_, warnings, err := configs.Parse("sonde.yaml", []byte(file), configs.Options{Env: nothing})
	if err != nil {
		return err.Error(), false
	}
	var all []string
	for _, w := range warnings {
		all = append(all, w.String())
	}
	return strings.Join(all, "\n"), true
}

func TestPromisesAtTheEdges(t *testing.T) {
	for name, tc := range map[string]struct {
		settings string
		valid    bool
		says     []string
	}{
		"a promise of 100% leaves nothing to account for":   {"objective: 100% over 30d", false, []string{"sonde.yaml:2:", "leaves no budget", "down alert"}},
		"so does one of latency":                            {"objective: latency 1s for 100% over 30d", false, []string{"leaves no budget"}},
		"a promise of 0% is none":                           {"objective: 0% over 30d", false, []string{"leaves no budget", "above 0%"}},
		"a budget smaller than one check is warned of":      {"objective: 99.999% over 30d", true, []string{"allows 25s of bad time, and one failed check is 1m of it"}},
		"G19: a budget of four checks, too":                 {"objective: 99.99% over 30d", true, []string{"allows 4m19s of bad time", "check every 25s or more often"}},
		"at a tenth of the budget there is no warning":      {"interval: 259s, objective: 99.9% over 30d", true, nil},
		"a second longer and there is":                      {"interval: 260s, objective: 99.9% over 30d", true, []string{"check every 4m19s or more often"}},
		"a tier that no outage fires is warned of":          {"objective: 93.05% over 30d", true, []string{"no outage of 1h spends its budget too fast"}},
		"where the promise is a little more, it can fire":   {"objective: 93.06% over 30d", true, nil},
		"a window longer than what is kept cannot be asked": {"objective: 99% over 401d", false, []string{"is not between 1h and 400d"}},
		"G9: a run that outlasts its slot is not accepted":  {"interval: 10s, timeout: 30s", false, []string{"timeout: 30s does not fit interval 10s; lower timeout or raise interval"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, valid := said(t, tc.settings)
			require.Equal(t, tc.valid, valid, text)
			for _, part := range tc.says {
				require.Contains(t, text, part)
			}
			if len(tc.says) == 0 {
				require.Empty(t, text)
			}
		})
	}
}
