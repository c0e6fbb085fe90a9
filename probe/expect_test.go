package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// pattern compiles a regular expression that a test knows to be right.
func pattern(t testing.TB, s string) *Pattern {
	t.Helper()
	p, err := ParsePattern(s)
	require.NoError(t, err)
	return p
}

func condition(t testing.TB, s string) *Condition {
	t.Helper()
	c, err := ParseCondition(s)
	require.NoError(t, err)
	return c
}

// seen is an observation of a complete answer.
func seen(status int, body string, header ...string) *observation {
	o := &observation{status: status, body: bytes.NewBufferString(body), header: http.Header{}, asked: time.Now()}
	o.evidence.BodyBytes = int64(len(body))
	for i := 0; i < len(header); i += 2 {
		o.header.Add(header[i], header[i+1])
	}
	return o
}

// judgedAs judges an observation, and returns the reason and the notes.
func judgedAs(t testing.TB, expect Expect, o *observation) (Reason, string) {
	t.Helper()
	asked := target(t, "http://127.0.0.1/?key=correct-horse-battery")
	asked.Expect = expect
	v := judge(t.Context(), asked, o)
	require.True(t, v.Valid())
	return v.Reason, strings.Join(o.evidence.Notes, "\n")
}

func TestHeadersAreJudged(t *testing.T) {
	json := HeaderExpect{Name: "Content-Type", Match: pattern(t, "^application/json")}
	for name, tc := range map[string]struct {
		expect HeaderExpect
		header []string
		want   Reason
		note   string
	}{
		"a value that matches is good":       {json, []string{"Content-Type", "application/json; charset=utf-8"}, OK, ""},
		"a value that does not match is not": {json, []string{"Content-Type", "text/html"}, HeaderMismatch, `header Content-Type does not match /^application/json/; it is "text/html"`},
		"a missing header does not match":    {json, nil, HeaderMismatch, `header Content-Type is missing, and should match /^application/json/`},
		"one of several values may match":    {HeaderExpect{Name: "Via", Match: pattern(t, "edge")}, []string{"Via", "1.1 cache", "Via", "1.1 edge"}, OK, ""},
		"none of several values matches":     {HeaderExpect{Name: "Via", Match: pattern(t, "edge")}, []string{"Via", "1.1 a", "Via", "1.1 b"}, HeaderMismatch, `none of the 2 headers Via matches /edge/; it is "1.1 a"`},
		"an absent header is absent":         {HeaderExpect{Name: "X-Powered-By", Absent: true}, nil, OK, ""},
		"an empty header is not absent":      {HeaderExpect{Name: "X-Powered-By", Absent: true}, []string{"X-Powered-By", ""}, HeaderMismatch, `header X-Powered-By is there, and should be absent`},
		"a header that should be absent is shown": {HeaderExpect{Name: "X-Powered-By", Absent: true}, []string{"X-Powered-By", "PHP/5.3"}, HeaderMismatch,
			`header X-Powered-By is there, and should be absent; it is "PHP/5.3"`},
		"a cookie is not shown":        {HeaderExpect{Name: "Set-Cookie", Match: pattern(t, "Secure")}, []string{"Set-Cookie", "sid=1234"}, HeaderMismatch, "header Set-Cookie does not match /Secure/"},
		"what comes is made printable": {json, []string{"Content-Type", "\x1b[31m\u202e"}, HeaderMismatch, `header Content-Type does not match /^application/json/; it is "\x1b[31m\u202e"`},
		"a secret of ours is masked": {json, []string{"Content-Type", strings.Repeat("x", 70) + "correct-horse-battery"}, HeaderMismatch,
			`header Content-Type does not match /^application/json/; it is "` + strings.Repeat("x", 70) + `[redacted]"`},
	} {
		t.Run(name, func(t *testing.T) {
			reason, note := judgedAs(t, Expect{Header: []HeaderExpect{tc.expect}}, seen(200, "", tc.header...))
			require.Equal(t, tc.want.String(), reason.String())
			require.Equal(t, tc.note, note)
		})
	}
}

