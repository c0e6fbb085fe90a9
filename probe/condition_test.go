package probe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func TestJSONIsJudged(t *testing.T) {
	for name, tc := range map[string]struct {
		expr, body string
		note       string // empty: it holds
	}{
		"names are those of the object":       {`status == "up" && queue < 100`, `{"status": "up", "queue": 7}`, ""},
		"body is the whole":                   {`body.status == "up" and body["a b"]`, `{"status": "up", "a b": true}`, ""},
		"body is the whole, not a key":        {`body.body == 1`, `{"body": 1}`, ""},
		"a list may be at the top":            {`len(body) == 2 && body[0].up && all(body, .up)`, `[{"up": true}, {"up": true}]`, ""},
		"a text may be at the top":            {`body == "ok"`, ` "ok" `, ""},
		"a name of a list is no name":         {`up`, `[1]`, `json: up cannot be decided: `},
		"true alone is an expression":         {`healthy`, `{"healthy": true}`, ""},
		"false alone is one too":              {`healthy`, `{"healthy": false}`, "json: healthy is false; healthy is false"},
		"what is no truth decides nothing":    {`healthy`, `{"healthy": "yes"}`, `json: healthy cannot be decided: it is "yes", not true or false; healthy is "yes"`},
		"what is missing is said":             {`queue.length < 100`, `{"queue": {}}`, "json: queue.length < 100 cannot be decided: invalid operation: <nil> < int; queue.length is missing"},
		"what is missing may be":              {`(queue?.length ?? 0) < 100 && not (error ?? false)`, `{}`, ""},
		"what does not fit cannot be decided": {`queue < 100`, `{"queue": "7"}`, `json: queue < 100 cannot be decided: invalid operation: string < int; queue is "7"`},
		"what came is shown in short": {`a == 1 && b == 2 && c == 3 && d == 4 && e == 5`, `{"a": 1, "b": [1, 2], "c": {"x": 1}, "d": null}`,
			"json: a == 1 && b == 2 && c == 3 && d == 4 && e == 5 is false; a is 1, b is a list of 2, c is an object of 1, d is null"},
		"a deep part is shown":                {`body["a b"].c[1].d == 2 && body["a b"].c[-1].d == 3`, `{"a b": {"c": [0, {"d": 1}]}}`, `json: body["a b"].c[1].d == 2 && body["a b"].c[-1].d == 3 is false; body["a b"].c[1].d is 1, body["a b"].c[-1].d is 1`},
		"a whole number stays whole":          {`id == 9007199254740993 && id != 9007199254740992`, `{"id": 9007199254740993}`, ""},
		"a number may be larger":              {`id > 9223372036854775807 && id < 1e30`, `{"id": 123456789012345678901234567}`, ""},
		"a number may be infinite":            {`id > 1e308`, `{"id": 1e999}`, ""},
		"a fraction compares with whole":      {`load < 1 && load > 0.5 && half == 1`, `{"load": 0.75, "half": 1.0}`, ""},
		"minus zero is zero":                  {`n == 0`, `{"n": -0}`, ""},
		"the last of two keys counts":         {`a == 2`, `{"a": 1, "a": 2}`, ""},
		"a mark of the byte order is no harm": {`up`, "\ufeff{\"up\": true}", ""},
		"a pattern may be looked for":         {`version matches "^v1\\." && not (version matches "beta$")`, `{"version": "v1.2"}`, ""},
		"only a text matches":                 {`version matches "1"`, `{"version": 1}`, "json: version matches \"1\" cannot be decided: 1 matches nothing; only a text does; version is 1"},
		"variables have names":                {`let n = len(jobs); n > 1 && n < 3`, `{"jobs": [1, 2], "n": 7}`, ""},
		"lists are looked through":            {`any(jobs, .state == "failed" || # == 1) == false && count(jobs, .age > 5) == 1`, `{"jobs": [{"state": "ok", "age": 9}, {"state": "ok", "age": 1}]}`, ""},
		"a range has its numbers":             {`n in 1..3 && len(1..1001) == 1001`, `{"n": 2}`, ""},
		"a member of a list of constants":     {`state in ["up", "warming"]`, `{"state": "warming"}`, ""},
		"time is known":                       {`now() - date(at) > duration("1h") && date(at).Year() == 2020`, `{"at": "2020-01-02T03:04:05Z"}`, ""},
		"a remainder by zero":                 {`n % 0 == 1`, `{"n": 1}`, "json: n % 0 == 1 cannot be decided: runtime error: integer divide by zero; n is 1"},
		"HTML is no JSON":                     {`up`, "<html>\n<h1>Hi", `json: the body is not JSON: invalid character '<' looking for beginning of value, at byte 1; it begins "<html> <h1>Hi"`},
		"nothing is no JSON":                  {`up`, " \n", `json: the body is empty, not JSON; it begins ""`},
		"half of it is no JSON":               {`up`, `{"up": true`, `json: the body is not JSON: it ends too soon; it begins "{"up": true"`},
		"two are no JSON":                     {`up`, `{"up": true} {}`, `json: the body is not JSON: something follows its end; it begins "{"up": true} {}"`},
		"it may nest":                         {`len(body) == 1`, strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		"it may not nest deeper":              {`len(body) == 1`, strings.Repeat("[", 65), `json: the body nests deeper than 64; it begins "` + strings.Repeat("[", 65) + `"`},
		"brackets in a text do not nest":      {`len(body) == 1`, `["` + strings.Repeat("[", 70) + `\"["]`, ""},
		"it may not have more values":         {`len(body) > 1`, "[" + strings.Repeat("1,", maxJSON) + "1]", `json: the body has more than 65536 values; it begins "[` + strings.Repeat("1,", 39) + `…"`},
		"a secret of ours is masked":          {`key == 1`, `{"key": "xx correct-horse-battery"}`, `json: key == 1 is false; key is "xx [redacted]"`},
		"a secret of the target is not shown": {`len(token) > 9 && len(auth.session.id) > 9`, `{"token": "abcdef", "auth": {"session": {"id": "ghi"}}}`, `is false; token is a text of 6, auth.session.id is a text of 3`},
		"what comes is made printable":        {`key == 1`, "{\"key\": \"\\u001b[31m\u202e\"}", `json: key == 1 is false; key is "\x1b[31m\u202e"`},
	} {
		t.Run(name, func(t *testing.T) {
			reason, note := judgedAs(t, Expect{JSON: condition(t, tc.expr)}, seen(200, tc.body))
			require.Equal(t, tc.note != "", reason == JSONMismatch, note)
			if tc.note == "" {
				require.Empty(t, note)
			}
			require.Contains(t, note, tc.note)
		})
	}
}

func TestConditionsThatAreNone(t *testing.T) {
	for in, want := range map[string]SyntaxError{
		``:                        {0, `the expression is empty; write one such as status == "up" && queue < 100`},
		"  \n":                    {0, `the expression is empty; write one such as status == "up" && queue < 100`},
		`a = 1`:                   {2, "a single = compares nothing; write =="},
		`한글 = 1`:                  {3, "a single = compares nothing; write =="},
		`a == 1 && len(b)`:        {7, `the expression is wrong: invalid operation: && (mismatched types bool and int); write one such as status == "up" && queue < 100`},
		`é == 1 && "a"`:           {7, `the expression is wrong: invalid operation: && (mismatched types bool and string); write one such as status == "up" && queue < 100`},
		`1 + 1`:                   {0, `the expression is wrong: expected bool, but got int; write one such as status == "up" && queue < 100`},
		`$env == 1`:               {0, `there is no name "$env"; use those of the body`},
		`$step(1)`:                {0, `there is no name "$step"; use those of the body`},
		`a matches "("`:           {10, `is no regular expression (RE2): missing closing ): "("; write \ before a character that is meant as itself`},
		`a matches b`:             {10, `matches needs a regular expression that is written out, such as name matches "^web"`},
		`map(a, [#, #]) == 1`:     {8, `a list holds only texts, numbers, true, false and nil here, and objects cannot be written`},
		`len(1..1000000) == 1`:    {5, `a range goes from one whole number that is written out to another, at most 1000 apart; compare with < and > instead`},
		`len(1..n) == 1`:          {5, `a range goes from one whole number that is written out to another, at most 1000 apart; compare with < and > instead`},
		`date(a, b, c) == 1`:      {0, `date takes a text and its format; a zone would have to be read from disk`},
		strings.Repeat("a", 1025): {0, "an expression of 1025 bytes is too long; use at most 1024"},
	} {
		_, err := ParseCondition(in)
		require.Equal(t, &want, err, in)
	}
	for _, in := range []string{`timezone("UTC") == 1`, `repeat("a", 1000) == a`, `toJSON(a) == ""`, `replace(a, "", b) == ""`, `a()`, `foo.bar(`, strings.Repeat("(", 1000), strings.Repeat("-", 1000) + "1"} {
		_, err := ParseCondition(in)
		bad, ok := errors.AsType[*SyntaxError](err)
		require.True(t, ok, in)
		require.NotEmpty(t, bad.Problem)
	}
}

func TestAConditionIsBoundedInTimeAndMemory(t *testing.T) {
	items := `{"a": [` + strings.Repeat(`"x",`, 60_000) + `"x"], "s": "` + strings.Repeat("x", 100_000) + `"}`
	for _, in := range []string{
		`all(a, all(a, all(a, # == "x")))`,
		`len(map(a, s + s)) == 1`,
		`len(map(a, upper(s))) == 1`,
		`len(map(a, map(a, #))) == 1`,
		`len(map(a, keys(body))) == 1 && len(map(a, filter(a, true))) == 1`,
		`all(a, s matches "(x+)+(x+)+y$")`,
		`all(a, a == a)`,
	} {
		t.Run(in, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			asked := target(t, "http://127.0.0.1/")
			asked.Expect.JSON = condition(t, in)
			began := time.Now()
			v := judge(ctx, asked, seen(200, items))
			require.Less(t, time.Since(began), 5*time.Second, "it ends soon after its time, also on a slow machine")
			runtime.ReadMemStats(&after)
			require.Equal(t, JSONMismatch, v.Reason)
			require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(200<<20))
		})
	}
}

