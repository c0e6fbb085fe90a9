package record_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A message is stored with what the run saw, and with how those stand that the probe depends on.
func TestAMessageIsStoredWithWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("gateway"), behind("shop", "gateway"))
		p.begin(t0)
		for n := range 3 {
			p.Record(resultOf(p, "gateway", n, good))
			r := resultOf(p, "shop", n, broken)
			r.Attempts[0].StartedAt = slot(n)
			r.Attempts[0].Evidence.StatusLine = "HTTP/1.1 503 Service Unavailable"
			r.Attempts[0].Evidence.Excerpt = "token=s3cr3t, and the database is away"
			p.Record(r)
		}
		p.committed()
		require.Equal(t, []string{"shop HTTP/1.1 503 Service Unavailable token=[redacted], and the database is away"},
			p.query("SELECT json_extract(body, '$.Probe'), json_extract(body, '$.Seen.StatusLine'), json_extract(body, '$.Seen.Excerpt') FROM outbox"))
		require.Equal(t, []string{"gateway up"}, p.query("SELECT json_extract(body, '$.Needs[0].Name'), json_extract(body, '$.Needs[0].Standing') FROM outbox"))
		for n := 3; n < 8; n++ {
			p.Record(resultOf(p, "gateway", n, good))
			p.Record(resultOf(p, "shop", n, good))
		}
		p.committed()
		require.Equal(t, []string{"resolved 1"}, p.query("SELECT change, json_extract(body, '$.Seen') IS NULL FROM outbox WHERE id > 1"), "a recovery shows no failure")
		p.end()
	})
}