func TestTheBodyIsJudgedByWhatItContains(t *testing.T) {
	for name, tc := range map[string]struct {
		expect BodyExpect
		body   string
		want   Reason
		note   string
	}{
		"all texts are there":                 {BodyExpect{Contains: []string{"all", "well"}}, "all is well", OK, ""},
		"one text is not":                     {BodyExpect{Contains: []string{"all", "bad"}}, "all is well", BodyMismatch, `the body does not contain "bad"; it begins "all is well"`},
		"an empty body has no text":           {BodyExpect{Contains: []string{"all"}}, "", BodyMismatch, `the body does not contain "all"; it is empty`},
		"a text that must not be":             {BodyExpect{NotContains: []string{"panic", "error"}}, "ok\nerror: disk\n\tfull", BodyMismatch, `the body contains "error", and should not; it is "error: disk full"`},
		"a text that is not there":            {BodyExpect{NotContains: []string{"error"}}, "ok", OK, ""},
		"a pattern is found":                  {BodyExpect{Matches: []*Pattern{pattern(t, `version: \d+`)}}, "name: x\nversion: 12", OK, ""},
		"a pattern is not found":              {BodyExpect{Matches: []*Pattern{pattern(t, `^\d+$`)}}, "12a", BodyMismatch, `the body does not match /^\d+$/; it begins "12a"`},
		"everything must hold":                {BodyExpect{Contains: []string{"ok"}, NotContains: []string{"no"}, Matches: []*Pattern{pattern(t, "^ok")}}, "ok", OK, ""},
		"the note is short":                   {BodyExpect{Contains: []string{"z"}}, strings.Repeat("y", 200), BodyMismatch, `the body does not contain "z"; it begins "` + strings.Repeat("y", 79) + `…"`},
		"bytes that are no text":              {BodyExpect{Contains: []string{"z"}}, "\xff\x00", BodyMismatch, `the body does not contain "z"; it begins "\xff\x00"`},
		"a secret of ours is masked":          {BodyExpect{Contains: []string{"z"}}, "key correct-horse-battery", BodyMismatch, `the body does not contain "z"; it begins "key [redacted]"`},
		"a secret is not cut in two":          {BodyExpect{Contains: []string{"z"}}, strings.Repeat("y", 70) + "correct-horse-battery", BodyMismatch, `the body does not contain "z"; it begins "` + strings.Repeat("y", 70) + `[redacted]"`},
		"nor where much of the body is space": {BodyExpect{Contains: []string{"z"}}, "y" + strings.Repeat(" ", window-11) + "correct-horse-battery", BodyMismatch, `the body does not contain "z"; it begins "y"`},
		"a pattern may cost much":             {BodyExpect{Matches: []*Pattern{pattern(t, `(x+)+(x+)+y$`)}}, strings.Repeat("x", 100_000), BodyMismatch, `the body does not match /(x+)+(x+)+y$/; it begins "` + strings.Repeat("x", 79) + `…"`},
		"a dear pattern finds its own":        {BodyExpect{Matches: []*Pattern{pattern(t, `(é+)+(x{1,200})+\xff?y$`)}}, strings.Repeat("é", 50_000) + "xy", OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reason, note := judgedAs(t, Expect{Body: tc.expect}, seen(200, tc.body))
			require.Equal(t, tc.want.String(), reason.String())
			require.Equal(t, tc.note, note)
		})
	}
}

func TestTheSizeOfTheBodyIsJudged(t *testing.T) {
	for name, tc := range map[string]struct {
		expect SizeExpect
		size   int64
		cut    bool
		note   string
	}{
		"nothing is expected":        {SizeExpect{}, 0, false, ""},
		"enough":                     {SizeExpect{Min: 2}, 2, false, ""},
		"too little":                 {SizeExpect{Min: 2}, 1, false, "the body has 1 byte, and should have at least 2"},
		"not too much":               {SizeExpect{Max: 2, Bounded: true}, 2, false, ""},
		"too much":                   {SizeExpect{Max: 2, Bounded: true}, 3, false, "the body has 3 bytes, and should have at most 2"},
		"nothing at all":             {SizeExpect{Bounded: true}, 1, false, "the body has 1 byte, and should have at most 0"},
		"a cut body is larger":       {SizeExpect{Max: UsualBody, Bounded: true}, UsualBody, true, "the body has more than 1048576 bytes, and should have at most 1048576"},
		"a cut body is large enough": {SizeExpect{Min: UsualBody}, UsualBody, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := seen(200, "")
			o.evidence.BodyBytes, o.cut = tc.size, tc.cut
			reason, note := judgedAs(t, Expect{Size: tc.expect}, o)
			require.Equal(t, tc.note != "", reason == BodyMismatch)
			require.Equal(t, tc.note, note)
		})
	}
}

