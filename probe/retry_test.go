package probe

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// coded is an answer without a body; the headers are given as lines.
func coded(status int, headers ...string) string {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0\r\n", status, http.StatusText(status))
	for _, line := range headers {
		head += line + "\r\n"
	}
	return head + "\r\n"
}

// TestThePaperSaysWhatIsAskedAgain asks a server that answers every request with one code
// of the white paper's table 3.1, with three retries, and counts what arrives.
func TestThePaperSaysWhatIsAskedAgain(t *testing.T) {
	requests := map[string]int{"yes": 4, "after_delay": 4, "backoff": 4, "conditional": 2, "no": 1, "not_applicable": 1}
	seen := map[string]bool{}
	for _, row := range readTable(t, "status-codes.csv") {
		status, err := strconv.Atoi(row["code"])
		require.NoError(t, err)
		kind := row["retry"]
		seen[kind] = true
		t.Run(fmt.Sprintf("%d is asked again: %s", status, kind), func(t *testing.T) {
			server := inTurn(t, coded(status))
			result := runOnce(t, quick(), target(t, server.url, retrying(3), redirects(0)))
			require.Len(t, server.requests(), requests[kind])
			require.Len(t, result.Attempts, requests[kind], "every attempt is kept")
			for _, a := range result.Attempts {
				require.Equal(t, status, a.Verdict.Status, "with its own verdict")
				require.Equal(t, row["class"], a.Verdict.Class.String())
			}
			require.Zero(t, result.Forgone)
		})
		t.Run(fmt.Sprintf("%d is asked once where the method may not be repeated", status), func(t *testing.T) {
			server := inTurn(t, coded(status, "Retry-After: 0"))
			result := runOnce(t, quick(), target(t, server.url, retrying(3), redirects(0), using(http.MethodPost)))
			require.Len(t, server.requests(), 1)
			require.Zero(t, result.Forgone, "there was nothing to forgo")
		})
	}
	require.Len(t, seen, len(requests), "the table has every kind of retryability")
}

func TestAFailureToConnectIsAskedAgain(t *testing.T) {
	server := inTurn(t, lost)
	result := runOnce(t, quick(), target(t, server.url, retrying(3)))
	require.Equal(t, ConnectionClosed, result.Verdict.Reason)
	require.Len(t, server.requests(), 2, "once: the reason is conditional")
}

func TestEveryAttemptHasItsOwnVerdict(t *testing.T) {
	server := inTurn(t, coded(503, "Retry-After: 0"), lost, coded(401))
	result := runOnce(t, quick(), target(t, server.url, retrying(3)))
	var seen []Reason
	for _, a := range result.Attempts {
		seen = append(seen, a.Verdict.Reason)
	}
	require.Equal(t, []Reason{ServerError, ConnectionClosed}, seen, "a lost connection is worth one repeat, and that was used up")

	server = inTurn(t, coded(503, "Retry-After: 0"), coded(500), coded(401))
	result = runOnce(t, quick(), target(t, server.url, retrying(3)))
	require.Len(t, result.Attempts, 3)
	for i, want := range []struct {
		status int
		retry  Retry
		after  Announcement
	}{{503, RetryBackoff, Announcement{0, true}}, {500, RetryYes, Announcement{}}, {401, RetryNo, Announcement{}}} {
		got := result.Attempts[i]
		require.Equal(t, want.status, got.Verdict.Status)
		require.Equal(t, want.retry, got.Verdict.Retry)
		require.Equal(t, want.after, got.RetryAfter)
		require.Positive(t, got.Timings.Total)
		require.NotEmpty(t, got.Evidence.RemoteAddr)
	}
}

