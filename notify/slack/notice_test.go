package slack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify"
)

func TestEveryNoticeReadsAsItShould(t *testing.T) {
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for _, notice := range []notify.Notice{notify.StorageFull, notify.StorageFailing, notify.StorageBack} {
		t.Run(notice.String(), func(t *testing.T) {
			m := notify.Message{CreatedAt: at, Body: notify.Body{Notice: notice, Location: "<!channel> here", Since: at.Add(-2 * time.Minute), At: at, Lost: 3}}
			r := story{Message: m, words: &english, zone: time.UTC, now: at}.render()
			require.True(t, strings.HasPrefix(r.text, notice.String()+": "), r.text)
			require.NotContains(t, r.text, "<!channel>")
			require.NotContains(t, r.text, "{")
			file := filepath.Join("testdata", "notice-"+strings.ReplaceAll(notice.String(), " ", "_")+".json")
			if *update {
				require.NoError(t, os.WriteFile(file, golden(t, r), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(golden(t, r)))
		})
	}
}
