package probe

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func marked(fact string) string { return "`" + fact + "`" }

func ExampleRetell() {
	told, _ := Retell(Korean, `the body does not contain "ok"; it begins "maintenance"`, func(fact string) string { return "`" + fact + "`" })
	fmt.Println(told)
	// Output: 본문에 없는 문자열: `"ok"`; 본문 시작: `"maintenance"`
}

func TestEvidenceIsToldInKorean(t *testing.T) {
	for said, want := range map[string]string{
		"the status is 503, and should be 200, 204":                                        "상태 코드: 503, 기대: `200, 204`",
		`header Content-Type does not match /^application\/json/; it is "text/html"`:       "다른 헤더: `Content-Type`, 기대: `/^application\\/json/`; 실제: `\"text/html\"`",
		`the body does not match /up/; it is empty`:                                        "본문이 맞지 않는 패턴: `/up/`; 본문이 비어 있음",
		`json: status == "up" && queue < 100 is false; status is "down", queue is 3`:       "JSON 조건 불충족: `status == \"up\" && queue < 100`; 실제: `status` `\"down\"`, `queue` `3`",
		`json: status == "up" is false; status is missing`:                                 "JSON 조건 불충족: `status == \"up\"`; 실제: `status` 없음",
		`json: status == "up" is false; status is "down, for good"`:                        "JSON 조건 불충족: `status == \"up\"`; 실제: `status is \"down, for good\"`",
		`the server wants Basic for realm "shop" or Bearer; the probe sent something else`: "서버가 요구하는 자격증명: `Basic realm=\"shop\"`, `Bearer`; 프로브가 보낸 것: 다른 종류",
		"no credential is configured (auth); the server wants Bearer":                      "자격증명(auth) 설정 없음; 서버가 요구하는 자격증명: `Bearer`",
		"the token expired 5 min ago":                                                      "토큰 만료됨: 5분 전",
		"the token is valid until 2026-11-23 14:32:10 UTC, so expiry is not why":           "토큰 유효 기한: 2026-11-23 14:32:10 UTC, 만료가 원인은 아님",
		"another access token was not to be had: no access token: https://id.example.com/token answers 401 Unauthorized; check client_id, client_secret and style": "새 액세스 토큰 발급 실패: 액세스 토큰 없음: `https://id.example.com/token`, 응답: `401 Unauthorized`; client_id, client_secret, style 확인",
		"not followed: the host \"127.1\" ends in a number but is no IPv4 address; write it like 192.0.2.1":                                                        "따라가지 않음: 숫자로 끝나지만 IPv4 주소가 아닌 호스트: `\"127.1\"`",
		"503 after 1.2 s from the edge (Envoy): nothing behind it is healthy":                                                                                      "503, 1.2초 후, 엣지 `Envoy`: 정상인 뒤쪽 서버 없음",
		"502 at once from the edge: connection refused":                                                                                                            "502, 즉시, 엣지: `connection refused`",
		"edge (nginx)": "엣지 `nginx`",
	} {
		told, known := Retell(Korean, said, marked)
		require.True(t, known, said)
		require.Equal(t, want, told)
	}
	for _, said := range []string{"", "dial tcp 192.0.2.10:443: connect: connection refused", "the token expired yesterday ago"} {
		_, known := Retell(Korean, said, marked)
		require.False(t, known, said)
	}
	_, known := Retell(English, "edge", marked)
	require.False(t, known, "it is English already")
}

// What a target sends stays what it is, whatever it looks like.
func TestWhatATargetSendsIsNotTakenForOurWords(t *testing.T) {
	for _, hostile := range []string{"{n.status}", "upstream timeout", "; it is empty", "`", "", "the token expired 5 min ago"} {
		m := mismatch{expected: "the body does not contain " + quoted("ok"), came: hostile + "!", opens: true}
		told, known := Retell(Korean, m.note(&Target{URL: &url.URL{}}), func(fact string) string { return "<" + fact + ">" })
		require.True(t, known)
		require.Equal(t, `본문에 없는 문자열: <"ok">; 본문 시작: <`+shown(hostile+"!")+">", told)
	}
}

