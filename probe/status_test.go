package probe

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answering answers every request with a status; a 1xx ends the connection.
func answering(t *testing.T, status int) *rawServer {
	return serveRaw(t, func(conn net.Conn) {
		if ClassOf(status) == ClassInformational {
			says("HTTP/1.1 %d Interim\r\n\r\n", status)(conn)
			return
		}
		says("HTTP/1.1 %d Some Reason\r\nContent-Length: 0\r\n\r\n", status)(conn)
	})
}

// asked is how many requests a run with two retries makes, by the paper's column.
var asked = map[string]int{"yes": 3, "after_delay": 3, "backoff": 3, "conditional": 2, "no": 1, "not_applicable": 1}

func TestEveryCodeOfThePaperIsJudgedAndRetriedAsItSays(t *testing.T) {
	for _, row := range readTable(t, "status-codes.csv") {
		t.Run(row["code"]+" "+row["name"], func(t *testing.T) {
			status, err := strconv.Atoi(row["code"])
			require.NoError(t, err)
			server := answering(t, status)
			result := runOnce(t, quick(), target(t, server.url, retrying(2), redirects(0)))
			require.Equal(t, status, result.Verdict.Status)
			require.Equal(t, row["class"], result.Verdict.Class.String())
			require.Equal(t, row["retry"], retryColumn(result.Verdict))
			require.Len(t, server.requests(), asked[row["retry"]])
			require.Len(t, result.Attempts, asked[row["retry"]])
			for _, attempt := range result.Attempts {
				require.Equal(t, result.Verdict, attempt.Verdict)
			}
		})
	}
}

// retryColumn is the retryability of a verdict as the paper has it: it finds
// nothing to retry in a redirect, which is an unexpected answer to us.
func retryColumn(v Verdict) string {
	if v.Class == ClassRedirection {
		return RetryNotApplicable.String()
	}
	return v.Retry.String()
}

func TestReasonOfAStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		want   Reason
	}{
		"any 2xx is expected":                          {226, OK},
		"a 101 is final and was not asked for":         {101, UnexpectedStatus},
		"a 100 without an answer is unexpected":        {100, UnexpectedStatus},
		"a 304 was not asked for":                      {304, UnexpectedStatus},
		"a 400 is our request":                         {400, ClientError},
		"a 401 means the credential":                   {401, Unauthenticated},
		"a 403 means the permission":                   {403, Forbidden},
		"a 407 means the proxy's credential":           {407, Unauthenticated},
		"a 429 means the rate":                         {429, Throttled},
		"an unknown 4xx is our request":                {499, ClientError},
		"a 503 means the server":                       {503, ServerError},
		"an unknown 5xx means the server":              {599, ServerError},
		"a code above 599 counts as 5xx":               {999, ServerError},
		"a code below 100 counts as 5xx":               {99, ServerError},
		"a status of 000 is no status":                 {0, ProtocolError},
		"a login page that answers 200 itself is fine": {200, OK},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveRaw(t, says("HTTP/1.1 %03d X\r\nContent-Length: 0\r\n\r\n", tc.status))
			got := runOnce(t, quick(), target(t, server.url+"/login", redirects(0))).Verdict
			require.Equal(t, tc.want, got.Reason)
			require.Equal(t, tc.status, got.Status)
		})
	}
}

func TestAnExpectedStatusIsGoodWhateverItIs(t *testing.T) {
	for _, status := range []int{100, 101, 204, 302, 304, 401, 403, 404, 429, 500, 503} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server := answering(t, status)
			got := runOnce(t, quick(), target(t, server.url, expecting(status), retrying(2))).Verdict
			require.Equal(t, Verdict{Status: status, Class: ClassOf(status), Reason: OK, Outcome: Good}, got)
			require.Len(t, server.requests(), 1)
		})
	}
}

func TestAccessWhereItShouldBeDeniedIsABypass(t *testing.T) {
	server := answering(t, http.StatusOK)
	for name, tc := range map[string]struct {
		expected []int
		want     Reason
	}{
		"a 401 was expected":                         {[]int{401}, AuthBypass},
		"a 401 or 403 was expected":                  {[]int{401, 403}, AuthBypass},
		"a 404 would have done too":                  {[]int{401, 404}, UnexpectedStatus},
		"another 2xx was expected":                   {[]int{401, 204}, UnexpectedStatus},
		"the 2xx was expected along with the denial": {[]int{401, 200}, OK},
	} {
		t.Run(name, func(t *testing.T) {
			got := runOnce(t, quick(), target(t, server.url, expecting(tc.expected...))).Verdict
			require.Equal(t, tc.want, got.Reason)
		})
	}
}

func TestARequestThatDoesHarmIsNeverRepeated(t *testing.T) {
	for _, status := range []int{100, 408, 429, 500, 502, 503, 504} {
		for _, method := range []string{http.MethodPost, http.MethodPatch} {
			t.Run(fmt.Sprint(method, " ", status), func(t *testing.T) {
				server := answering(t, status)
				runOnce(t, quick(), target(t, server.url, retrying(3), using(method)))
				require.Len(t, server.requests(), 1)
			})
		}
	}
	t.Run("not even after a lost connection", func(t *testing.T) {
		server := serveRaw(t, func(net.Conn) {})
		got := runOnce(t, quick(), target(t, server.url, retrying(3), sending("pay")))
		require.Equal(t, ConnectionClosed, got.Verdict.Reason)
		require.Len(t, server.requests(), 1)
	})
	t.Run("unless it is declared to do none", func(t *testing.T) {
		server := answering(t, 503)
		repeatable := target(t, server.url, retrying(2), sending("search"))
		repeatable.Idempotent = true
		runOnce(t, quick(), repeatable)
		require.Len(t, server.requests(), 3)
	})
}

func TestAnInterimAnswerIsKeptAndIsNoAnswer(t *testing.T) {
	t.Run("the final answer after it counts", func(t *testing.T) {
		server := serveRaw(t, says("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		got := lastAttempt(t, quick(), target(t, server.url))
		require.Equal(t, OK, got.Verdict.Reason)
		require.Len(t, got.Evidence.Interim, 2)
		require.Equal(t, 103, got.Evidence.Interim[0].Status)
		require.Equal(t, 102, got.Evidence.Interim[1].Status)
		require.Positive(t, got.Evidence.Interim[0].At)
	})
	t.Run("silence after it is a timeout", func(t *testing.T) {
		server := serveRaw(t, thenSilence("HTTP/1.1 102 Processing\r\n\r\n"))
		got := lastAttempt(t, quick(), target(t, server.url, within(100*time.Millisecond)))
		require.Equal(t, FirstByteTimeout, got.Verdict.Reason)
		require.Zero(t, got.Verdict.Status)
		require.Len(t, got.Evidence.Interim, 1)
	})
	t.Run("many are kept up to a bound", func(t *testing.T) {
		server := serveRaw(t, func(conn net.Conn) {
			for range 40 {
				says("HTTP/1.1 102 Processing\r\n\r\n")(conn)
			}
			says("HTTP/1.1 204 No Content\r\n\r\n")(conn)
		})
		got := lastAttempt(t, quick(), target(t, server.url))
		require.Equal(t, OK, got.Verdict.Reason)
		require.Len(t, got.Evidence.Interim, 16)
	})
}
