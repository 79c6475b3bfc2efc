// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package invitation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// kind is what a value in a template is.
type kind int

const (
	// unknown is the kind of what was complained about already.
	kindUnknown kind = iota
	kindNothing
	kindMail
	kindRoles
	kindRole
	kindText
	kindNumber
	kindTruth
	kindMixture
)

var kindNames = map[kind]string{
	kindNothing: "nothing", kindMail: "the whole mail", kindRoles: "a list of roles", kindRole: "a role", kindText: "text", kindNumber: "a number",
	kindTruth: "a truth value", kindMixture: "a mixture of kinds",
}

// field is something that a template may name with a dot.
type field struct {
	name string
	kind kind
}

// fields are what the templates may show, in the order in which they are told.
var fields = map[kind][]field{
	kindMail: {
		{"Organization", kindText},
		{"Email", kindText},
		{"GivenName", kindText},
		{"FullName", kindText},
		{"Roles", kindRoles},
		{"Link", kindText},
		{"Until", kindText},
		{"Reminder", kindNumber},
		{"Locale", kindText},
	},
	kindRole: {{"Name", kindText}, {"Description", kindText}},
}

// checker finds what is wrong with a template without running it, in branches as well that samples do not take. It
// also counts the steps, so that what passes comes to an end soon: a template has no loop but over the roles, and none
// within that.
type checker struct {
	source string
	trees  map[string]*parse.Tree
	// report takes what is wrong, with its line.
	report func(line int, message string)
	// limit is how many steps there may be.
	limit int
	// steps are those of the templates that are done, open those that are under way.
	steps map[use]int
	open  map[string]bool
}

// use is a way in which a template is used.
type use struct {
	name    string
	dot     kind
	looping bool
}

// check reports what is wrong with a template and all that it defines, and returns its steps.
func (c *checker) check(name string) int {
	total := c.visit(use{name: name, dot: kindMail})
	used := map[string]bool{}
	for at := range c.steps {
		used[at.name] = true
	}
	for _, other := range slices.Sorted(maps.Keys(c.trees)) {
		if !used[other] { // nobody sees it, but whoever uses it one day wants to know
			total += c.visit(use{name: other, dot: kindMail})
		}
	}
	if total > c.limit {
		c.report(0, fmt.Sprintf("it takes more than %d steps, counting a template each time that it is used: shorten it", c.limit))
	}
	return total
}

// visit checks a template in one of its uses, once, and returns its steps.
func (c *checker) visit(at use) int {
	if steps, done := c.steps[at]; done {
		return steps
	}
	c.open[at.name] = true
	b := &body{checker: c, use: at}
	b.list(c.trees[at.name].Root, at.dot)
	delete(c.open, at.name)
	c.steps[at] = b.steps
	return b.steps
}

// body is a template that is being checked, in one of its uses.
type body struct {
	*checker
	use

	steps int
	// variables are those in scope, the latest last.
	variables []field
}

func (b *body) wrong(at parse.Node, format string, args ...any) {
	b.report(lineOf(b.source, int(at.Position())), fmt.Sprintf(format, args...))
}

// step counts n steps; beyond the limit it does not matter how many.
func (b *body) step(n int) { b.steps = min(b.steps+n, b.limit+1) }

func (b *body) list(l *parse.ListNode, dot kind) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		b.step(1)
		b.node(n, dot)
	}
}

// node checks a node that stands for itself. Those that are not mentioned have nothing to check.
func (b *body) node(n parse.Node, dot kind) {
	switch n := n.(type) {
	case *parse.ActionNode:
		k := b.pipe(n.Pipe, dot)
		if len(n.Pipe.Decl) == 0 && !shown(k) {
			b.wrong(n, "it shows %s: show a text or a number; a role has .Name and .Description, and {{range .Roles}} goes through all", kindNames[k])
		}
	case *parse.IfNode:
		b.branch(&n.BranchNode, dot, func(kind) kind { return dot })
	case *parse.WithNode:
		b.branch(&n.BranchNode, dot, func(k kind) kind { return k })
	case *parse.RangeNode:
		b.loop(n, dot)
	case *parse.TemplateNode:
		b.template(n, dot)
	}
}

func (b *body) branch(n *parse.BranchNode, dot kind, inner func(kind) kind) {
	outside := len(b.variables)
	k := b.pipe(n.Pipe, dot)
	inside := len(b.variables)
	b.list(n.List, inner(k))
	b.variables = b.variables[:inside]
	b.list(n.ElseList, dot)
	b.variables = b.variables[:outside]
}

