package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// variables learns the names that a condition gives itself (let x = ...; x > 1).
type variables struct{ own []string }

// Visit is called for every node.
func (v *variables) Visit(node *ast.Node) {
	if n, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		v.own = append(v.own, n.Name)
	}
}

// patcher changes the tree of a condition before it is compiled: names become parts of the
// body, what is done for each item of a list passes the meter, "matches" becomes a search whose time
// is bounded. It refuses what cannot be bounded.
type patcher struct {
	names    variables
	ofBody   bool
	made     map[ast.Node]bool // nodes that stand for a name
	patterns []*Pattern
	reads    map[ast.Node]glance
	order    int
	err      error
}

// glance is a part of the body that a condition looks at.
type glance struct {
	written string
	path    []any // texts and whole numbers
	order   int
}

// Visit is called for every node, children first.
func (p *patcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		p.name(node, n)
	case *ast.MemberNode:
		p.member(n)
	case *ast.ChainNode:
		p.pass(n.Node, n)
	case *ast.PredicateNode:
		n.Node = p.call("$step", n.Node, n.Node)
	case *ast.BinaryNode:
		switch n.Operator {
		case "matches":
			p.matches(node, n)
		case "..":
			p.span(n)
		}
	case *ast.CallNode:
		p.function(n)
	case *ast.BuiltinNode:
		if n.Name == "date" && len(n.Arguments) > 2 {
			p.fail(n, "date takes a text and its format; a zone would have to be read from disk")
		}
	case *ast.ArrayNode, *ast.MapNode:
		p.literal(n)
	}
}

func (p *patcher) fail(at ast.Node, problem string) {
	if p.err == nil {
		p.err = &SyntaxError{at.Location().From, problem}
	}
}

// name makes a name of the body's out of one that is no variable.
func (p *patcher) name(node *ast.Node, n *ast.IdentifierNode) {
	switch {
	case strings.HasPrefix(n.Value, "$"):
		p.fail(n, "there is no name "+quoted(n.Value)+"; use those of the body")
	case slices.Contains(p.names.own, n.Value):
	case n.Value == "body":
		p.reads[n] = glance{}
	case p.ofBody:
		body := &ast.IdentifierNode{Value: "body"}
		key := &ast.StringNode{Value: n.Value}
		part := &ast.MemberNode{Node: body, Property: key}
		for _, made := range []ast.Node{body, key, part} {
			made.SetLocation(n.Location())
		}
		p.made[part] = true
		p.read(part, glance{}, n.Value, n.Value)
		*node = part
	}
}

// member notes which part of the body is read.
func (p *patcher) member(n *ast.MemberNode) {
	base, ok := p.reads[n.Node]
	if !ok {
		return
	}
	whole := cmp.Or(base.written, "body")
	switch key := indexOf(n.Property).(type) {
	case string:
		written := whole + "[" + strconv.Quote(key) + "]"
		if plainName(key) {
			written = strings.TrimPrefix(base.written+"."+key, ".")
		}
		p.read(n, base, written, key)
	case int:
		p.read(n, base, whole+"["+strconv.Itoa(key)+"]", key)
	default:
		return
	}
	delete(p.reads, n.Node)
}

// indexOf is a text or a whole number that is written out; nil for anything else.
func indexOf(n ast.Node) any {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.UnaryNode:
		if number, ok := n.Node.(*ast.IntegerNode); ok && n.Operator == "-" {
			return -number.Value
		}
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func (p *patcher) read(node ast.Node, base glance, written string, key any) {
	p.order++
	p.reads[node] = glance{written, append(slices.Clone(base.path), key), p.order}
}

func (p *patcher) pass(from, to ast.Node) {
	if read, ok := p.reads[from]; ok {
		delete(p.reads, from)
		p.reads[to] = read
	}
}

// call is a call of one of the meter's functions.
func (p *patcher) call(function string, at ast.Node, args ...ast.Node) ast.Node {
	callee := &ast.IdentifierNode{Value: function}
	call := &ast.CallNode{Callee: callee, Arguments: args}
	callee.SetLocation(at.Location())
	call.SetLocation(at.Location())
	return call
}

func (p *patcher) matches(node *ast.Node, n *ast.BinaryNode) {
	written, ok := n.Right.(*ast.StringNode)
	if !ok {
		p.fail(n.Right, `matches needs a regular expression that is written out, such as name matches "^web"`)
		return
	}
	pattern, err := ParsePattern(written.Value)
	if bad, ok := errors.AsType[*SyntaxError](err); ok {
		p.fail(n.Right, bad.Problem)
		return
	}
	number := &ast.IntegerNode{Value: len(p.patterns)}
	number.SetLocation(n.Right.Location())
	p.patterns = append(p.patterns, pattern)
	*node = p.call("$match", n, n.Left, number)
}

// span refuses ranges that would be long lists.
func (p *patcher) span(n *ast.BinaryNode) {
	const most = 1000
	from, begins := n.Left.(*ast.IntegerNode)
	to, ends := n.Right.(*ast.IntegerNode)
	if !begins || !ends || to.Value-from.Value > most {
		p.fail(n, fmt.Sprintf("a range goes from one whole number that is written out to another, at most %d apart; compare with < and > instead", most))
	}
}

// function refuses functions that there are not. Methods belong to dates and durations.
func (p *patcher) function(n *ast.CallNode) {
	name := ""
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		name = callee.Value
	case *ast.MemberNode:
		if !p.made[callee] {
			return
		}
		name = callee.Property.(*ast.StringNode).Value
	default:
		return
	}
	p.fail(n.Callee, fmt.Sprintf("there is no function %s; those there are: %s", quoted(name), strings.Join(allowed, " ")))
}

// literal refuses lists and objects of anything but constants: in a loop they would grow.
func (p *patcher) literal(n ast.Node) {
	nodes := []ast.Node{n}
	for len(nodes) > 0 {
		next := nodes[0]
		nodes = nodes[1:]
		switch x := next.(type) {
		case *ast.ArrayNode:
			nodes = append(nodes, x.Nodes...)
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NilNode, *ast.UnaryNode:
		default:
			p.fail(next, "a list holds only texts, numbers, true, false and nil here, and objects cannot be written")
			return
		}
	}
}

// shown lists the parts of the body that are read, in the order of the condition.
func (p *patcher) shown() []glance {
	const most = 4
	var all []glance
	for _, read := range p.reads {
		twice := slices.ContainsFunc(all, func(r glance) bool { return r.written == read.written })
		if read.written != "" && !twice {
			all = append(all, read)
		}
	}
	slices.SortFunc(all, func(a, b glance) int { return a.order - b.order })
	return all[:min(len(all), most)]
}

// saw tells what the body has where the condition looks at it.
func (c *Condition) saw(root any) string {
	var all []string
	for i := range c.reads {
		all = append(all, c.reads[i].in(root))
	}
	if len(all) == 0 {
		return "the body is " + told(root)
	}
	return strings.Join(all, ", ")
}

// in tells what the part is.
func (r *glance) in(root any) string {
	value, secret := root, false
	for _, key := range r.path {
		found := false
		switch key := key.(type) {
		case string:
			secret = secret || confides(key)
			object, _ := value.(map[string]any)
			value, found = object[key]
		case int:
			list, _ := value.([]any)
			if key < 0 {
				key += len(list)
			}
			if found = key >= 0 && key < len(list); found {
				value = list[key]
			}
		}
		if !found {
			return r.written + " is missing"
		}
	}
	if s, ok := value.(string); ok && secret {
		return fmt.Sprintf("%s is a text of %d", r.written, len(s))
	}
	return r.written + " is " + told(value)
}
