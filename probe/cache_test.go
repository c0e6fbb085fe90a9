package probe

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func conditional(t *Target) { t.Conditional = true }

// outcomes makes so many runs of a target and says what came of each: its status, reason
// and cache outcome, and the last note.
func outcomes(t *testing.T, runner *Runner, asked *Target, n int) (all []string) {
	t.Helper()
	runner.Detail = true
	for range n {
		got := lastAttempt(t, runner, asked)
		line := strconv.Itoa(got.Verdict.Status) + " " + got.Verdict.Reason.String() + " " + got.Cache.String()
		for _, note := range got.Evidence.Notes {
			line += ": " + note
		}
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

// validating answers conditional requests in the way that the path names, and counts requests.
func validating(n *int) http.HandlerFunc {
	modified := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	return func(w http.ResponseWriter, r *http.Request) {
		*n++
		tag, body := `"v1"`, "all is well"
		switch r.URL.Path {
		case "/deaf":
			w.Header().Set("Etag", tag)
			_, _ = io.WriteString(w, body)
			return
		case "/none":
			_, _ = io.WriteString(w, body)
			return
		case "/bad-tag":
			w.Header().Set("Etag", "v1")
			_, _ = io.WriteString(w, body)
			return
		case "/churn":
			tag = strconv.Quote(strconv.Itoa(*n))
		case "/news":
			tag, body = strconv.Quote(strconv.Itoa(*n)), "all is well "+strconv.Itoa(*n)
		case "/moved":
			http.Redirect(w, r, "/tag", http.StatusFound)
			return
		case "/date":
			http.ServeContent(w, r, "", modified, strings.NewReader(body))
			return
		case "/always-304":
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Etag", tag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	}
}

func TestWhatIsKnownIsAskedForAgain(t *testing.T) {
	n := 0
	server := serveWeb(t, validating(&n))
	const (
		same  = "ETag has changed although the body is the same"
		churn = "ETag changes every time although the body stays the same: no cache can keep it"
		none  = "the answer has neither a valid ETag nor Last-Modified: nobody can ask whether it has changed"
		deaf  = "200 with the validator that was sent: the server does not answer conditional requests (RFC 9110 section 13.1)"
	)
	for name, tc := range map[string]struct {
		path    string
		options []func(*Target)
		want    []string
	}{
		"by its tag":                       {"/tag", nil, []string{"200 ok", "304 ok hit", "304 ok hit"}},
		"by its date":                      {"/date", nil, []string{"200 ok", "304 ok hit"}},
		"behind a redirect":                {"/moved", nil, []string{"200 ok", "304 ok hit"}},
		"what the body had to have it has": {"/tag", []func(*Target){containing("well")}, []string{"200 ok", "304 ok hit"}},
		"what was not good is not known":   {"/tag", []func(*Target){containing("not there")}, []string{"200 body_mismatch: ", "200 body_mismatch: "}},
		"a server that does not listen":    {"/deaf", nil, []string{"200 ok", "200 ok miss: " + deaf}},
		"a server that gives nothing":      {"/none", nil, []string{"200 ok: " + none, "200 ok miss: " + none}},
		"a tag that is none":               {"/bad-tag", nil, []string{"200 ok: " + none, "200 ok miss: " + none}},
		"a tag that is always another one": {"/churn", nil, []string{"200 ok", "200 ok changed: " + same, "200 ok changed: " + same, "200 ok changed: " + churn}},
		"a body that is always another one": {"/news", nil, []string{"200 ok", "200 ok changed", "200 ok changed",
			"200 ok changed: ETag changes every time, and the body with it"}},
		"a 304 that nobody asked for is wrong": {"/always-304", nil, []string{"304 unexpected_status : " + noteUnsolicited, "304 unexpected_status : " + noteUnsolicited}},
	} {
		t.Run(name, func(t *testing.T) {
			n = 0
			got := outcomes(t, quick(), target(t, server.URL+tc.path, append(tc.options, conditional)...), len(tc.want))
			for i := range tc.want {
				if before, open := strings.CutSuffix(tc.want[i], ": "); open {
					require.True(t, strings.HasPrefix(got[i], before), got[i])
					continue
				}
				require.Equal(t, strings.ReplaceAll(tc.want[i], " ok:", " ok :"), got[i])
			}
		})
	}
	t.Run("only of those who want it", func(t *testing.T) {
		require.Equal(t, []string{"200 ok", "200 ok"}, outcomes(t, quick(), target(t, server.URL+"/tag"), 2))
		require.Empty(t, server.last(t).header.Get("If-None-Match"))
	})
	t.Run("every target by itself", func(t *testing.T) {
		runner := quick()
		for range 2 {
			require.Equal(t, []string{"200 ok"}, outcomes(t, runner, target(t, server.URL+"/tag", conditional), 1))
		}
	})
}

func TestOverBothFamiliesEachIsAskedForWhatItKnows(t *testing.T) {
	tagged := func(tag string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", tag)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("all is well"))
		})
	}
	dual := quick()
	dual.Resolver = serveNames(t, map[string][]string{"both.test.": {"127.0.0.1", "::1"}})
	asked := target(t, "http://both.test.:"+serveFamilies(t, tagged(`"four"`), tagged(`"six"`))+"/", from(BothFamilies), conditional)
	for _, want := range []CacheOutcome{CacheNone, CacheHit, CacheHit} {
		for _, a := range runOnce(t, dual, asked).Attempts {
			require.Equal(t, OK.String(), a.Verdict.Reason.String())
			require.Equal(t, want, a.Cache)
		}
	}
	require.Len(t, dual.known.of, 2, "nothing gathers")
}

func TestASlowConfirmationIsSlow(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		if r.Header.Get("If-None-Match") != "" {
			timer := time.NewTimer(50 * time.Millisecond)
			<-timer.C
			w.WriteHeader(http.StatusNotModified)
		}
	})
	asked := target(t, server.URL, conditional)
	runner := quick()
	require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
	asked.Expect.Latency = 40 * time.Millisecond
	require.Equal(t, TooSlow, runOnce(t, runner, asked).Verdict.Reason)
}

func TestOnlyValidatorsAreSentBack(t *testing.T) {
	for tag, valid := range map[string]bool{
		`"v1"`: true, `W/"v1"`: true, `""`: true, `"한글"`: true, ``: false, `v1`: false, `"`: false, `"a"b"`: false, "\"a b\"": false, `W/v1`: false,
		`"` + strings.Repeat("x", maxValidator) + `"`: false,
	} {
		require.Equal(t, valid, validETag(tag) == tag && tag != "", tag)
	}
	require.Empty(t, validDate("yesterday"))
	require.NotEmpty(t, validDate("Mon, 23 Nov 2026 05:00:00 GMT"))
}

func TestValidatorsOfSoManyTargetsAreKept(t *testing.T) {
	var k known
	for range maxKept + 10 {
		k.put(new(Target), validators{})
	}
	require.Len(t, k.of, maxKept)
}