func TestWhatIsExpectedIsJudgedInOrder(t *testing.T) {
	all := Expect{
		Header: []HeaderExpect{{Name: "A", Absent: true}}, Body: BodyExpect{Contains: []string{"up"}}, Size: SizeExpect{Min: 4},
		JSON: condition(t, "up"), Latency: time.Second,
	}
	slow := func(o *observation) *observation { o.timings.Total = 2 * time.Second; return o }
	for name, tc := range map[string]struct {
		seen *observation
		want Reason
	}{
		"the status goes before all":  {slow(seen(503, "", "A", "x")), ServerError},
		"then the headers":            {slow(seen(200, "", "A", "x")), HeaderMismatch},
		"then what the body contains": {slow(seen(200, "")), BodyMismatch},
		"then its size":               {slow(seen(200, "up")), BodyMismatch},
		"then its JSON":               {slow(seen(200, `{"up": false}`)), JSONMismatch},
		"then how long it took":       {slow(seen(200, `{"up": true}`)), TooSlow},
		"all of it":                   {seen(200, `{"up": true}`), OK},
		"a 304 has no body to judge":  {seen(304, ""), OK},
		"a 304 has headers":           {seen(304, "", "A", "x"), HeaderMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			all.Status.Add(200)
			all.Status.Add(304)
			reason, _ := judgedAs(t, all, tc.seen)
			require.Equal(t, tc.want.String(), reason.String())
		})
	}
}

func TestEveryStatusThatIsExpectedIsGood(t *testing.T) {
	for code := 100; code < 600; code++ {
		var expect Expect
		expect.Status.Add(code)
		reason, note := judgedAs(t, expect, seen(code, ""))
		require.Equal(t, OK, reason, code)
		require.Empty(t, note)
	}
}

func TestAccessWhereNoneWasExpectedIsABypass(t *testing.T) {
	for name, tc := range map[string]struct {
		expected []int
		path     string
		want     Reason
	}{
		"a 401 as expected":                          {[]int{401}, "/401", OK},
		"a 403 where either is expected":             {[]int{401, 403}, "/403", OK},
		"a 200 where a 401 is expected":              {[]int{401}, "/", AuthBypass},
		"a 204 where a 403 is expected":              {[]int{403}, "/204", AuthBypass},
		"a 200 where either is expected":             {[]int{401, 403}, "/", AuthBypass},
		"a 200 where a 404 would do too":             {[]int{401, 404}, "/", UnexpectedStatus},
		"a 403 where only a 401 is expected":         {[]int{401}, "/403", Forbidden},
		"a 500 where a 401 is expected":              {[]int{401}, "/500", ServerError},
		"a redirect to a login page refuses too":     {[]int{401}, "/admin", LoginRedirect},
		"a redirect to another page gives no access": {[]int{401}, "/moved", UnexpectedStatus},
		"a redirect to the same page does":           {[]int{401}, "/same", AuthBypass},
	} {
		t.Run(name, func(t *testing.T) {
			server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
				var code int
				switch _, err := fmt.Sscanf(r.URL.Path, "/%d", &code); {
				case err == nil:
					w.WriteHeader(code)
				case r.URL.Path == "/admin":
					http.Redirect(w, r, "/login", http.StatusFound)
				case r.URL.Path == "/moved":
					http.Redirect(w, r, "/welcome", http.StatusFound)
				case r.URL.RequestURI() == "/same":
					http.Redirect(w, r, "/same?lang=en", http.StatusFound)
				}
			})
			got := lastAttempt(t, quick(), target(t, server.URL+tc.path, expecting(tc.expected...)))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			if tc.want == AuthBypass {
				require.Equal(t, Bad, got.Verdict.Outcome)
				require.Equal(t, KindAuthBypass, got.Verdict.Kind())
				require.Equal(t, Critical, got.Verdict.Severity())
				require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), ", and should be 40", "what was expected is told")
			}
		})
	}
}