func TestA5xxMayBeARuleOfTheBusiness(t *testing.T) {
	funds, err := ParseBusiness(`status == 500 && body.code == "NO_FUNDS" || header["x-rule"] contains "age" || text == "minor"`)
	require.NoError(t, err)
	require.Contains(t, funds.String(), "NO_FUNDS")
	for name, tc := range map[string]struct {
		seen *observation
		want Reason
		note string
	}{
		"the body says it":           {seen(500, `{"code": "NO_FUNDS"}`), BusinessError, "so no failure of the server; it should answer 4xx, such as 409 or 422, instead of 500"},
		"a header says it":           {seen(503, `{"code": 1}`, "X-Rule", "a", "X-Rule", "age"), BusinessError, "instead of 503"},
		"the text says it":           {seen(502, `minor`, "X-Rule", ""), BusinessError, "instead of 502"},
		"nothing says it":            {seen(500, `{"code": "DISK"}`, "X-Rule", ""), ServerError, ""},
		"a failure without JSON":     {seen(500, `<html>`), ServerError, "cannot be decided, so this is a failure: cannot fetch code from <nil>"},
		"a 4xx needs no recognition": {seen(422, `{"code": "NO_FUNDS"}`), ClientError, ""},
		"a 2xx needs none either":    {seen(200, `{"code": "NO_FUNDS"}`), OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reason, note := judgedAs(t, Expect{Business: funds}, tc.seen)
			require.Equal(t, tc.want.String(), reason.String())
			require.Contains(t, note, tc.note)
			require.Equal(t, tc.note == "", note == "")
			if reason == BusinessError {
				v := judged(reason, 500)
				require.Equal(t, Excluded, v.Outcome)
				require.Equal(t, FaultRequest, v.Fault)
				require.Equal(t, RetryNo, v.Retry)
				require.Equal(t, KindClientFault, v.Kind(), "nobody is paged")
			}
		})
	}
	t.Run("an expected 5xx is good", func(t *testing.T) {
		expect := Expect{Business: funds}
		expect.Status.Add(500)
		reason, _ := judgedAs(t, expect, seen(500, `{"code": "NO_FUNDS"}`))
		require.Equal(t, OK, reason)
	})
	for in, want := range map[string]string{
		`code == 1`:  `the expression is wrong: unknown name code; write one such as status == 500 && body.code == "NO_FUNDS"; it knows status, header, body and text`,
		`status`:     `the expression is wrong: expected bool, but got int; write one such as`,
		`$match`:     `there is no name "$match"`,
		`header.x.y`: `the expression is wrong`,
	} {
		_, err := ParseBusiness(in)
		require.ErrorContains(t, err, want)
	}
}

