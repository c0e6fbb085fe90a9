package configs

import (
	"strconv"
	"strings"
)

// instead is the way out after a word that is not one of the known: the nearest
// of them, or all.
func instead(word string, known []string) string {
	if best, ok := nearest(word, known); ok {
		return "did you mean " + strconv.Quote(best) + "?"
	}
	if len(known) == 1 {
		return "use " + known[0]
	}
	return "use one of " + strings.Join(known, ", ")
}

// nearest finds the known word that is likely meant: few letters apart, for the
// length of the word.
func nearest(word string, known []string) (string, bool) {
	const longest = 64
	if len(word) > longest {
		return "", false
	}
	best, found := 1+max(1, len(word)/3), ""
	for _, candidate := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(candidate)); n < best {
			best, found = n, candidate
		}
	}
	return found, found != ""
}

// distance is how many letters must be added, removed, replaced or swapped with
// their neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range t {
		rows[0][j+1] = j + 1
	}
	for i := range s {
		for j := range t {
			replaced := rows[i][j]
			if s[i] != t[j] {
				replaced++
			}
			n := min(replaced, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				n = min(n, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = n
		}
	}
	return rows[len(s)][len(t)]
}

// quote shows a text from the file in a message.
func quote(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strconv.Quote(s)
}
