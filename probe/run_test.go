package probe

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// inTurn answers the n-th request with the n-th text, and all further ones with the last.
func inTurn(t *testing.T, answers ...string) *rawServer {
	var n atomic.Int64
	return serveRaw(t, func(conn net.Conn) {
		says("%s", answers[min(int(n.Add(1)), len(answers))-1])(conn)
	})
}

const (
	fine     = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	error500 = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
	error408 = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	error401 = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
	lost     = ""
)

func TestWhoSpeaksForARun(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []string
		credit  RetryCredit
		want    Reason
		asked   int
	}{
		"a lost connection that a retry cures is good":        {[]string{lost, fine}, CreditTransport, OK, 2},
		"a 5xx that a retry cures stays bad":                  {[]string{error500, fine}, CreditTransport, ServerError, 2},
		"a 5xx after a lost connection stays bad":             {[]string{lost, error500, fine}, CreditTransport, ServerError, 3},
		"a 5xx that a retry cures is good if all is forgiven": {[]string{error500, fine}, CreditAll, OK, 2},
		"nothing is cured if nothing is forgiven":             {[]string{lost, fine}, CreditNone, ConnectionClosed, 2},
		"the last failure speaks":                             {[]string{error500, lost, fine}, CreditNone, ConnectionClosed, 2},
		"a refused credential is never tried again":           {[]string{error401, fine}, CreditAll, Unauthenticated, 1},
		"a conditional failure is tried again once":           {[]string{error408, error408, fine}, CreditAll, ClientError, 2},
		"a conditional failure after a retry is not":          {[]string{error500, error408, fine}, CreditAll, ClientError, 2},
		"retries end when they are used up":                   {[]string{error500}, CreditAll, ServerError, 4},
	} {
		t.Run(name, func(t *testing.T) {
			server := inTurn(t, tc.answers...)
			asked := target(t, server.url, retrying(3))
			asked.Credit = tc.credit
			result := runOnce(t, quick(), asked)
			require.Equal(t, tc.want.String(), result.Verdict.Reason.String())
			require.Len(t, server.requests(), tc.asked)
			require.Len(t, result.Attempts, tc.asked)
			require.GreaterOrEqual(t, result.Elapsed, result.Timings().Total)
		})
	}
}

func TestARecheckMakesOneAttempt(t *testing.T) {
	server := inTurn(t, error500)
	at := time.Date(2026, 11, 23, 5, 0, 0, 123_456_789, time.FixedZone("KST", 9*3600))
	got := quick().Run(t.Context(), target(t, server.url, retrying(3)), Recheck, at)
	require.Equal(t, Recheck, got.Run)
	require.Len(t, got.Attempts, 1)
	require.Equal(t, "2026-11-22T20:00:00.123Z", got.At.Format(time.RFC3339Nano), "UTC, whole milliseconds")
	require.Equal(t, time.UTC, got.Attempts[0].StartedAt.Location())
}

func TestTheTimeoutBoundsTheWholeRun(t *testing.T) {
	const timeout = 300 * time.Millisecond
	runner := &Runner{pauses: pauseRange{80 * time.Millisecond, 160 * time.Millisecond}}
	server := inTurn(t, error500)
	result := runOnce(t, runner, target(t, server.url, retrying(100), within(timeout)))
	require.Equal(t, ServerError, result.Verdict.Reason, "a retry that no longer fits is not begun")
	require.Less(t, len(result.Attempts), 5)
	require.Greater(t, len(result.Attempts), 1)
	require.Less(t, result.Elapsed, timeout)
}

func TestPausesGrowAndVary(t *testing.T) {
	for n, bounds := range map[int]pauseRange{
		1: {500 * time.Millisecond, time.Second},
		2: {time.Second, 2 * time.Second},
		3: {time.Second, 2 * time.Second},
		9: {time.Second, 2 * time.Second},
	} {
		seen := make(map[time.Duration]bool)
		for range 200 {
			pause := pauseRange{}.before(n)
			require.GreaterOrEqual(t, pause, bounds.least)
			require.LessOrEqual(t, pause, bounds.most)
			seen[pause] = true
		}
		require.Greater(t, len(seen), 100, "pauses vary")
	}
	require.Equal(t, time.Second, pauseRange{time.Second, time.Second}.before(3), "a range of one value gives it")
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.True(t, sleep(ctx, 50*time.Second))
		require.Equal(t, 50*time.Second, time.Since(began))
		require.True(t, fits(ctx, 4*time.Second, 100*time.Second))
		require.False(t, fits(ctx, 6*time.Second, 100*time.Second))
		require.False(t, sleep(ctx, time.Hour))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestShutdownCancelsARun(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"while it waits for an answer":    thenSilence(""),
		"while it reads the answer":       thenSilence("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
		"while it waits for a second try": says("%s", error500),
	} {
		t.Run(name, func(t *testing.T) {
			reached := make(chan struct{}, 1)
			server := serveRaw(t, func(conn net.Conn) {
				reached <- struct{}{}
				answer(conn)
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			runner := &Runner{pauses: pauseRange{time.Hour, time.Hour}}
			done := make(chan Result, 1)
			go func() { done <- runIn(ctx, runner, target(t, server.url, within(24*time.Hour), retrying(1))) }()
			<-reached
			cancel()
			got := <-done
			require.Equal(t, Canceled, got.Verdict.Reason)
			require.Equal(t, Unknown, got.Verdict.Outcome)
			require.Less(t, got.Elapsed, time.Second)
		})
	}
}

func TestAPanicDoesNotLeaveARun(t *testing.T) {
	var logged bytes.Buffer
	runner := quick()
	runner.Log = slog.New(slog.NewTextHandler(&logged, nil))
	for range 2 {
		got := runner.Run(t.Context(), &Target{Name: "broken", Timeout: time.Second, Retries: 2}, Scheduled, time.Now())
		require.Equal(t, ProberPanic, got.Verdict.Reason)
		require.Len(t, got.Attempts, 1)
		require.NotEmpty(t, got.Attempts[0].Evidence.Error)
	}
	require.Equal(t, 2, strings.Count(logged.String(), "probe panicked"))
	require.Equal(t, 1, strings.Count(logged.String(), "stack="), "where it came from is told once")

	unknown := target(t, "gopher://127.0.0.1/")
	require.Equal(t, ProberPanic, runOnce(t, runner, unknown).Verdict.Reason)
}

func ExampleRunner_Run() {
	server := newExampleServer(http.StatusServiceUnavailable)
	defer server.Close()
	runner := Runner{UserAgent: "sonde/1.0"}
	result := runner.Run(context.Background(), exampleTarget(server.URL), Manual, time.Now())
	v := result.Verdict
	fmt.Println(v.Status, v.Class.Title())
	fmt.Println("reason:", v.Reason)
	fmt.Println("who has to act:", v.Fault)
	fmt.Println("retry:", v.Retry)
	fmt.Println("outcome:", v.Outcome)
	// Output:
	// 503 5xx server error
	// reason: server_error
	// who has to act: target
	// retry: backoff
	// outcome: bad
}
