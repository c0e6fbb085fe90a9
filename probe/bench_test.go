package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkRun measures a run beside the least that net/http can do for the same
// truth: one request on a fresh connection, its body read to the end.
func BenchmarkRun(b *testing.B) {
	plain := serveWebQuietly(b)
	issuer := newAuthority(b)
	secured := serveTLS(b, &tls.Config{Certificates: []tls.Certificate{issuer.issue(b, nil)}}, false, ok)
	for name, address := range map[string]string{"plain": plain, "tls": secured.URL} {
		b.Run(name+"/run", func(b *testing.B) {
			runner, asked := &Runner{Roots: issuer.pool()}, target(b, address)
			b.ReportAllocs()
			for b.Loop() {
				got := runner.Run(context.Background(), asked, Scheduled, time.Time{})
				require.Equal(b, OK, got.Verdict.Reason)
			}
		})
		b.Run(name+"/bare", func(b *testing.B) {
			client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
				DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: issuer.pool()}}}
			b.ReportAllocs()
			for b.Loop() {
				answer, err := client.Get(address)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, answer.Body)
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
			}
		})
	}
}

func serveWebQuietly(b *testing.B) string {
	return serveWeb(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }).URL
}