func TestABodyIsKeptOnlyForThoseWhoAsk(t *testing.T) {
	funds, err := ParseBusiness(`text == ""`)
	require.NoError(t, err)
	require.False(t, (&Expect{}).needsBody(500))
	require.False(t, (&Expect{Business: funds, Size: SizeExpect{Min: 1}}).needsBody(200))
	require.True(t, (&Expect{Business: funds}).needsBody(503))
	require.True(t, (&Expect{JSON: condition(t, "up")}).needsBody(200))
}

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	for in, want := range map[string]any{
		"0": 0, "-1": -1, "9223372036854775807": math.MaxInt64, "9223372036854775808": 9223372036854775808.0,
		"1.5": 1.5, "1e3": 1000.0, "1e999": math.Inf(1), "-1e999": math.Inf(-1), "1e-999": 0.0,
	} {
		got, err := decodeJSON([]byte(in))
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
}

func ExampleParseCondition() {
	_, err := ParseCondition(`status == "up" &&& queue < 100`)
	fmt.Println(err)
	_, err = ParseCondition(`len(queue)`)
	fmt.Println(err)
	// Output:
	// the expression is wrong: unexpected token Operator("&"); write one such as status == "up" && queue < 100
	// the expression is wrong: expected bool, but got int; write one such as status == "up" && queue < 100
}