func TestWhoAnsweredIsToldInKorean(t *testing.T) {
	hangul := regexp.MustCompile(`\p{Hangul}`)
	for _, page := range errorPages {
		for _, status := range []int{429, 403, 500, 502, 503, 504} {
			for _, wait := range []time.Duration{time.Millisecond, 70 * time.Second} {
				c := clues{status: status, wait: wait, header: http.Header{}, body: page.says}
				said := attribute(c).sentence(c)
				if said == "" {
					continue
				}
				told, known := Retell(Korean, said, marked)
				require.True(t, known, said)
				_, why, _ := strings.Cut(told, ": ")
				require.Regexp(t, hangul, why, said)
			}
		}
	}
	for status := range cloudflareCodes {
		c := clues{status: status, wait: time.Second, header: http.Header{"Server": {"cloudflare"}}}
		told, known := Retell(Korean, attribute(c).sentence(c), marked)
		require.True(t, known)
		require.Regexp(t, hangul, told)
	}
}

// telling are the functions and tables whose texts people read as evidence.
var telling = []string{
	"note", "noteStatus", "weighLatency", "met", "unmet", "errBusy", "business", "prove", "renew", "renewed", "noteRefusal", "noteMismatch", "wants", "noteError", "noteLife", "warnOf",
	"noteCertificate", "doubted", "follow", "tell", "next", "noteRedirects", "noteCreated", "noteUnsolicited", "noteAccepted", "noteUnasked", "churned", "noteCache",
	"noteFamily", "noteOn", "troubleBehind", "byUpstreamTime", "byApplication", "byCache", "byUsualTimeout", "cloudflareCodes", "alertMeanings", "weighLogin", "Error",
	"errHeadTooLong", "errNoStatus", "errNotGzip", "errOneConnection", "CheckHost", "decodeJSON", "notJSON", "bounded", "in",
}

// untold are texts in them that nobody reads as a sentence of evidence.
var untold = []string{"the expression", "guard of addresses", "no status", "compares nothing", "is no HTTP", "it is %s, not true or false", "for realm"}

// A sentence without Korean would stand in English in a Korean message.
func TestEverySentenceOfEvidenceHasKorean(t *testing.T) {
	var known []string
	for _, p := range phrasesKO {
		for _, word := range piecesOf(p[0]) {
			if !word.place {
				known = append(known, word.text)
			}
		}
		require.ElementsMatch(t, placesOf(p[1]), slices.DeleteFunc(placesOf(p[0]), func(place string) bool { return !strings.Contains(p[1], "{"+place+"}") }), p[0])
		for _, place := range placesOf(p[1]) {
			require.Contains(t, p[0], "{"+place+"}", p[0])
		}
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	found, missing := 0, []string(nil)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") || file.Name() == "phrases_ko.go" {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		require.NoError(t, err)
		for _, said := range sentencesOf(tree) {
			found++
			if !slices.ContainsFunc(known, func(k string) bool { return strings.Contains(k, said) }) {
				missing = append(missing, file.Name()+": "+said)
			}
		}
	}
	require.Empty(t, missing, "phrases_ko.go has no Korean for these")
	require.Greater(t, found, 100)
}

func placesOf(template string) (places []string) {
	for _, word := range piecesOf(template) {
		if word.place {
			places = append(places, word.text)
		}
	}
	return places
}

// sentencesOf are what stands between the facts of the sentences of a file.
func sentencesOf(tree *ast.File) (said []string) {
	collect := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(literal.Value)
			if slices.ContainsFunc(untold, func(s string) bool { return strings.Contains(text, s) }) {
				return true
			}
			for _, part := range regexp.MustCompile(`%[.\d]*[a-z]|\{.*\}`).Split(text, -1) {
				if part = strings.Trim(part, " ;:,().%"); len(part) > 5 && strings.Contains(part, " ") && regexp.MustCompile(`[a-z]{2} [a-z]{2}`).MatchString(part) {
					said = append(said, part)
				}
			}
			return true
		})
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if slices.Contains(telling, d.Name.Name) {
				collect(d.Body)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && slices.Contains(telling, v.Names[0].Name) {
					collect(v)
				}
			}
		}
	}
	return said
}