func (b *body) loop(n *parse.RangeNode, dot kind) {
	outside := len(b.variables)
	if k := b.commands(n.Pipe, dot); k != kindRoles && k != kindUnknown {
		b.wrong(n, "it goes through %s: only .Roles can be gone through with range", kindNames[k])
	}
	if b.looping {
		b.wrong(n, "a range within a range: go through .Roles once")
		return
	}
	kinds := []kind{kindRole}
	if len(n.Pipe.Decl) == 2 {
		kinds = []kind{kindNumber, kindRole}
	}
	for i, v := range n.Pipe.Decl {
		b.set(n.Pipe, v, kinds[i])
	}
	inside := len(b.variables)
	b.looping = true
	b.list(n.List, kindRole)
	b.looping = false
	b.variables = b.variables[:inside]
	b.list(n.ElseList, dot)
	b.variables = b.variables[:outside]
}

func (b *body) template(n *parse.TemplateNode, dot kind) {
	handed := kindNothing
	if n.Pipe != nil {
		handed = b.pipe(n.Pipe, dot)
	}
	switch {
	case b.trees[n.Name] == nil || parse.IsEmptyTree(b.trees[n.Name].Root):
		b.wrong(n, "there is no template %q: write it with {{define %q}}, in the same key", n.Name, n.Name)
	case b.open[n.Name]:
		b.wrong(n, "the template %q uses itself and would never end", n.Name)
	default:
		b.step(b.visit(use{n.Name, handed, b.looping}))
	}
}

// pipe checks a pipeline and what it sets, and returns the kind of its value.
func (b *body) pipe(n *parse.PipeNode, dot kind) kind {
	k := b.commands(n, dot)
	for _, v := range n.Decl {
		b.set(n, v, k)
	}
	return k
}

func (b *body) commands(n *parse.PipeNode, dot kind) kind {
	var piped []kind
	for _, c := range n.Cmds {
		piped = []kind{b.command(c, dot, piped)}
	}
	if len(piped) == 0 {
		return kindUnknown
	}
	return piped[0]
}

// set gives a variable its kind, which it then keeps.
func (b *body) set(n *parse.PipeNode, v *parse.VariableNode, k kind) {
	name := v.Ident[0]
	if !n.IsAssign {
		b.variables = append(b.variables, field{name, k})
		return
	}
	if was := b.variable(v); was != k && was != kindUnknown && k != kindUnknown {
		b.wrong(v, "%s is %s and cannot become %s: take another variable", name, kindNames[was], kindNames[k])
	}
}

func (b *body) variable(v *parse.VariableNode) kind {
	name := v.Ident[0]
	if name == "$" {
		return b.dot
	}
	for _, known := range slices.Backward(b.variables) {
		if known.name == name {
			return known.kind
		}
	}
	b.wrong(v, "there is no variable %s here: set it outside the branch", name)
	return kindUnknown
}

// command checks a function with its arguments, or a value alone. What comes through a pipe is the last argument.
func (b *body) command(n *parse.CommandNode, dot kind, piped []kind) kind {
	var kinds []kind
	for _, arg := range n.Args[1:] {
		kinds = append(kinds, b.operand(arg, dot))
	}
	kinds = append(kinds, piped...)
	if id, ok := n.Args[0].(*parse.IdentifierNode); ok {
		b.step(1)
		if len(n.Args) > 1 && id.Ident == "printf" {
			b.format(n.Args[1])
		}
		return b.function(id, kinds)
	}
	if len(kinds) > 0 {
		b.wrong(n, "%s is no function and takes nothing", n.Args[0])
	}
	return b.operand(n.Args[0], dot)
}

// format checks the format of a printf that is written down.
func (b *body) format(n parse.Node) {
	if s, ok := n.(*parse.StringNode); ok {
		if err := checkFormat(s.Text); err != nil {
			b.wrong(n, "printf: %v", err)
		}
	}
}

func (b *body) operand(n parse.Node, dot kind) kind {
	b.step(1)
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return b.path(n, dot, n.Ident)
	case *parse.VariableNode:
		return b.path(n, b.variable(n), n.Ident[1:])
	case *parse.ChainNode:
		return b.path(n, b.operand(n.Node, dot), n.Field)
	case *parse.PipeNode:
		return b.pipe(n, dot)
	case *parse.IdentifierNode:
		return b.function(n, nil)
	}
	return b.constant(n)
}

func (b *body) constant(n parse.Node) kind {
	switch n := n.(type) {
	case *parse.StringNode:
		return kindText
	case *parse.BoolNode:
		return kindTruth
	case *parse.NumberNode:
		if !n.IsInt || strings.ContainsAny(n.Text, ".eEpP") {
			b.wrong(n, "%s: use whole numbers", n.Text)
		}
		return kindNumber
	}
	b.wrong(n, "%s is no value here", n)
	return kindUnknown
}

// path follows names from a value.
func (b *body) path(n parse.Node, k kind, names []string) kind {
	for _, name := range names {
		i := slices.IndexFunc(fields[k], func(f field) bool { return f.name == name })
		if i < 0 {
			if k != kindUnknown {
				b.wrong(n, "%s", b.lacks(k, name))
			}
			return kindUnknown
		}
		k = fields[k][i].kind
	}
	return k
}

