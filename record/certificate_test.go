package record_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func TestACertificateIsWarnedOfOnceHoweverOftenSondeStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, watched("shop"))
		ends := t0.Add(22 * 24 * time.Hour)
		for hour := 0; hour <= 22*24; hour += 6 {
			at := t0.Add(time.Duration(hour) * time.Hour)
			p.begin(at)
			r := result(p.id("shop"), at, judge(probe.CertificateExpiring, 200), 1)
			r.Attempts[0].Evidence.TLS = &probe.TLSEvidence{NotAfter: ends, Expiring: ends.Sub(at) < 21*24*time.Hour}
			p.Record(r)
			p.committed()
			if hour%12 == 0 {
				p.kill()
			} else {
				p.end()
			}
		}
		require.Equal(t, []string{
			"opened " + ends.Add(-21*24*time.Hour).Add(6*time.Hour).Format(time.RFC3339),
			"escalated " + ends.Add(-7*24*time.Hour).Format(time.RFC3339),
			"escalated " + ends.Add(-24*time.Hour).Format(time.RFC3339),
		}, p.query("SELECT change, strftime('%Y-%m-%dT%H:%M:%SZ', created_at/1000, 'unixepoch') FROM outbox ORDER BY id"))
		require.Equal(t, []string{"open critical"}, p.query("SELECT phase, severity FROM incidents"))
	})
}