func requireShowable(t *testing.T, note string) {
	t.Helper()
	require.Equal(t, text.Printable(note, maxText), note)
}

func FuzzCondition(f *testing.F) {
	for _, in := range []string{
		`status == "up" && queue < 100`, `all(body, .up)`, `let n = len(jobs); n > 1`, `a?.b[0].c ?? false`, `version matches "^v1"`,
		`map(a, s + s) == b`, `1..1e9 == 1`, `now() - date(at) > duration("1h")`, `x in ["a", 1]`, `not (a or b) ? c : d`, `a | len() == 1`, "`", "{", "$env.x",
		`if a { b } else { c }`, `a; b`, `sum(a, #acc) % 0 > a ** b`,
	} {
		f.Add(in, `{"status": "up", "queue": 7, "a": {"b": [{"c": true}]}, "jobs": [1, 2], "at": "2020-01-01", "body": [{"up": true}]}`)
		f.Add(in, `[{"up": true}, null, 1e999, "\ud800"]`)
	}
	f.Fuzz(func(t *testing.T, in, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		asked := target(t, "http://127.0.0.1/")
		for _, ofBody := range []bool{true, false} {
			c, err := parseCondition(in, ofBody)
			if err != nil {
				bad, ok := errors.AsType[*SyntaxError](err)
				require.True(t, ok)
				require.NotEmpty(t, bad.Problem)
				require.GreaterOrEqual(t, bad.At, 0)
				continue
			}
			asked.Expect = Expect{JSON: c}
			status := 200
			if !ofBody {
				asked.Expect, status = Expect{Business: &Business{c}}, 500
			}
			o := seen(status, body)
			v := judge(ctx, asked, o)
			require.Contains(t, []Reason{OK, JSONMismatch, BusinessError, ServerError}, v.Reason)
			for _, note := range o.evidence.Notes {
				requireShowable(t, note)
			}
		}
	})
}

func FuzzBodyExpectations(f *testing.F) {
	f.Add("ok", "^ok$", "ok")
	f.Add("", "(x+)+y", strings.Repeat("x", 1000))
	f.Add("\xff", `\x{10FFFF}`, "\x1b[31m\u202e")
	f.Fuzz(func(t *testing.T, word, expression, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		asked := target(t, "http://127.0.0.1/")
		asked.Expect.Body = BodyExpect{Contains: []string{word}, NotContains: []string{word + "!"}}
		if p, err := ParsePattern(expression); err == nil {
			asked.Expect.Body.Matches = []*Pattern{p}
			asked.Expect.Header = []HeaderExpect{{Name: "X", Match: p}}
		}
		o := seen(200, body, "X", body)
		v := judge(ctx, asked, o)
		require.Contains(t, []Reason{OK, BodyMismatch, HeaderMismatch}, v.Reason)
		require.Equal(t, v.Reason != OK, len(o.evidence.Notes) > 0)
		for _, note := range o.evidence.Notes {
			requireShowable(t, note)
		}
	})
}