// lacks says that a value of a kind has nothing of this name, and what there is.
func (b *body) lacks(k kind, name string) string {
	var known []string
	for _, f := range fields[k] {
		known = append(known, "."+f.name)
	}
	switch {
	case k == kindMail:
		return "there is no variable ." + name + ": use one of " + strings.Join(known, ", ")
	case k == kindRole && b.dot == kindMail && slices.ContainsFunc(fields[kindMail], func(f field) bool { return f.name == name }):
		return "a role has no ." + name + ": use one of " + strings.Join(known, ", ") + ", or $." + name + " for that of the mail"
	case k == kindRole:
		return "a role has no ." + name + ": use one of " + strings.Join(known, ", ")
	case k == kindNothing:
		return "there is no ." + name + " here: hand it to the template, as in {{template \"x\" .}}"
	}
	return "there is no ." + name + " here: the value before it is " + kindNames[k]
}

// function checks a call of a function and returns the kind of its value.
func (b *body) function(n *parse.IdentifierNode, args []kind) kind {
	f, found := signatures[n.Ident]
	if !found {
		b.wrong(n, "there is no function %s: use one of %s", n.Ident, functionNames)
		return kindUnknown
	}
	if len(args) < f.least || f.most > 0 && len(args) > f.most {
		b.wrong(n, "%s: %d arguments are too few or too many", n.Ident, len(args))
		return kindUnknown
	}
	if f.takes != nil && !slices.Contains(args, kindUnknown) && !f.takes(args) {
		b.wrong(n, "%s: %s", n.Ident, f.hint)
		return kindUnknown
	}
	return f.gives(args)
}

// signature is what a function takes and gives.
type signature struct {
	// least and most arguments; most is 0 where there is no end.
	least, most int
	// takes refuses arguments with hint; nil takes any.
	takes func(args []kind) bool
	hint  string
	gives func(args []kind) kind
}

// signatures are the functions that templates may use: those of the standard library, except what runs other code
// (call) or has no use in a mail (js, slice).
var signatures = map[string]signature{
	"and": {least: 1, gives: common},
	"or":  {least: 1, gives: common},
	"not": {least: 1, most: 1, gives: always(kindTruth)},
	"len": {least: 1, most: 1, takes: only(kindText, kindRoles), hint: "it counts the roles or the bytes of a text", gives: always(kindNumber)},
	"index": {least: 2, most: 2, takes: indexes, hint: "it takes .Roles or a text, and a number", gives: func(args []kind) kind {
		return map[kind]kind{kindRoles: kindRole, kindText: kindNumber}[args[0]]
	}},
	"eq": compares(0, kindText, kindNumber, kindTruth), "ne": compares(2, kindText, kindNumber, kindTruth),
	"lt": compares(2, kindText, kindNumber), "le": compares(2, kindText, kindNumber), "gt": compares(2, kindText, kindNumber), "ge": compares(2, kindText, kindNumber),
	"print": prints(0), "println": prints(0), "html": prints(1), "urlquery": prints(1),
	"printf": {
		least: 1, takes: func(args []kind) bool { return args[0] == kindText && prints(1).takes(args) },
		hint: "it takes a format, and text, numbers and truth values", gives: always(kindText),
	},
}

var functionNames = strings.Join([]string{
	"and", "or", "not", "len", "index", "eq", "ne", "lt", "le", "gt", "ge", "print", "printf", "println", "html", "urlquery",
}, ", ")

// shown says that people can read a value of a kind.
func shown(k kind) bool {
	return k == kindUnknown || k == kindText || k == kindNumber || k == kindTruth
}

func always(k kind) func([]kind) kind { return func([]kind) kind { return k } }

// only takes arguments of these kinds.
func only(kinds ...kind) func([]kind) bool {
	return func(args []kind) bool {
		return !slices.ContainsFunc(args, func(k kind) bool { return !slices.Contains(kinds, k) })
	}
}

func indexes(args []kind) bool {
	return (args[0] == kindRoles || args[0] == kindText) && args[1] == kindNumber
}

func compares(most int, kinds ...kind) signature {
	return signature{
		least: 2, most: most, gives: always(kindTruth), hint: "it compares text with text, or a number with a number",
		takes: func(args []kind) bool { return only(kinds...)(args) && only(args[0])(args) },
	}
}

func prints(least int) signature {
	return signature{least: least, takes: only(kindText, kindNumber, kindTruth), hint: "it takes text, numbers and truth values", gives: always(kindText)}
}

// common is the kind of all, or else a mixture.
func common(args []kind) kind {
	switch {
	case slices.Contains(args, kindUnknown):
		return kindUnknown
	case only(args[0])(args):
		return args[0]
	}
	return kindMixture
}
