package slack

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify"
	"sonde/probe"
)

// machineWords are what Korean readers search for as it is: names of protocols, of their parts, of
// settings and commands of ours, and units.
var machineWords = []string{
	"sonde", "Slack", "ms", "KiB", "IdP", "ETag", "Last-Modified", "WWW-Authenticate", "Retry-After", "Authorization", "Location", "Content-Type",
	"Content-Encoding", "Content-Length", "Set-Cookie", "If-None-Match", "If-Modified-Since", "Cache-Control", "Proxy-Authenticate", "Host",
	"dns", "connect", "transfer", "insecure", "silence", "expect", "redirects", "protocol", "proxy", "auth", "gzip", "https", "http", "x509",
	"localhost", "alert", "bearer", "cert", "key", "scopes", "style", "subjectAltName", "X-Forwarded-Proto", "www", "no-store", "no-cache", "max-age", "systemd", "LimitNOFILE", "MemoryMax",
}

// specimenWords are what people and targets called things in the examples.
var specimenWords = []string{"partner", "checkout", "orders", "search", "payments", "shop", "docs", "cart", "gateway", "database", "db", "new", "group", "env", "prod", "team", "minji", "kim", "lee", "seoul", "channel", "ticket"}

// saidByPeople are texts of the examples that people wrote, and commands that are to be typed.
var saidByPeople = []string{"looking at the gateway", "check <b>out", "tomorrow", "sonde history", "sonde incidents"}

var (
	asCode     = regexp.MustCompile("(?s)```.*?```|`[^`]*`|“[^”]*”") // and what people said
	asMark     = regexp.MustCompile(`<[^<>]*>|@[A-Z0-9]+|:[a-z_]+:`)
	aHost      = regexp.MustCompile(`\b[a-z0-9-]+(\.[a-z0-9-]+)+\b`)
	aLatinWord = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_-]*`)
	aLength    = regexp.MustCompile(`\b[0-9]+[mhd]\b`) // as people type it
	aShout     = regexp.MustCompile(`^[A-Z][A-Z0-9-]*s?$`)
)

// englishIn are the English words of a Korean text: what stands in code, in links and mentions, names of
// status codes and reasons, and machine words are none.
func englishIn(said string) (found []string) {
	said = strings.ReplaceAll(html.UnescapeString(said), "…ago", "")
	for _, s := range saidByPeople {
		said = strings.ReplaceAll(said, s, "")
	}
	said = asMark.ReplaceAllString(asCode.ReplaceAllString(said, " "), " ")
	for _, c := range probe.Codes() {
		said = strings.ReplaceAll(said, strconv.Itoa(c.Status)+" "+c.Name, "")
	}
	said = aLength.ReplaceAllString(said, "")
	said = aHost.ReplaceAllString(said, "")
	for _, word := range aLatinWord.FindAllString(said, -1) {
		bare := strings.Trim(strings.TrimRight(word, "0123456789"), "-")
		_, err := probe.ParseReason(word)
		switch {
		case err == nil, aShout.MatchString(word), strings.Contains(word, "_"), slices.Contains(machineWords, word), slices.Contains(specimenWords, bare):
		case len(word) == 2 && strings.ToLower(word) == "xx": // of 5xx
		default:
			found = append(found, word)
		}
	}
	return found
}

// textsOf are the texts for people in a golden file: of JSON what stands under text, and of others the
// lines without what the gallery says beside them.
func textsOf(t *testing.T, file string) (said []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	if filepath.Ext(file) == ".json" {
		var document any
		require.NoError(t, json.Unmarshal(content, &document))
		return textsUnder(document, false)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimPrefix(line, "| "); !strings.HasPrefix(line, "## ") && line != "in the thread:\n" && line != "[buttons]\n" {
			lines = append(lines, line)
		}
	}
	return []string{strings.Join(lines, "")}
}

func textsUnder(v any, people bool) (said []string) {
	switch v := v.(type) {
	case string:
		if people {
			said = append(said, v)
		}
	case []any:
		for _, one := range v {
			said = append(said, textsUnder(one, people)...)
		}
	case map[string]any:
		for key, one := range v {
			said = append(said, textsUnder(one, key == "text" || key == "fallback" || key == "placeholder" || key == "label" || key == "title")...)
		}
	}
	return said
}

func TestNoKoreanMessageSpeaksEnglish(t *testing.T) {
	files, err := filepath.Glob("testdata/*-ko.*")
	require.NoError(t, err)
	require.Greater(t, len(files), 40)
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "letter-") {
			continue // has the same texts, and no marks by which code could be told
		}
		for _, said := range textsOf(t, file) {
			require.Empty(t, englishIn(said), "%s says %s", file, said)
		}
	}
}

func TestNoReasonIsToldInEnglishToKoreans(t *testing.T) {
	for _, reason := range probe.Reasons() {
		verdict := probe.Miss(reason)
		if verdict.Kind() == probe.NoIncident {
			continue
		}
		for change := range changes {
			m := sample(change, verdict)
			m.Body.Seen = notify.Sight{At: m.Body.At, By: "origin (Puma)", Notes: []string{"the token expired 5 min ago", "it took 1.200 s, and should take at most 1.000 s"}}
			m.Body.Instead = notify.Instead{Of: "ops", Why: "not connected: timeout"}
			for _, said := range texts(toldIn(probe.Korean, m).fit(formFull)) {
				said = strings.ReplaceAll(said, "ops", "")
				require.Empty(t, englishIn(said), said)
			}
		}
	}
}

// What is English is found wherever it stands among Korean words.
func TestEnglishAmongKoreanWordsIsFound(t *testing.T) {
	for said, want := range map[string][]string{
		"응답한 곳: 503 after 1.2 s from the edge (`Envoy`)":                   {"after", "s", "from", "the", "edge"},
		"99.9% over 30d: 43분 12초 중 12분":                                    {"over"},
		"현재: 503 Service Unavailable, 1.20 s":                              {"s"},
		"Service Unavailable":                                              {"Service", "Unavailable"},
		"tls_timeout (TLS 핸드셰이크 시간 초과), `upstream error`, api.example.com": nil,
	} {
		require.Equal(t, want, englishIn(said), said)
	}
}

func TestPromisesInKorean(t *testing.T) {
	for stored, want := range map[string]string{
		"99.9% over 30d": "최근 30일 99.9%", "99.95% over month in Asia/Seoul": "이번 달(Asia/Seoul) 99.95%",
		"latency 800ms for 99% over 7d": "최근 7일 99%, 800 ms 이내", "99% over week": "이번 주 99%", "what nobody can read": "what nobody can read",
	} {
		require.Equal(t, want, korean.promised(stored))
		require.Equal(t, stored, english.promised(stored))
	}
}
