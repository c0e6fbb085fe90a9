package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkRun measures a run beside the least that net/http can do for the same
// truth: one request on a fresh connection, its body read to the end.
func BenchmarkRun(b *testing.B) {
	plain := httptest.NewServer(ok)
	b.Cleanup(plain.Close)
	issuer := newAuthority(b)
	secured := serveTLS(b, &tls.Config{Certificates: []tls.Certificate{issuer.issue(b, nil)}}, false, ok)
	for name, address := range map[string]string{"plain": plain.URL, "tls": secured.URL} {
		b.Run(name+"/run", func(b *testing.B) {
			runner, asked := &Runner{Roots: issuer.pool()}, target(b, address)
			b.ReportAllocs()
			for b.Loop() {
				if got := runner.Run(context.Background(), asked, Scheduled, time.Time{}); got.Verdict.Reason != OK {
					b.Fatal(got.Attempts[0].Evidence.Error)
				}
			}
		})
		b.Run(name+"/bare", func(b *testing.B) {
			client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
				DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: issuer.pool()}}}
			b.ReportAllocs()
			for b.Loop() {
				answer, err := client.Get(address)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
		})
	}
}

// BenchmarkTruthOfADelay measures how far the time that is reported lies from the one
// that the target took on purpose, by the target's own clock.
func BenchmarkTruthOfADelay(b *testing.B) {
	took := make(chan time.Duration, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began := time.Now()
		time.Sleep(50 * time.Millisecond)
		took <- time.Since(began)
	}))
	b.Cleanup(server.Close)
	runner, asked := &Runner{}, target(b, server.URL)
	var off []time.Duration
	for b.Loop() {
		got := runner.Run(context.Background(), asked, Scheduled, time.Time{})
		off = append(off, got.Timings().FirstByte-<-took)
	}
	slices.Sort(off)
	b.ReportMetric(float64(off[len(off)/2].Microseconds()), "us-off-p50")
	b.ReportMetric(float64(off[len(off)*99/100].Microseconds()), "us-off-p99")
}

// BenchmarkMasker measures what hiding the secrets of a request costs per attempt that is not good.
func BenchmarkMasker(b *testing.B) {
	bare := target(b, "http://127.0.0.1/healthz")
	usual := target(b, "http://127.0.0.1/healthz?key=0123456789abcdef", with("X-Api-Key", "0123456789abcdef"), asking(Bearer(fixed("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb25kZSJ9.c2lnbmF0dXJl"))))
	if _, err := usual.prove(context.Background(), &Runner{}); err != nil {
		b.Fatal(err)
	}
	large := target(b, "http://127.0.0.1/", sending(`{"a": "`+strings.Repeat("x", 4000)+`", "b": ["secret-one", "secret-two", "secret-three"]}`))
	for name, asked := range map[string]*Target{"bare": bare, "usual": usual, "body": large} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = asked.masker().replace("503 Service Unavailable")
			}
		})
	}
}
