package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestEveryEntryIsReadableInEveryLanguage(t *testing.T) {
	for _, language := range Languages() {
		all := Explanations(language)
		require.Len(t, all, len(Codes())+len(Reasons()))
		for _, entry := range all {
			t.Run(language.String()+"/"+entryName(entry), func(t *testing.T) {
				requireReadable(t, language, entry)
				require.NotEqual(t, entry.Code == 0, entry.Reason == "", "either a code or a reason")
			})
		}
	}
}

func entryName(e Explanation) string {
	if e.Reason != "" {
		return e.Reason
	}
	return strconv.Itoa(e.Code)
}

// requireReadable fails unless an entry is complete and well written. A new code or
// reason is written in every language: see "A new reason" in ARCHITECTURE.md.
func requireReadable(t *testing.T, language Language, entry Explanation) {
	t.Helper()
	texts := append([]string{entry.Name, entry.Meaning, entry.Source}, entry.Next...)
	for _, text := range texts {
		require.NotEmptyf(t, text, "a text of %s is missing in %q", entryName(entry), language)
		require.LessOrEqual(t, utf8.RuneCountInString(text), 120, text)
		require.Equal(t, strings.TrimSpace(text), text)
		require.NotContains(t, text, "  ")
		for _, r := range text {
			require.True(t, unicode.IsPrint(r), "%q in %q", r, text)
		}
	}
	require.True(t, strings.HasSuffix(entry.Meaning, "."), "a meaning is a sentence: %q", entry.Meaning)
	require.NotRegexp(t, `[.!?] \S`, entry.Meaning, "a meaning is one sentence")
	require.NotEmpty(t, entry.Next)
	require.LessOrEqual(t, len(entry.Next), 6)
	seen := make(map[string]bool)
	for _, item := range entry.Next {
		require.False(t, strings.HasSuffix(item, "."), "an item has no full stop: %q", item)
		require.False(t, seen[item], "twice: %q", item)
		seen[item] = true
	}
	if language == Korean {
		requireKorean(t, entry)
		return
	}
	for _, text := range texts {
		require.NotRegexp(t, `[^ -~]`, text, "English is written in ASCII")
	}
	for _, item := range entry.Next {
		require.True(t, unicode.IsUpper(rune(item[0])), item)
	}
}

// requireKorean fails unless an entry is in Korean, in the polite form of documents.
func requireKorean(t *testing.T, entry Explanation) {
	t.Helper()
	for _, text := range append([]string{entry.Meaning}, entry.Next...) {
		require.True(t, hangul(text), "not in Korean: %q", text)
		require.True(t, strings.HasSuffix(strings.TrimSuffix(unbracketed(text), "."), "니다"), "ends in another form: %q", text)
		require.NotRegexp(t, `(세요|해요|어요|아요)`, text, "another form of politeness")
	}
	if entry.Reason != "" {
		require.True(t, hangul(entry.Name), "the name of a reason is in Korean: %q", entry.Name)
	}
	require.NotContains(t, entry.Source, "section", "the source is named in Korean")
	require.NotContains(t, entry.Source, "white paper", "the source is named in Korean")
}

// unbracketed is a text without what stands in brackets at its end.
func unbracketed(text string) string {
	head, _, _ := strings.Cut(strings.TrimSuffix(text, "."), "(")
	if strings.HasSuffix(strings.TrimSuffix(text, "."), ")") {
		return head
	}
	return text
}

func hangul(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Hangul, r) })
}

func TestEveryLanguageSaysTheSame(t *testing.T) {
	english, korean := Explanations(English), Explanations(Korean)
	for i, entry := range english {
		t.Run(entryName(entry), func(t *testing.T) {
			other := korean[i]
			require.Len(t, other.Next, len(entry.Next), "the steps are the same in every language")
			require.NotEqual(t, entry.Meaning, other.Meaning)
			require.Equal(t, numbers(entry.Source), numbers(other.Source), "the sections are the same")
			for j, item := range entry.Next {
				require.Equal(t, machineWords(item), machineWords(other.Next[j]), "%q and %q", item, other.Next[j])
			}
			other.Name, other.Meaning, other.Next, other.Source = entry.Name, entry.Meaning, entry.Next, entry.Source
			require.Equal(t, entry, other, "what follows does not depend on the language")
			if entry.Reason == "" {
				require.Equal(t, entry.Name, korean[i].Name, "a code goes by its registered name")
			}
		})
	}
}

// numbers are the numbers in a text, in order.
func numbers(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
}

