package probe

import (
	"strings"
	"sync"
)

// Retell says in another language what the evidence of an attempt says in English: a note, who
// answered, or an error of our own. show gives its form to what is not our own word: a text of the
// target or of the configuration. It is false for what has no translation, such as an error of the
// operating system, and for English.
func Retell(l Language, said string, show func(fact string) string) (told string, known bool) {
	if l != Korean || said == "" {
		return said, false
	}
	return retelling{koreanPhrases(), show}.tell(said)
}

// phrase is a sentence of ours in English and in another language. {name} stands for what is not our
// own word. {n.name} is a number or an instant, {p.name} has no blank in it, {q.name} stands in quotes, {d.name} is a length of time as
// [roughly] writes it, {s.name} is another sentence, {o.name} is one or else a text, {l.name} lists parts of a JSON body,
// and {w.name} what challenges want.
type phrase struct {
	english []piece
	other   string
}

// piece is a word or more of a sentence, or a place in it.
type piece struct {
	text  string
	place bool
	kind  byte // of a place: one of n p q d s o l w; 0: a text
}

var koreanPhrases = sync.OnceValue(func() []phrase {
	all := make([]phrase, len(phrasesKO))
	for i, p := range phrasesKO {
		all[i] = phrase{piecesOf(p[0]), p[1]}
	}
	return all
})

// piecesOf takes a template apart.
func piecesOf(template string) (pieces []piece) {
	for template != "" {
		if template[0] == '{' {
			name, rest, _ := strings.Cut(template[1:], "}")
			p := piece{text: name, place: true}
			if len(name) > 2 && name[1] == '.' {
				p.kind = name[0]
			}
			pieces, template = append(pieces, p), rest
			continue
		}
		end := strings.IndexByte(template, '{')
		if end < 0 {
			end = len(template)
		}
		pieces, template = append(pieces, piece{text: template[:end]}), template[end:]
	}
	return pieces
}

// match finds what stands in the places of a sentence; false if it is another one.
func (p *phrase) match(said string) (facts map[string]string, ok bool) {
	facts = map[string]string{}
	for i := 0; i < len(p.english); i++ {
		word := p.english[i]
		if !word.place {
			if !strings.HasPrefix(said, word.text) {
				return nil, false
			}
			said = said[len(word.text):]
			continue
		}
		end := len(said)
		switch last := len(p.english) - 1; {
		case i+1 == last:
			end = len(said) - len(p.english[last].text)
			if end < 0 || !strings.HasSuffix(said, p.english[last].text) {
				return nil, false
			}
		case i < last:
			end = strings.Index(said, p.english[i+1].text)
		}
		if end <= 0 || word.kind == 'p' && strings.Contains(said[:end], " ") || word.kind == 'q' && (said[0] != '"' || said[end-1] != '"') {
			return nil, false
		}
		facts[word.text], said = said[:end], said[end:]
	}
	return facts, said == ""
}

// retelling says sentences in another language.
type retelling struct {
	phrases []phrase
	show    func(fact string) string
}

func (r retelling) tell(said string) (string, bool) {
	for i := range r.phrases {
		facts, ok := r.phrases[i].match(said)
		if !ok {
			continue
		}
		if told, ok := r.fill(&r.phrases[i], facts); ok {
			return told, true
		}
	}
	return "", false
}

// fill puts facts into their places; false if one of them should be a sentence and is none.
func (r retelling) fill(p *phrase, facts map[string]string) (string, bool) {
	var told strings.Builder
	for _, word := range piecesOf(p.other) {
		if !word.place {
			told.WriteString(word.text)
			continue
		}
		said, ok := r.fact(word.kind, facts[word.text])
		if !ok {
			return "", false
		}
		told.WriteString(said)
	}
	return told.String(), true
}

func (r retelling) fact(kind byte, fact string) (string, bool) {
	switch kind {
	case 'n':
		return fact, strings.Trim(fact, "0123456789.-: UTC") == ""
	case 'd':
		return durationKO(fact)
	case 's':
		return r.tell(fact)
	case 'o':
		if told, ok := r.tell(fact); ok {
			return told, true
		}
	case 'l':
		return r.list(fact), true
	case 'w':
		return r.wanted(fact), true
	}
	return r.show(fact), true
}

// list says what parts of a JSON body are.
func (r retelling) list(parts string) string {
	var all []string
	for part := range strings.SplitSeq(parts, ", ") {
		told, ok := r.tell("json part: " + part)
		if !ok {
			return r.show(parts) // a comma within a text
		}
		all = append(all, told)
	}
	return strings.Join(all, ", ")
}

// wanted says what challenges want, as [wants] lists it.
func (r retelling) wanted(said string) string {
	all := strings.Split(said, " or ")
	for i, one := range all {
		all[i] = r.show(strings.Replace(one, " for realm ", " realm=", 1))
	}
	return strings.Join(all, ", ")
}

// durationKO says a length of time that [roughly] wrote: "5 min" is "5분".
func durationKO(s string) (string, bool) {
	n, unit, _ := strings.Cut(s, " ")
	word, known := map[string]string{"d": "일", "h": "시간", "min": "분", "s": "초"}[unit]
	return n + word, known && n != "" && strings.Trim(n, "0123456789.") == ""
}
