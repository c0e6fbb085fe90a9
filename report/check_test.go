package report_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
	"sonde/text"
)

// shop is a TLS server that has moved, says something in between, and fails the first
// time.
func shop(t *testing.T) *httptest.Server {
	t.Helper()
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Mon, 23 Nov 2026 05:00:00 GMT")
		http.Redirect(w, r, "/healthz?key=hidden", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Server", "shop \u202e1.0")
		h.Set("Link", "</style.css?v=hidden>; rel=preload; as=style")
		w.WriteHeader(http.StatusEarlyHints)
		h.Del("Link")
		h.Set("Date", "Mon, 23 Nov 2026 05:00:00 GMT")
		h.Set("Etag", `"v1"`)
		h.Set("Cache-Control", "max-age=60")
		h.Set("Set-Cookie", "session=hidden")
		if asked.Add(1) == 1 {
			h.Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("{\"error\": \"no room\",\n\"at\": \"\x1b[31mdisk\"}\n"))
			return
		}
		_, _ = w.Write([]byte("all is well"))
	})
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server
}

// check asks an address as `sonde check` does.
func check(t *testing.T, address string, roots *x509.CertPool) *report.Check {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	target := &probe.Target{Name: "shop", URL: u, Timeout: 10 * time.Second, Retries: 1, Redirect: 5}
	runner := &probe.Runner{Roots: roots, Detail: true}
	result := runner.Run(context.Background(), target, probe.Manual, now)
	return report.NewCheck(text.URL(u), &result)
}

// settled is a check without what differs from run to run: ports and timings, which are
// looked at here.
func settled(t *testing.T, c *report.Check) *report.Check {
	t.Helper()
	require.Positive(t, c.Verdict.LatencyMS)
	require.Equal(t, c.Attempts[len(c.Attempts)-1].Timings.Total, c.Verdict.LatencyMS)
	c.URL, c.Verdict.LatencyMS = portless(c.URL), 5.5
	for i := range c.Attempts {
		a := &c.Attempts[i]
		require.GreaterOrEqual(t, a.Timings.Total, a.Timings.DNS+a.Timings.Connect+a.Timings.TLS+a.Timings.FirstByte+a.Timings.Transfer-0.01)
		a.Timings = report.Timings{DNS: 0, Connect: 0.5, TLS: 2, FirstByte: 1.25, Transfer: 0.25, Total: 5.5}
		a.RemoteAddr, a.Error = portless(a.RemoteAddr), portless(a.Error)
		if a.TraceID != "" {
			require.Len(t, a.TraceID, 32)
			a.TraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
		}
		for j := range a.Redirects {
			a.Redirects[j] = portless(a.Redirects[j])
		}
		for j := range a.Notes {
			a.Notes[j] = portless(a.Notes[j])
		}
		for j := range a.Interim {
			require.Positive(t, a.Interim[j].AtMS)
			a.Interim[j].AtMS = 4.75
		}
	}
	return c
}

// portless is a text without the port that the system gave.
func portless(s string) string {
	before, after, found := strings.Cut(s, "127.0.0.1:")
	if !found {
		return s
	}
	return before + "127.0.0.1:PORT" + strings.TrimLeft(after, "0123456789")
}

func TestTheCheckDocumentShowsEveryAttemptInFull(t *testing.T) {
	server := shop(t)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := settled(t, check(t, server.URL+"/old?token=hidden", roots))
	golden(t, "check.json", indented(t, c))
	requireContract(t, "contract-check.json", c, "attempts[].interim[].links", "attempts[].tls.expiring", "attempts[].tls.unverified")
	var out strings.Builder
	require.NoError(t, c.WriteText(&out, report.Screen{}))
	golden(t, "check.txt", out.String())
	require.NotContains(t, indented(t, c)+out.String(), "hidden", "neither query values nor cookies are shown")
	require.NotContains(t, out.String(), "\u202e", "what the target says is made printable")
}