func TestWhereARedirectLeadsIsJudged(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/": "301 /a", "/a": "302 /b?x=1", "/admin": "302 /login"}))
	leading := func(s string) func(*Target) {
		return func(t *Target) { t.Expect.Redirect, _ = ParsePattern(s) }
	}
	for name, tc := range map[string]struct {
		path    string
		options []func(*Target)
		want    Reason
		note    string
	}{
		"the answer itself may be a redirect":         {"/", []func(*Target){redirects(0), leading("/a$")}, OK, ""},
		"the answer itself leads elsewhere":           {"/", []func(*Target){redirects(0), leading("^https://")}, HeaderMismatch, `Location does not lead to /^https:///; it is "` + server.URL + `/a"`},
		"a status that is said goes before":           {"/", []func(*Target){redirects(0), leading("/a$"), expecting(308)}, UnexpectedStatus, ""},
		"a status that is said is enough":             {"/", []func(*Target){leading("/a$"), expecting(301)}, OK, ""},
		"the last redirect counts":                    {"/", []func(*Target){leading(`/b\?x=1$`)}, OK, ""},
		"the last redirect leads elsewhere":           {"/", []func(*Target){leading("/a$")}, HeaderMismatch, `Location does not lead to //a$/; it is "` + server.URL + `/b?x=`},
		"nothing redirects":                           {"/b", []func(*Target){leading("/a$")}, HeaderMismatch, "nothing redirects, and a redirect should lead to //a$/"},
		"an answer that is none redirects nowhere":    {"/b", []func(*Target){redirects(0), leading("/a$")}, HeaderMismatch, "nothing redirects, and a redirect should lead to //a$/"},
		"a login page is where it should lead":        {"/admin", []func(*Target){redirects(0), leading("/login$")}, OK, ""},
		"a login page may be followed to":             {"/admin", []func(*Target){leading("/login$")}, OK, ""},
		"a login page is still one for everyone else": {"/admin", nil, LoginRedirect, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quick(), target(t, server.URL+tc.path, tc.options...))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Contains(t, strings.Join(got.Evidence.Notes, "\n"), tc.note)
		})
	}
}

func TestAShutdownWhileABodyIsJudgedIsNotTheTargetsFault(t *testing.T) {
	body := strings.Repeat("x", UsualBody)
	expect := Expect{Body: BodyExpect{Matches: []*Pattern{pattern(t, `(x+)+(x+)+y$`)}}}
	ended, end := context.WithCancel(t.Context())
	end()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	asked := target(t, "http://127.0.0.1/")
	asked.Expect = expect
	require.Equal(t, Canceled, judge(ended, asked, seen(200, body)).Reason)
	o := seen(200, body)
	require.Equal(t, BodyMismatch, judge(late, asked, o).Reason)
	require.Equal(t, []string{"what came could not be judged before the time ran out; ask for less of it"}, o.evidence.Notes)
}

func TestALargeBodyThatWaitsInVainIsOurOwnTrouble(t *testing.T) {
	bulky <- struct{}{} // another one is looked into
	defer func() { <-bulky }()
	body := `["` + strings.Repeat("x", large) + `"]`
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	asked := target(t, "http://127.0.0.1/")
	asked.Expect.JSON = condition(t, "len(body) == 1")
	o := seen(200, body)
	v := judge(ctx, asked, o)
	require.Equal(t, ProberOverload, v.Reason)
	require.Equal(t, Unknown, v.Outcome)
	require.Equal(t, []string{errBusy.Error()}, o.evidence.Notes)
	require.Equal(t, OK, judge(t.Context(), asked, seen(200, `["x"]`)).Reason, "a small one waits for nobody")
}