func TestAnAnnouncedWait(t *testing.T) {
	pause := 30 * time.Millisecond
	runner := &Runner{pauses: pauseRange{pause, pause}}
	gap := func(r Result) time.Duration { return r.Attempts[1].StartedAt.Sub(r.Attempts[0].StartedAt) }
	for name, answer := range map[string]string{
		"of a 429 in seconds":      coded(429, "Retry-After: 1"),
		"of a 503 in seconds":      coded(503, "Retry-After: 1"),
		"of a 500 in seconds":      coded(500, "Retry-After: 1"),
		"of a 408 in seconds":      coded(408, "Retry-After: 1"),
		"of a 429 as a date":       coded(429, "Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:49:38 GMT"),
		"of a 503 by a fast clock": coded(503, "Date: Sun, 06 Nov 2094 08:49:37 GMT", "Retry-After: Sat, 06 Nov 2094 08:49:38 GMT"),
	} {
		t.Run(name+" is waited for", func(t *testing.T) {
			t.Parallel()
			server := inTurn(t, answer, fine)
			result := runOnce(t, runner, target(t, server.url, retrying(1)))
			require.Len(t, server.requests(), 2)
			require.Equal(t, Announcement{time.Second, true}, result.Attempts[0].RetryAfter)
			require.GreaterOrEqual(t, gap(result), time.Second)
			require.Zero(t, result.RetryAfter(), "the last answer announced nothing")
		})
	}
	t.Run("of no time is the usual pause", func(t *testing.T) {
		server := inTurn(t, coded(503, "Retry-After: 0"), fine)
		result := runOnce(t, runner, target(t, server.url, retrying(1)))
		require.Equal(t, Announcement{0, true}, result.Attempts[0].RetryAfter)
		require.GreaterOrEqual(t, gap(result), pause, "now is no reason to hammer")
	})
	t.Run("of what is not asked again makes nothing wait", func(t *testing.T) {
		server := inTurn(t, coded(501, "Retry-After: 3600"))
		result := runOnce(t, runner, target(t, server.url, retrying(3)))
		require.Len(t, server.requests(), 1)
		require.Zero(t, result.Forgone)
		require.Equal(t, time.Hour, result.RetryAfter().Wait, "but it is known")
	})
	t.Run("of a good answer is none", func(t *testing.T) {
		server := inTurn(t, coded(200, "Retry-After: 5"))
		require.Zero(t, lastAttempt(t, runner, target(t, server.url)).RetryAfter)
	})
	t.Run("is never waited for by a re-check", func(t *testing.T) {
		server := inTurn(t, coded(503, "Retry-After: 0"))
		result := runner.Run(t.Context(), target(t, server.url, retrying(3)), Recheck, time.Now())
		require.Len(t, result.Attempts, 1)
		require.Zero(t, result.Forgone)
	})
}

func TestAnAnnouncedWaitThatDoesNotFit(t *testing.T) {
	pause := 30 * time.Millisecond
	runner := &Runner{pauses: pauseRange{pause, pause}}
	t.Run("ends the run at once", func(t *testing.T) {
		server := inTurn(t, coded(503, "Retry-After: 3600"))
		result := runOnce(t, runner, target(t, server.url, retrying(3)))
		require.Len(t, server.requests(), 1)
		require.Equal(t, time.Hour, result.RetryAfter().Wait)
		require.Equal(t, ServerError, result.Verdict.Reason)
		require.Equal(t, 3, result.Forgone)
		require.Less(t, result.Elapsed, time.Second)
	})
	t.Run("ends it later, if it does not fit any more", func(t *testing.T) {
		server := inTurn(t, coded(500), coded(429, "Retry-After: 3600"))
		result := runOnce(t, runner, target(t, server.url, retrying(3)))
		require.Len(t, server.requests(), 2)
		require.Equal(t, 2, result.Forgone)
		require.Equal(t, Throttled, result.Attempts[1].Verdict.Reason)
	})
}