func TestACheckWithoutAnAnswerHasEveryKey(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close(), "nothing listens there now")
	c := check(t, "http://"+listener.Addr().String()+"/", nil)
	requireContract(t, "contract-check.json", c, "attempts[].tls.expiring", "attempts[].tls.unverified")
	require.Len(t, c.Attempts, 2)

	var document struct {
		Attempts []map[string]json.RawMessage
		Verdict  map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(indented(t, c)), &document))
	for key, want := range map[string]string{
		"status": "null", "class": `"no_response"`, "reason": `"connect_refused"`, "retry_after_s": "null", "headers": "{}", "cache": "{}",
		"interim": "[]", "redirects": "[]", "notes": "[]", "tls": "null", "protocol": `""`, "trace_id": `""`,
	} {
		require.Equal(t, want, string(document.Attempts[0][key]), key)
	}
	require.Equal(t, "null", string(document.Verdict["status"]))
	require.Equal(t, "2", string(document.Verdict["attempts"]))

	var out strings.Builder
	require.NoError(t, settled(t, c).WriteText(&out, report.Screen{}))
	golden(t, "check-refused.txt", out.String())
}

func TestTimesOfACertificateAreUTC(t *testing.T) {
	seoul := now.In(time.FixedZone("KST", 9*3600))
	c := report.NewCheck("https://a/", &probe.Result{At: now, Verdict: good, Attempts: []probe.Attempt{{
		Verdict: good, Evidence: probe.Evidence{TLS: &probe.TLSEvidence{Version: "TLS 1.3", NotAfter: seoul}},
	}}})
	require.Contains(t, indented(t, c), `"not_after": "2026-11-23T05:00:00Z"`)
}

func TestTheAdviceOfACheckIsThatOfItsCodeOrReason(t *testing.T) {
	advice := func(v probe.Verdict) string {
		c := report.NewCheck("http://a/", &probe.Result{At: now, Verdict: v, Attempts: []probe.Attempt{{Verdict: v}}})
		var out strings.Builder
		require.NoError(t, c.WriteText(&out, report.Screen{}))
		_, after, _ := strings.Cut(out.String(), "verdict  ")
		return after
	}
	for name, tc := range map[string]struct {
		verdict probe.Verdict
		next    []string
	}{
		"a good answer needs none":                    {good, nil},
		"a 5xx has that of its code":                  {gateway, probe.CodeOf(502).Next},
		"a 401 has that of its code":                  {denied, probe.CodeOf(401).Next},
		"a code that is no status code has some, too": {judge(probe.ServerError, 999), probe.CodeOf(999).Next},
		"no answer has that of its reason":            {refused, explained(t, "connect_refused").Next},
		"a wrong body has that of its reason":         {judge(probe.BodyMismatch, 200), explained(t, "body_mismatch").Next},
		"a trouble of ours has that of its reason":    {blind, explained(t, "prober_network").Next},
	} {
		t.Run(name, func(t *testing.T) {
			got := advice(tc.verdict)
			require.Equal(t, len(tc.next)+1, strings.Count(got, "\n"))
			for _, item := range tc.next {
				require.Contains(t, got, item)
			}
		})
	}
}

func explained(t *testing.T, query string) report.Explanation {
	t.Helper()
	e, err := probe.Explain(query)
	require.NoError(t, err)
	return report.NewExplanation(e)
}

