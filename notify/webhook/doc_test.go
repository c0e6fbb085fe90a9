package webhook_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
)

// Whoever writes a receiver reads there what may come. That an incident is closed is told to nobody.
func TestEveryChangeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for change := incident.Opened; change <= incident.RunNow; change++ {
		if name := change.String(); change != incident.ClosedNow {
			require.Regexp(t, regexp.MustCompile(`\b`+name+`\b`), string(doc))
		}
	}
}
