package probe

import "strings"

// Language is a language that the catalogue is written in. What follows from a code
// or a reason never depends on it.
type Language uint8

// The languages.
const (
	English Language = iota
	Korean
)

var languageNames = []string{"en", "ko"}

// Languages lists every language, the one that is spoken by default first.
func Languages() []Language { return []Language{English, Korean} }

// ParseLanguage finds a language by its code in ISO 639-1. The error lists those
// there are.
func ParseLanguage(text string) (Language, error) {
	return read[Language](languageNames, "language", []byte(text))
}

func (l Language) String() string { return spell(languageNames, l) }

// MarshalText writes the language as in [Language.String].
func (l Language) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Language) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLanguage(string(text))
	return err
}

// wording is what an entry of the catalogue says in another language than English.
// A status code goes by its registered name in every language.
type wording struct {
	name    string // of a reason
	meaning string
	next    []string // the same steps as in English, in the same order
}

// titlesKO are the classes as Korean readers know them (white paper section 2.1).
var titlesKO = []string{"응답 없음", "1xx 정보", "2xx 성공", "3xx 리다이렉션", "4xx 클라이언트 오류", "5xx 서버 오류"}

// TitleIn is the class as people read it in a language; see [Class.Title].
func (c Class) TitleIn(l Language) string {
	if l == Korean {
		return spell(titlesKO, c)
	}
	return c.Title()
}

// sourcesKO are the names of sources that are words.
var sourcesKO = strings.NewReplacer(
	"white paper", "백서",
	"IANA HTTP status code registry, temporary registration", "IANA HTTP 상태 코드 등록부(임시 등록)",
	"unassigned in nginx", "nginx에서는 미할당",
	"Qualys SSL Labs and other APIs", "Qualys SSL Labs 등의 API",
	"convention of some proxies", "일부 프록시의 관례",
)

// sourceKO names a source as Korean readers do: "RFC 9110 section 15.6.5" is
// "RFC 9110 15.6.5절".
func sourceKO(source string) string {
	words := strings.Split(sourcesKO.Replace(source), " ")
	var told []string
	for i, word := range words {
		if word == "section" {
			continue
		}
		if i > 0 && words[i-1] == "section" {
			number := strings.TrimRight(word, ",;")
			word = number + "절" + word[len(number):]
		}
		told = append(told, word)
	}
	return strings.Join(told, " ")
}
