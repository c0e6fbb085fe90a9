package probe

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The steps of the white paper's section 6, in its order, by the words that show them.
var (
	steps4xx = []*regexp.Regexp{
		regexp.MustCompile(`API document|API 명세`),
		regexp.MustCompile(`parameters|body|파라미터|본문`),
		regexp.MustCompile(`token|토큰`),
		regexp.MustCompile(`permission|접근 권한`),
	}
	steps5xx = []*regexp.Regexp{
		regexp.MustCompile(`\blog\b|로그에서|로그를`),
		regexp.MustCompile(`CPU|memory|메모리`),
		regexp.MustCompile(`database|데이터베이스`),
		regexp.MustCompile(`gateway|load balancer|network|게이트웨이|로드 밸런서|네트워크`),
	}
)

// stepsOf are the steps that a list shows, by their numbers in the paper.
func stepsOf(next []string, steps []*regexp.Regexp) []int {
	var found []int
	for _, item := range next {
		for i, step := range steps {
			if step.MatchString(item) {
				found = append(found, i+1)
				break
			}
		}
	}
	return found
}

func TestStepsFollowTheOrderOfThePaper(t *testing.T) {
	for _, row := range readTable(t, "status-codes.csv") {
		steps := map[string][]*regexp.Regexp{"client_error": steps4xx, "server_error": steps5xx}[row["class"]]
		if steps == nil || row["code"] == "501" || row["code"] == "505" { // a request that no repair of the server helps
			continue
		}
		for _, language := range Languages() {
			t.Run(row["code"]+"/"+language.String(), func(t *testing.T) {
				entry, err := ExplainIn(language, row["code"])
				require.NoError(t, err)
				require.IsNonDecreasing(t, append([]int{0}, stepsOf(entry.Next, steps)...), entry.Next)
			})
		}
	}
}

func TestStepsOfThePaperAreThereWhereItNamesThem(t *testing.T) {
	for query, want := range map[string][]int{
		"400": {1, 2}, "401": {1, 3}, "403": {1, 3, 4}, "client_error": {1, 2, 3},
		"500": {1, 2, 3, 4}, "502": {1, 2, 3, 4}, "503": {1, 2, 3, 4}, "504": {1, 2, 3, 4}, "server_error": {1, 2, 3, 4},
	} {
		steps := steps4xx
		if strings.HasPrefix(query, "5") || query == "server_error" {
			steps = steps5xx
		}
		for _, language := range Languages() {
			entry, err := ExplainIn(language, query)
			require.NoError(t, err)
			require.Subset(t, stepsOf(entry.Next, steps), want, "%s in %s: %q", query, language, entry.Next)
		}
	}
}

// What the paper says of single codes stands in their entries, in every language.
func TestAdviceOfThePaperIsGiven(t *testing.T) {
	for name, tc := range map[string]struct {
		status          int
		section         string
		english, korean string
	}{
		"an early hint is not the answer":               {103, "4", "final answer", "최종 응답"},
		"a 201 says where the new resource is":          {201, "3.2", "Location", "Location"},
		"accepted is not done":                          {202, "3.1", "not take it as done", "완료로 보지 말고"},
		"there is no body to expect of a 204":           {204, "3.2", "no body", "본문을 기대하지"},
		"a 301 without Location is wrong":               {301, "3.3", "no Location header", "Location 헤더가 없으면"},
		"a 302 often leads to a login page":             {302, "3.3", "login page", "로그인 페이지"},
		"a 304 says how well the cache works":           {304, "5", "ETag and Cache-Control", "ETag와 Cache-Control"},
		"a 400 is told in the server's log":             {400, "3.4", "server's log", "서버 로그"},
		"many 401s may be an attack":                    {401, "5", "password guessing", "무차별 대입"},
		"many 403s may be an attack":                    {403, "5", "gain privileges", "권한 탈취"},
		"an empty search is a 200":                      {404, "3.4", "200 and []", "200과 빈 배열([])"},
		"many 404s may be a scanner":                    {404, "5", "scanner", "스캐닝"},
		"a probe of what is gone is retired":            {410, "3.1", "Retire the probe", "프로브를 폐기"},
		"a limit asks to ask less often":                {429, "3.4", "Ask less often", "요청 빈도를 낮춥니다"},
		"a limit says how long to wait":                 {429, "3.4", "Retry-After", "Retry-After"},
		"a limit protects the service":                  {429, "4", "rate limit", "속도 제한"},
		"a business rule is no 500":                     {500, "2.2", "business rule", "비즈니스 규칙"},
		"an exception has a stack trace":                {500, "6.2", "stack trace", "스택 트레이스"},
		"a 502 is followed by its trace":                {502, "5", "trace id", "분산 추적 ID"},
		"a circuit breaker contains a 502":              {502, "4", "circuit breaker", "서킷 브레이커"},
		"a 503 announces its end":                       {503, "3.5", "Retry-After", "Retry-After"},
		"a 503 can be graceful degradation":             {503, "4", "graceful degradation", "점진적 성능 저하"},
		"Kubernetes takes out what answers 503":         {503, "4", "Kubernetes", "쿠버네티스"},
		"a circuit breaker contains a 504":              {504, "4", "circuit breaker", "서킷 브레이커"},
		"a 504 is the gateway's timeout for another":    {504, "3.5", "timeouts", "타임아웃"},
		"a 415 is about the type that is documented":    {415, "6.1", "Content-Type", "Content-Type"},
		"a 405 is about the method that is documented":  {405, "6.1", "method", "메서드"},
		"a 409 is about the version of what is changed": {409, "3.1", "current version", "현재 버전"},
	} {
		t.Run(name, func(t *testing.T) {
			for language, want := range map[Language]string{English: tc.english, Korean: tc.korean} {
				entry, err := ExplainIn(language, strconv.Itoa(tc.status))
				require.NoError(t, err)
				require.Contains(t, strings.Join(entry.Next, "\n"), want)
			}
			require.Regexp(t, `white paper .*section `+regexp.QuoteMeta(tc.section)+`(,|$)`, CodeOf(tc.status).Source+",")
		})
	}
}

// The judgement of every row of both tables is the same in every language.
func TestTablesHoldInEveryLanguage(t *testing.T) {
	for _, language := range Languages() {
		for _, row := range readTable(t, "status-codes.csv") {
			entry, err := ExplainIn(language, row["code"])
			require.NoError(t, err)
			require.Equal(t, []string{row["name"], row["class"], row["retry"]}, []string{entry.Name, entry.Class.String(), entry.Retry})
		}
		for _, row := range readTable(t, "reasons.csv") {
			entry, err := ExplainIn(language, row["reason"])
			require.NoError(t, err)
			require.Equal(t, []string{row["retry"], row["fault"]}, []string{entry.Retry, entry.Fault.String()})
		}
	}
}
