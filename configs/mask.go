package configs

import "regexp"

// suspects finds what looks like a secret wherever it stands: in a line that is
// no YAML, or under a key that nobody knows. The last group is the secret.
var suspects = []*regexp.Regexp{
	regexp.MustCompile(`xox[a-z]?[.-]([\w.-]+)`),
	regexp.MustCompile(`xapp-([\w-]+)`),
	regexp.MustCompile(`hooks\.slack\.com/([^\s"']+)`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([^\s"',}]+)`),
	regexp.MustCompile(`(?i)(?:token|secret|pas+w(?:or)?[dt]|passphrase|authorization|cookie|key|webhook|credential)["']?\s*[:=]\s*([^,}&]+)`),
	regexp.MustCompile(`://([^/\s@"']+)@`),
	regexp.MustCompile(`[?&][^=&\s"']*=([^&\s"'}]+)`),
}

var references = regexp.MustCompile(`\$\{[^}]*\}`)

// starSuspects stars out what looks like a secret. References stay: they are names.
func starSuspects(line []rune) {
	s := string(line)
	spared := make([]bool, len(s))
	for _, loc := range references.FindAllStringIndex(s, -1) {
		if loc[0] > 0 && s[loc[0]-1] == '$' { // $${ is no reference
			continue
		}
		for i := loc[0]; i < loc[1]; i++ {
			spared[i] = true
		}
	}
	position := make([]int, 0, len(s)) // of the character that each byte belongs to
	for i, r := range line {
		for range len(string(r)) {
			position = append(position, i)
		}
	}
	for _, suspect := range suspects {
		for _, loc := range suspect.FindAllStringSubmatchIndex(s, -1) {
			for i := loc[2]; i < loc[3]; i++ {
				if !spared[i] {
					star(line[position[i] : position[i]+1])
				}
			}
		}
	}
}

// star replaces every character that is no space or quote.
func star(runes []rune) {
	for i, r := range runes {
		if r != ' ' && r != '"' && r != '\'' {
			runes[i] = '*'
		}
	}
}
