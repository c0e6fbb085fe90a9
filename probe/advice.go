package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Explanation is the catalogue's entry of a status code or of a reason: what it
// means and what to do about it.
type Explanation struct {
	Code    int    // the status code; 0 for a reason
	Reason  string // the text form of the reason; empty for a status code
	Name    string
	Class   Class
	Retry   string // as in [Retry.String], or "by_code" where the status code decides
	Fault   Fault
	Meaning string   // one sentence
	Next    []string // what to check, most telling first
	Source  string   // the sections that say so
}

// Explain returns the entry of a status code such as "504" or of a reason such
// as "tls_expired" in English, as [ExplainIn] does.
func Explain(query string) (Explanation, error) { return ExplainIn(English, query) }

// ExplainIn returns the entry of a status code such as "504" or of a reason such
// as "tls_expired"; upper case and spaces around it do not matter. Every code
// from 100 to 599 is answered. The error for another word names the reasons
// nearest to it; errors are in English.
func ExplainIn(l Language, query string) (Explanation, error) {
	word := strings.ToLower(strings.TrimSpace(query))
	status, err := strconv.ParseUint(word, 10, 16)
	if !errors.Is(err, strconv.ErrSyntax) { // also a number too large to read
		if !valid(int(status)) {
			return Explanation{}, fmt.Errorf("%.20q is no status code; they run from %d to %d, and an answer with another counts as a 5xx server error", query, firstStatus, lastStatus)
		}
		return explainCode(l, CodeOf(int(status))), nil
	}
	for _, reason := range Reasons() {
		if reason.String() == word {
			return explainReason(l, reason), nil
		}
	}
	return Explanation{}, fmt.Errorf("%.40q is neither a status code nor a reason; the nearest reasons are %s",
		query, strings.Join(nearestReasons(word), ", "))
}

// Explanations lists the whole catalogue in a language: every status code that
// has an entry, ascending, then every reason in the order of [Reasons].
func Explanations(l Language) []Explanation {
	var all []Explanation
	for _, code := range Codes() {
		all = append(all, explainCode(l, code))
	}
	for _, reason := range Reasons() {
		all = append(all, explainReason(l, reason))
	}
	return all
}

func explainCode(l Language, c Code) Explanation {
	e := Explanation{
		Code: c.Status, Name: c.Name, Class: c.Class(), Retry: c.Retry.String(), Fault: c.Fault,
		Meaning: c.Meaning, Next: slices.Clone(c.Next), Source: c.Source,
	}
	if l == Korean {
		e.say(codeWordsKO(c))
	}
	return e
}

func explainReason(l Language, r Reason) Explanation {
	row, says := reasons[r], advices[r]
	retry := "by_code"
	if row.retry != retryByCode {
		retry = row.retry.String()
	}
	e := Explanation{
		Reason: row.name, Name: says.name, Class: says.class, Retry: retry, Fault: row.fault,
		Meaning: says.meaning, Next: slices.Clone(says.next), Source: says.source,
	}
	if l == Korean {
		e.say(advicesKO[r])
	}
	return e
}

// say replaces the words of an entry by those of Korean.
func (e *Explanation) say(words wording) {
	e.Name, e.Meaning, e.Next, e.Source = words.name, words.meaning, slices.Clone(words.next), sourceKO(e.Source)
}

// nearestReasons returns the three reasons that a mistyped or half remembered
// word most likely means, likeliest first.
func nearestReasons(word string) []string {
	const longest, count = 40, 3 // no reason is longer; comparing costs the product of both lengths
	word = word[:min(len(word), longest)]
	near := Reasons()
	distance := make([]int, len(near))
	for i, reason := range near {
		distance[i] = distanceTo(reason, word)
	}
	slices.SortStableFunc(near, func(a, b Reason) int { return cmp.Compare(distance[a], distance[b]) })
	var names []string
	for _, reason := range near[:count] {
		names = append(names, reason.String())
	}
	return names
}

// distanceTo says how far a word is from meaning a reason: 0 if it is a part of
// the reason's name, 1 if it stands in what is said about it, else the number of
// slips of the finger between them.
func distanceTo(r Reason, word string) int {
	const shortest = 3 // fewer bytes stand in any text, and a Korean syllable has as many
	says := strings.ToLower(advices[r].name + " " + advices[r].meaning + " " + advicesKO[r].name + " " + advicesKO[r].meaning)
	switch {
	case len(word) >= shortest && strings.Contains(r.String(), word):
		return 0
	case len(word) >= shortest && strings.Contains(says, word):
		return 1
	}
	return editDistance(word, r.String())
}

// editDistance counts the bytes to insert, delete or replace that turn a into b
// (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1) // distances from the part of a read so far to each start of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