func TestWhoMayShedLoad(t *testing.T) {
	const after = "Retry-After: 3600"
	for name, tc := range map[string]struct {
		answers []string
		strict  bool // may not shed
		expect  int
		credit  RetryCredit
		want    Reason
		outcome Outcome
	}{
		"a 503 that says when to come back is load shed":  {answers: []string{coded(503, after)}, want: LoadShed, outcome: Excluded},
		"one that says now is, too":                       {answers: []string{coded(503, "Retry-After: 0")}, want: LoadShed, outcome: Excluded},
		"one that does not say when is an error":          {answers: []string{coded(503)}, want: ServerError, outcome: Bad},
		"one that says what makes no sense is an error":   {answers: []string{coded(503, "Retry-After: soon")}, want: ServerError, outcome: Bad},
		"another 5xx is an error, whatever it announces":  {answers: []string{coded(500, after)}, want: ServerError, outcome: Bad},
		"where it is not allowed it is an error":          {answers: []string{coded(503, after)}, strict: true, want: ServerError, outcome: Bad},
		"a 503 that is expected is good":                  {answers: []string{coded(503, after)}, expect: 503, want: OK, outcome: Good},
		"load shed that a retry cures is good":            {answers: []string{coded(503, "Retry-After: 0"), fine}, want: OK, outcome: Good},
		"an error before load shed stays bad":             {answers: []string{coded(500), coded(503, after)}, want: ServerError, outcome: Bad},
		"an error before load shed is forgiven if all is": {answers: []string{coded(500), coded(503, after)}, credit: CreditAll, want: LoadShed, outcome: Excluded},
		"an error after load shed is bad":                 {answers: []string{coded(503, "Retry-After: 0"), coded(500)}, want: ServerError, outcome: Bad},
		"a lost connection before load shed is load shed": {answers: []string{lost, coded(503, after)}, want: LoadShed, outcome: Excluded},
	} {
		t.Run(name, func(t *testing.T) {
			server := inTurn(t, tc.answers...)
			asked := target(t, server.url, retrying(1))
			asked.MayShed, asked.Credit = !tc.strict, tc.credit
			if tc.expect != 0 {
				asked.Expect.Status.Add(tc.expect)
			}
			v := runOnce(t, quick(), asked).Verdict
			require.Equal(t, tc.want.String(), v.Reason.String())
			require.Equal(t, tc.outcome, v.Outcome)
			if tc.want == LoadShed {
				require.Equal(t, Verdict{503, ClassServerError, LoadShed, RetryBackoff, FaultTarget, Excluded}, v)
				require.Equal(t, KindDegraded, v.Kind())
			}
		})
	}
}

func TestAnErrorIsNotHiddenByWhatARetryRanInto(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []string
		credit  RetryCredit
		want    Reason
	}{
		"a 5xx before a 429 stays bad":                {[]string{coded(500), coded(429)}, CreditTransport, ServerError},
		"a 5xx before a 401 stays bad":                {[]string{coded(500), coded(401)}, CreditTransport, ServerError},
		"a lost connection before a 429 is throttled": {[]string{lost, coded(429)}, CreditTransport, Throttled},
		"unless nothing is forgiven":                  {[]string{lost, coded(429)}, CreditNone, ConnectionClosed},
		"or everything":                               {[]string{coded(500), coded(429)}, CreditAll, Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			server := inTurn(t, tc.answers...)
			asked := target(t, server.url, retrying(1))
			asked.Credit = tc.credit
			require.Equal(t, tc.want.String(), runOnce(t, quick(), asked).Verdict.Reason.String())
		})
	}
}

func TestG8WhatARetryMakesGoodAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		answers              []string
		none, transport, all Outcome
	}{
		"G8: a 503 and then a 200":          {[]string{coded(503), fine}, Bad, Bad, Good},
		"G8: a reset and then a 200":        {[]string{lost, fine}, Bad, Good, Good},
		"G8: a reset, a 503 and then a 200": {[]string{lost, coded(503), fine}, Bad, Bad, Good},
	} {
		t.Run(name, func(t *testing.T) {
			for credit, want := range map[RetryCredit]Outcome{CreditNone: tc.none, CreditTransport: tc.transport, CreditAll: tc.all} {
				server := inTurn(t, tc.answers...)
				asked := target(t, server.url, retrying(len(tc.answers)-1))
				asked.Credit = credit
				require.Equal(t, want, runOnce(t, quick(), asked).Verdict.Outcome, "retry_credit: %v", credit)
			}
		})
	}
}