func TestWhatWasAnnouncedIsNeverMistakenForNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		announced  probe.Announcement
		json, text string
		said       string
	}{
		"nothing":       {probe.Announcement{}, `"retry_after_s":null`, "", ""},
		"now":           {probe.Announcement{Made: true}, `"retry_after_s":0`, "retry      after 0 s, as the target says", "0"},
		"in 15 minutes": {probe.Announcement{Wait: 15 * time.Minute, Made: true}, `"retry_after_s":900`, "retry      after 900 s, as the target says", "900"},
		"later than that": {probe.Announcement{Wait: 30 * time.Minute, Made: true}, `"retry_after_s":1800`,
			"retry      the target asks for 1800 s; sonde asks again after 15 min at most\n", ""},
		"in years": {probe.Announcement{Wait: 24 * time.Hour, Made: true}, `"retry_after_s":86400`,
			"retry      the target asks for 999999999 s; sonde asks again after 15 min at most\n", "999999999"},
		"in another millennium": {probe.Announcement{Wait: 24 * time.Hour, Made: true}, `"retry_after_s":86400`,
			"retry      the target asks to wait until Fri, 31 Dec 9999 23:59:59 GMT; sonde asks again after 15 min at most\n", "Fri, 31 Dec 9999 23:59:59 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			c := report.NewCheck("http://a/", &probe.Result{At: now, Attempts: []probe.Attempt{{RetryAfter: tc.announced, Evidence: probe.Evidence{Header: map[string][]string{"retry-after": {tc.said}}}}}})
			document, err := json.Marshal(c)
			require.NoError(t, err)
			require.Contains(t, string(document), tc.json)
			var told strings.Builder
			require.NoError(t, c.WriteText(&told, report.Screen{}))
			if tc.text == "" {
				require.NotContains(t, told.String(), "as the target says")
				return
			}
			require.Contains(t, told.String(), tc.text)
		})
	}
}

func TestOnATerminalACheckIsAPicture(t *testing.T) {
	server := shop(t)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := settled(t, check(t, server.URL+"/old?token=hidden", roots))
	var out strings.Builder
	require.NoError(t, c.WriteText(&out, report.Screen{Palette: report.Palette{On: true}, Bars: true}))
	golden(t, "check-terminal.txt", out.String())
}

func TestTheCertificateIsTold(t *testing.T) {
	ends := time.Date(2026, 12, 15, 4, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		seen *probe.TLSEvidence
		want string
	}{
		"that lasts":               {&probe.TLSEvidence{Version: "TLS 1.3", NotAfter: ends}, "TLS 1.3, certificate good until 2026-12-15\n"},
		"that ends soon":           {&probe.TLSEvidence{Version: "TLS 1.3", NotAfter: ends, Expiring: true}, "TLS 1.3, certificate good only until 2026-12-15\n"},
		"that nobody has verified": {&probe.TLSEvidence{Version: "TLS 1.3", NotAfter: ends, Unverified: true}, "TLS 1.3, certificate not verified, made until 2026-12-15\n"},
		"that nobody has seen":     {&probe.TLSEvidence{Version: "TLS 1.3"}, "TLS 1.3\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := report.NewCheck("https://example.com/", &probe.Result{Attempts: []probe.Attempt{{Verdict: good, Evidence: probe.Evidence{TLS: tc.seen}}}, Verdict: good})
			var out strings.Builder
			require.NoError(t, c.WriteText(&out, report.Screen{}))
			require.Contains(t, out.String(), tc.want)
			require.Equal(t, tc.seen.Expiring, c.Attempts[0].TLS.Expiring)
			require.Equal(t, tc.seen.Unverified, c.Attempts[0].TLS.Unverified)
		})
	}
}

