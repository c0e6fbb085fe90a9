package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"sonde/text"
)

// Condition is an expression over the decoded JSON of a body, in the language of
// expr-lang.org, that is true or false. Names are those of the object that the body is;
// body is the whole of it, whatever it is. It is compiled, and does no I/O; time and memory that
// it needs are bounded.
type Condition struct {
	written  string
	program  *vm.Program
	patterns []*Pattern // that its "matches" look for
	reads    []glance   // what to show of the body where it is false
}

// ParseCondition compiles a condition of at most 1 KiB. The error is a [SyntaxError].
func ParseCondition(s string) (*Condition, error) { return parseCondition(s, true) }

// String is the condition as it was written.
func (c *Condition) String() string { return c.written }

// allowed are the functions that a condition may call: those whose result is not much
// larger than what they are given.
var allowed = []string{
	"all", "any", "none", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex", "count", "sum", "mean", "median", "min", "max",
	"len", "first", "last", "get", "keys", "values", "type", "abs", "ceil", "floor", "round", "int", "float", "string",
	"trim", "trimPrefix", "trimSuffix", "upper", "lower", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "now", "date", "duration",
}

// Ways out of what is no expression.
const (
	conditionWayOut = `write one such as status == "up" && queue < 100`
	businessWayOut  = `write one such as status == 500 && body.code == "NO_FUNDS"; it knows status, header, body and text`
)

// parseCondition compiles a condition whose names are those of the body, or only those of
// facts.
func parseCondition(s string, ofBody bool) (_ *Condition, err error) {
	wayOut := conditionWayOut
	if !ofBody {
		wayOut = businessWayOut
	}
	defer func() {
		if defect := recover(); defect != nil {
			err = &SyntaxError{0, "the expression cannot be compiled; " + wayOut}
		}
	}()
	switch {
	case strings.TrimSpace(s) == "":
		return nil, &SyntaxError{0, "the expression is empty; " + wayOut}
	case len(s) > maxExpression:
		return nil, &SyntaxError{0, fmt.Sprintf("an expression of %d bytes is too long; use at most %d", len(s), maxExpression)}
	}
	if _, _, err := compileCondition(s, ofBody, expr.AsBool()); err != nil {
		return nil, conditionError(s, err, wayOut)
	}
	// Made for a bool, a program would turn what is none into one, or fail without a word why.
	program, p, err := compileCondition(s, ofBody, expr.AsAny())
	if err != nil {
		return nil, conditionError(s, err, wayOut)
	}
	return &Condition{written: s, program: program, patterns: p.patterns, reads: p.shown()}, nil
}

func compileCondition(s string, ofBody bool, as expr.Option) (*vm.Program, *patcher, error) {
	p := &patcher{ofBody: ofBody, made: map[ast.Node]bool{}, reads: map[ast.Node]glance{}}
	options := []expr.Option{expr.Env(facts{}), as, expr.DisableAllBuiltins(), expr.Patch(&p.names), expr.Patch(p)}
	for _, name := range allowed {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(s, options...)
	if p.err != nil {
		err = p.err
	}
	return program, p, err
}

func conditionError(s string, err error, wayOut string) error {
	if own, ok := errors.AsType[*SyntaxError](err); ok {
		return own
	}
	bad, ok := errors.AsType[*file.Error](err)
	if !ok {
		return &SyntaxError{0, fmt.Sprintf("the expression is wrong: %v; %s", err, wayOut)}
	}
	if written := []rune(s); bad.From > 0 && bad.From < len(written) && written[bad.From] == '=' && written[bad.From-1] != '=' {
		return &SyntaxError{bad.From, "a single = compares nothing; write =="}
	}
	return &SyntaxError{bad.From, fmt.Sprintf("the expression is wrong: %s; %s", text.Printable(bad.Message, maxText), wayOut)}
}

// facts is what a condition knows.
type facts struct {
	Body   any               `expr:"body"`
	Status int               `expr:"status"`
	Header map[string]string `expr:"header"`
	Text   string            `expr:"text"`

	Step  func(...any) any `expr:"$step"`
	Match func(...any) any `expr:"$match"`
}

// bulky lets one large body be looked into at a time: values take much more room than
// their text.
var bulky = make(chan struct{}, 1)

// large is a body that has to wait for the others.
const large = 32 << 10

// errBusy says that a large body has waited in vain, which is not its target's fault.
var errBusy = errors.New("there was no time left to look into a large body, because of others")

// turn waits until a body may be looked into, and returns what gives its place to the next.
func turn(ctx context.Context, body []byte) (leave func(), err error) {
	if len(body) <= large {
		return func() {}, nil
	}
	select {
	case bulky <- struct{}{}:
		return func() { <-bulky }, nil
	case <-ctx.Done():
		return nil, errBusy
	}
}

// met says why a body is not as the condition has it; nil if it is.
func (c *Condition) met(ctx context.Context, body []byte, cut bool) (*mismatch, error) {
	if cut { // what is not whole is not JSON
		return &mismatch{expected: fmt.Sprintf("json: the body has more than %d bytes, and is read no further", len(body))}, nil
	}
	leave, err := turn(ctx, body)
	if err != nil {
		return nil, err
	}
	defer leave()
	root, err := decodeJSON(body)
	switch {
	case err != nil:
		return &mismatch{expected: "json: " + err.Error(), came: beginning(body), opens: len(body) > 0}, nil
	}
	holds, err := c.holds(ctx, facts{Body: root})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return &mismatch{expected: "json: " + c.short() + " cannot be decided: " + text.Printable(err.Error(), maxCame), came: c.saw(root), facts: true}, nil
	case !holds:
		return &mismatch{expected: "json: " + c.short() + " is false", came: c.saw(root), facts: true}, nil
	}
	return nil, nil
}

func (c *Condition) short() string {
	return text.Printable(strings.Join(strings.Fields(c.written), " "), maxWritten)
}

// holds evaluates the condition.
func (c *Condition) holds(ctx context.Context, known facts) (bool, error) {
	m := meter{ctx: ctx, patterns: c.patterns}
	known.Step, known.Match = m.step, m.match
	result, err := vm.Run(c.program, known)
	if err != nil {
		if bad, ok := errors.AsType[*file.Error](err); ok {
			return false, errors.New(bad.Message)
		}
		return false, err
	}
	holds, ok := result.(bool)
	if !ok {
		return false, fmt.Errorf("it is %s, not true or false", told(result))
	}
	return holds, nil
}

// meter bounds what an evaluation takes.
type meter struct {
	ctx      context.Context
	patterns []*Pattern
	steps    uint
	memory   int
}

const maxMemory = 16 << 20

var errMemory = errors.New("it needs more than 16 MiB")

// step takes the result for one item of a list, and hands it on.
func (m *meter) step(args ...any) any {
	switch v := args[0].(type) {
	case string:
		m.memory += len(v)
	case []any:
		m.memory += 16 * len(v)
	}
	const often = 16
	if m.steps++; m.steps%often == 0 && m.ctx.Err() != nil {
		panic(m.ctx.Err())
	}
	if m.memory > maxMemory {
		panic(errMemory)
	}
	return args[0]
}

// match is the operator "matches".
func (m *meter) match(args ...any) any {
	s, ok := args[0].(string)
	if !ok {
		panic(fmt.Errorf("%s matches nothing; only a text does", told(args[0])))
	}
	found, err := m.patterns[args[1].(int)].match(m.ctx, []byte(s))
	if err != nil {
		panic(err)
	}
	return found
}