// machineWords are the names in a step that no language translates.
func machineWords(text string) []string {
	var found []string
	for _, word := range []string{"Location", "Retry-After", "Authorization", "WWW-Authenticate", "X-Forwarded-Proto", "ETag", "If-Match",
		"Content-Length", "Content-Type", "Range", "Upgrade", "If-None-Match", "Cache-Control", "Via", "A-IM",
		"Kubernetes", "Cloudflare", "nginx", "LimitNOFILE", "DNSSEC", "1016", "1033", "202", "[]"} {
		if strings.Contains(text, word) || word == "Kubernetes" && strings.Contains(text, "쿠버네티스") {
			found = append(found, word)
		}
	}
	return found
}

func TestNoKoreanTextStandsWithoutItsCode(t *testing.T) {
	groups := map[string]struct {
		korean  codeWords
		english []Code
	}{
		"1xx": {informationalKO, informational}, "2xx": {successesKO, successes}, "3xx": {redirectionsKO, redirections},
		"4xx": {clientErrorsKO, clientErrors}, "5xx": {serverErrorsKO, serverErrors}, "vendors": {vendorCodesKO, vendorCodes},
	}
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			require.Len(t, group.korean, len(group.english))
			for _, code := range group.english {
				require.Contains(t, group.korean, code.Status)
			}
		})
	}
}

func TestTheRegistryIsComplete(t *testing.T) {
	rows := readTable(t, "iana-status-codes.csv")
	count := map[Class]int{}
	for _, row := range rows {
		status, err := strconv.Atoi(row["code"])
		require.NoError(t, err)
		require.True(t, Known(status), status)
		code := CodeOf(status)
		require.Equal(t, row["name"], code.Name)
		require.Contains(t, code.Source, row["reference"])
		count[code.Class()]++
	}
	require.Equal(t, map[Class]int{
		ClassInformational: 5, ClassSuccess: 10, ClassRedirection: 9, ClassClientError: 29, ClassServerError: 11,
	}, count)
	require.Equal(t, len(rows), len(Codes())-len(vendorCodes), "what is not registered is a vendor's")
}

func TestLanguagesAreNamedByTheirCodes(t *testing.T) {
	for _, language := range Languages() {
		got, err := ParseLanguage(language.String())
		require.NoError(t, err)
		require.Equal(t, language, got)
	}
	for _, unknown := range []string{"", "EN", "kr", "korean", "fr"} {
		_, err := ParseLanguage(unknown)
		require.EqualError(t, err, fmt.Sprintf("%q is no language; use one of en, ko", unknown))
	}
}

func TestClassesHaveATitleInEveryLanguage(t *testing.T) {
	for _, class := range Classes() {
		require.Equal(t, class.Title(), class.TitleIn(English))
		require.True(t, hangul(class.TitleIn(Korean)))
		require.Equal(t, numbers(class.Title()), numbers(class.TitleIn(Korean)))
	}
}

func TestSourcesAreNamedInKorean(t *testing.T) {
	for in, want := range map[string]string{
		"RFC 9110 section 15.6.5; white paper section 3.5, section 6.2": "RFC 9110 15.6.5절; 백서 3.5절, 6.2절",
		"RFC 792; RFC 4443 section 3.1":                                 "RFC 792; RFC 4443 3.1절",
		"white paper section 2.2, section 6.2":                          "백서 2.2절, 6.2절",
		"Esri ArcGIS; unassigned in nginx":                              "Esri ArcGIS; nginx에서는 미할당",
		"sonde":                                                         "sonde",
	} {
		require.Equal(t, want, sourceKO(in))
	}
	for _, entry := range Explanations(Korean) {
		foreign := slices.DeleteFunc(strings.FieldsFunc(entry.Source, func(r rune) bool { return r == ' ' || r == ';' || r == ',' }),
			func(word string) bool { return hangul(word) || strings.ToLower(word) != word || len(numbers(word)) > 0 })
		for _, word := range foreign {
			require.Contains(t, []string{"sonde", "nginx", "expect.headers", "expect.body", "expect.json", "expect.latency",
				"draft-ietf-httpbis-resumable-upload"}, word, "a source that is a word needs a Korean one in sourcesKO: %q", entry.Source)
		}
	}
}

func TestALanguageThatIsNoneSpeaksEnglish(t *testing.T) {
	got, err := ExplainIn(Language(9), "504")
	require.NoError(t, err)
	want, err := Explain("504")
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func ExampleExplainIn() {
	entry, err := ExplainIn(Korean, "429")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(entry.Name, entry.Retry)
	fmt.Println(entry.Meaning)
	fmt.Println(entry.Next[0])
	fmt.Println(entry.Source)
	// Output:
	// Too Many Requests after_delay
	// 정해진 시간 동안 허용된 요청 횟수를 초과했습니다.
	// 프로브 간격을 늘리거나 재시도 횟수를 줄여 요청 빈도를 낮춥니다
	// RFC 6585 4절; 백서 3.4절, 4절
}