func TestWhoseTheCertificateIsIsTold(t *testing.T) {
	from, until := time.Date(2026, 9, 1, 4, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		seen probe.CertificateEvidence
		want string
	}{
		"for its names":    {probe.CertificateEvidence{Subject: "CN=a.test", Issuer: "CN=R3,O=Let's Encrypt", Names: []string{"a.test", "b.test"}}, "for a.test, b.test (CN=a.test) by CN=R3,O=Let's Encrypt, "},
		"for many names":   {probe.CertificateEvidence{Issuer: "CN=R3", Names: []string{"a.test"}, More: 99}, "for a.test and 99 more by CN=R3, "},
		"signed by itself": {probe.CertificateEvidence{Subject: "CN=box", Issuer: "CN=box"}, "for no name (CN=box) by itself, "},
	} {
		t.Run(name, func(t *testing.T) {
			tc.seen.NotBefore, tc.seen.NotAfter = from, until
			verdict := probe.Verdict{Class: probe.ClassNoResponse, Reason: probe.TLSExpired, Outcome: probe.Bad}
			c := report.NewCheck("https://a.test/", &probe.Result{Attempts: []probe.Attempt{{Verdict: verdict, Evidence: probe.Evidence{Certificate: &tc.seen}}}, Verdict: verdict})
			var out strings.Builder
			require.NoError(t, c.WriteText(&out, report.Screen{}))
			require.Contains(t, out.String(), "  issued     "+tc.want+"valid from 2026-09-01 04:00 to 2026-11-20 04:00 UTC\n")
		})
	}
}

func TestHeadersThatHelpAreToldOfAnAnswerThatWasNotGood(t *testing.T) {
	header := map[string][]string{"allow": {"POST"}, "x-request-id": {"r-1"}, "location": {"/login?next=…"}, "server": {"nginx"}, "date": {"now"}}
	for name, tc := range map[string]struct {
		verdict probe.Verdict
		want    []string
	}{
		"by name":               {judge(probe.ClientError, 405), []string{"allow: POST", "location: /login?next=…", "x-request-id: r-1"}},
		"and not of a good one": {good, nil},
	} {
		t.Run(name, func(t *testing.T) {
			told := toldOf(t, probe.Attempt{Verdict: tc.verdict, Evidence: probe.Evidence{Header: header}})
			var lines []string
			for line := range strings.Lines(told) {
				if header, found := strings.CutPrefix(line, "  header     "); found {
					lines = append(lines, strings.TrimSpace(header))
				}
			}
			require.Equal(t, tc.want, lines)
		})
	}
}

func TestARetryAfterThatMakesNoSenseIsShownAsItIs(t *testing.T) {
	for name, tc := range map[string]struct {
		announced probe.Announcement
		want      bool
	}{"that means nothing": {probe.Announcement{}, true}, "that was understood": {probe.Announcement{Made: true}, false}} {
		t.Run(name, func(t *testing.T) {
			a := probe.Attempt{Verdict: refused, RetryAfter: tc.announced, Evidence: probe.Evidence{Header: map[string][]string{"retry-after": {"-5"}}}}
			var out strings.Builder
			require.NoError(t, report.NewCheck("http://a/", &probe.Result{Verdict: refused, Attempts: []probe.Attempt{a}}).WriteText(&out, report.Screen{}))
			require.Equal(t, tc.want, strings.Contains(out.String(), "  header     retry-after: -5\n"))
		})
	}
}

func TestInterimAnswersThatSayTheSameTakeOneLine(t *testing.T) {
	at := func(status int, ms int, links ...string) probe.Interim {
		return probe.Interim{Status: status, At: time.Duration(ms) * time.Millisecond, Links: links}
	}
	told := toldOf(t, probe.Attempt{Verdict: good, Evidence: probe.Evidence{Interim: []probe.Interim{
		at(103, 1, "preload /a"), at(103, 2, "preload /b"), at(102, 3), at(102, 4), at(102, 5), at(103, 6),
	}}})
	require.Contains(t, told, `
  interim    103 after 1.0 ms: preload /a
  interim    103 after 2.0 ms: preload /b
  interim    102 after 3.0 ms (3 times until 5.0 ms)
  interim    103 after 6.0 ms
`)
}

// toldOf is the text of a check that made one attempt.
func toldOf(t *testing.T, a probe.Attempt) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, report.NewCheck("http://a/", &probe.Result{At: now, Attempts: []probe.Attempt{a}, Verdict: a.Verdict}).WriteText(&out, report.Screen{}))
	return out.String()
}
