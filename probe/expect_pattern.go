package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

const (
	maxExpression = 1 << 10 // bytes of a regular expression or a condition
	maxSteps      = 5000    // of the program that a regular expression becomes
)

// SyntaxError says what is wrong with an expression, and where in its text.
type SyntaxError struct {
	At      int    // how many characters stand before the place
	Problem string // with the way out
}

func (e *SyntaxError) Error() string { return e.Problem }

// Pattern is a regular expression (RE2) that looks for a place in a text; ^ and $ bind it to
// the ends. Whatever text it meets, it needs time in proportion to the text's length.
type Pattern struct {
	compiled *regexp.Regexp
	steps    int
}

// ParsePattern compiles a regular expression of at most 1 KiB. The error is a [SyntaxError].
func ParsePattern(s string) (*Pattern, error) {
	if len(s) > maxExpression {
		return nil, &SyntaxError{0, fmt.Sprintf("a regular expression of %d bytes is too long; use at most %d", len(s), maxExpression)}
	}
	parsed, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, patternError(s, err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, patternError(s, err)
	}
	if len(program.Inst) > maxSteps {
		return nil, &SyntaxError{0, fmt.Sprintf("the regular expression repeats so much that it becomes %d steps; use at most %d", len(program.Inst), maxSteps)}
	}
	compiled, err := regexp.Compile(s)
	if err != nil {
		return nil, patternError(s, err)
	}
	return &Pattern{compiled, len(program.Inst)}, nil
}

// patternError finds the part that an error is about.
func patternError(s string, err error) error {
	bad, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return &SyntaxError{0, fmt.Sprintf("is no regular expression (RE2): %v", err)}
	}
	at := 0
	if i := strings.Index(s, bad.Expr); i > 0 {
		at = utf8.RuneCountInString(s[:i])
	}
	wayOut := `write \ before a character that is meant as itself`
	if bad.Code == syntax.ErrInvalidPerlOp {
		wayOut = "RE2 has no look-around; say what must not be there with not_contains"
	}
	return &SyntaxError{at, fmt.Sprintf("is no regular expression (RE2): %s: %s; %s", bad.Code, quoted(bad.Expr), wayOut)}
}

// String is the expression as it was written.
func (p *Pattern) String() string { return p.compiled.String() }

// atOnce is how much work, bytes times steps, is done without looking at the time.
const atOnce = 1 << 22

// match reports whether the pattern is found in a text. The error is the context's.
func (p *Pattern) match(ctx context.Context, b []byte) (bool, error) {
	if len(b)*p.steps <= atOnce {
		return p.compiled.Match(b), nil
	}
	r := &hurried{ctx: ctx, left: b}
	found := p.compiled.MatchReader(r)
	return found, r.err
}

// hurried reads the characters of a text until its context ends.
type hurried struct {
	ctx  context.Context
	left []byte
	n    uint
	err  error
}

// ReadRune reads the next character.
func (h *hurried) ReadRune() (rune, int, error) {
	const often = 64
	if h.n++; h.n%often == 0 && h.err == nil {
		h.err = h.ctx.Err()
	}
	if h.err != nil || len(h.left) == 0 {
		return 0, 0, io.EOF
	}
	r, size := utf8.DecodeRune(h.left)
	h.left = h.left[size:]
	return r, size, nil
}