func TestPatternsAreBounded(t *testing.T) {
	for in, want := range map[string]SyntaxError{
		"a(b":                         {0, `is no regular expression (RE2): missing closing ): "a(b"; write \ before a character that is meant as itself`},
		"ok[z-a]":                     {3, `is no regular expression (RE2): invalid character class range: "z-a"; write \ before a character that is meant as itself`},
		"é(?!x)":                      {1, `is no regular expression (RE2): invalid or unsupported Perl syntax: "(?!"; RE2 has no look-around; say what must not be there with not_contains`},
		strings.Repeat("x", 1025):     {0, "a regular expression of 1025 bytes is too long; use at most 1024"},
		strings.Repeat("x{1000}", 20): {0, "the regular expression repeats so much that it becomes 20002 steps; use at most 5000"},
	} {
		_, err := ParsePattern(in)
		require.Equal(t, &want, err, in)
	}
	require.Equal(t, "^a|b$", pattern(t, "^a|b$").String())
}

func ExampleExpect() {
	server := newBodyServer(`{"status": "degraded", "queue": {"length": 7}}`)
	defer server.Close()
	target := exampleTarget(server.URL)
	target.Expect.JSON, _ = ParseCondition(`status == "up" && queue.length < 100`)
	result := new(Runner).Run(context.Background(), target, Scheduled, time.Now())
	fmt.Println(result.Verdict.Outcome, result.Verdict.Reason)
	fmt.Println(result.Attempts[0].Evidence.Notes[0])
	// Output:
	// bad json_mismatch
	// json: status == "up" && queue.length < 100 is false; status is "degraded", queue.length is 7
}

func BenchmarkJudge(b *testing.B) {
	plain := &Target{Name: "x", URL: &url.URL{Scheme: "https"}}
	usual := &Target{Name: "x", URL: &url.URL{Scheme: "https"}, Expect: Expect{Latency: time.Minute, TLS: TLSExpect{ExpiresIn: UsualExpiresIn, LastQuarter: true}}}
	usual.Expect.Status.AddClass(ClassSuccess)
	body := &Target{Name: "x", Expect: Expect{Body: BodyExpect{Contains: []string{`"up"`}, Matches: []*Pattern{pattern(b, `"queue": \d+`)}}}}
	typed := &Target{Name: "x", Expect: Expect{JSON: condition(b, `status == "up" && queue < 100`)}}
	now := time.Now()
	for _, tc := range []struct {
		name string
		t    *Target
	}{{"status", plain}, {"usual", usual}, {"body", body}, {"json", typed}} {
		b.Run(tc.name, func(b *testing.B) {
			o := seen(200, `{"status": "up", "queue": 7}`)
			o.evidence.TLS = &TLSEvidence{NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(60 * 24 * time.Hour)}
			o.asked = now
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if v := judge(ctx, tc.t, o); v.Reason != OK {
					b.Fatal(v.Reason)
				}
			}
		})
	}
}

func TestJudgingAGoodAnswerCostsNoMemory(t *testing.T) {
	asked := target(t, "https://127.0.0.1/")
	asked.Expect.TLS = TLSExpect{ExpiresIn: UsualExpiresIn, LastQuarter: true}
	asked.Expect.Header = []HeaderExpect{{Name: "X-Powered-By", Absent: true}}
	o := seen(200, "ok")
	o.evidence.TLS = &TLSEvidence{NotBefore: o.asked, NotAfter: o.asked.Add(90 * 24 * time.Hour)}
	require.Zero(t, testing.AllocsPerRun(100, func() { judge(t.Context(), asked, o) }))
}

func TestSecretsOfTheRequestAreMaskedInNotes(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Token")) })
	asked := target(t, server.URL, with("x-token", "a-very-secret-token"), containing("fine"))
	asked.Body = text.Secret{}
	got := lastAttempt(t, quick(), asked)
	require.Equal(t, BodyMismatch, got.Verdict.Reason)
	require.Equal(t, []string{`the body does not contain "fine"; it begins "[redacted]"`}, got.Evidence.Notes)
}
