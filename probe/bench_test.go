package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRun measures a run beside the least that net/http can do for the same truth: one
// request on a fresh connection, its body read to the end. The server is another process. Both
// take turns, and it is processor time that is compared, for the machine may be busy.
func BenchmarkRun(b *testing.B) {
	plain, secured, roots := serveApart(b)
	for name, address := range map[string]string{"plain": plain, "tls": secured} {
		b.Run(name, func(b *testing.B) {
			runner, asked := &Runner{Roots: roots}, target(b, address)
			client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
				DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
			run := func() error {
				if got := runner.Run(context.Background(), asked, Scheduled, time.Time{}); got.Verdict.Reason != OK {
					return errors.New(got.Attempts[0].Evidence.Error)
				}
				return nil
			}
			bare := func() error {
				answer, err := client.Get(address)
				if err != nil {
					return err
				}
				defer func() { _ = answer.Body.Close() }()
				_, err = io.Copy(io.Discard, answer.Body)
				return err
			}
			var ours, theirs []time.Duration
			for b.Loop() {
				ours, theirs = append(ours, cost(b, run)), append(theirs, cost(b, bare))
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			one, other := ours[len(ours)/2], theirs[len(theirs)/2]
			b.ReportMetric(float64(one.Nanoseconds())/times/1e3, "cpu-us/run")
			b.ReportMetric(float64(other.Nanoseconds())/times/1e3, "cpu-us/bare")
			b.ReportMetric(float64(one)/float64(other), "ratio")
		})
	}
}

// times is how often one is done before it is the other's turn.
const times = 100

// cost is the processor time of a turn.
func cost(b *testing.B, once func() error) time.Duration {
	runtime.GC() // nobody pays for the other's garbage
	before := cpuTime(b)
	for range times {
		if err := once(); err != nil {
			b.Fatal(err)
		}
	}
	return cpuTime(b) - before
}

func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// asServer is the variable that makes the test binary a server.
const asServer = "SONDE_SERVE_FOR_BENCHMARK"

// serveApart starts a server, plain and over TLS, in a process of its own.
func serveApart(b *testing.B) (plain, secured string, roots *x509.CertPool) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asServer+"=yes")
	input, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	var told struct {
		Plain, Secured string
		Certificate    []byte
	}
	if err := json.NewDecoder(output).Decode(&told); err != nil {
		b.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(told.Certificate)
	if err != nil {
		b.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(certificate)
	return told.Plain, told.Secured, roots
}

// serveForBenchmark serves until its input ends, and says where.
func serveForBenchmark() {
	plain, secured := httptest.NewServer(ok), httptest.NewTLSServer(ok)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"Plain": plain.URL, "Secured": secured.URL, "Certificate": secured.Certificate().Raw})
	_, _ = io.Copy(io.Discard, os.Stdin)
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
