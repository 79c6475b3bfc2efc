// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package architecture_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const apiPackage = module + "/api/v1alpha1"

// generics alone write the status of any kind, for their callers. A call of such a function counts as the caller's.
var generics = []string{"internal/loop", "internal/groups"}

// plugin is where people act.
const plugin = "cmd/kubectl-seatkeeper/cli"

// writers are the packages that write the status of a kind and, of the kinds that the operator makes, the
// objects.
var writers = map[string][]string{
	"Organization": {"controllers/organization"},
	"User":         {"controllers/user", "internal/portal"}, // the portal records answers
	"Role":         {"controllers/role"},
	"SeatPool":     {"controllers/seatpool"},
	"Team":         {"controllers/team"},
	"SeatSlice":    {"controllers/seatpool"},
	"ArchivedUser": {"controllers/user", "controllers/archiveduser"}, // the latter ends them
}

// made are the kinds that the operator makes. Of the others, people make the objects, and the operator does no
// more than patch finalizers.
var made = []string{"SeatSlice", "ArchivedUser"}

func TestWriters(t *testing.T) {
	product := open(root)
	broken, err := product.writes("cmd", "controllers", "internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
	for kind, packages := range writers {
		for _, dir := range packages {
			if !product.seen[dir+" "+kind] {
				t.Errorf("%s is not seen to write %s: either it does not, or this test does not see what it should", dir, kind)
			}
		}
	}
}

// TestWritersAreJudged runs the check on a small product, in which a comment says what is wrong with a line.
func TestWritersAreJudged(t *testing.T) {
	const small = "testdata/product"
	product := open(small)
	got, err := product.writes("controllers", "internal")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range product.loaded {
		for _, file := range l.files {
			for _, group := range file.Comments {
				for _, comment := range group.List {
					if text, ok := strings.CutPrefix(comment.Text, "// WRONG: "); ok {
						want = append(want, product.at(comment.Pos())+": "+text)
					}
				}
			}
		}
	}
	slices.Sort(want)
	if len(want) == 0 {
		t.Fatalf("nothing is wrong in %s: the test tests nothing", small)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// source is a module, type-checked as far as the module itself goes: what others export is unknown, and does
// not matter here.
type source struct {
	root   string
	fset   *token.FileSet
	loaded map[string]*loaded
	// seen are the packages that write, each with what: "controllers/user User".
	seen map[string]bool
}

func open(root string) *source {
	return &source{root: root, fset: token.NewFileSet(), loaded: map[string]*loaded{}, seen: map[string]bool{}}
}

type loaded struct {
	types *types.Package
	info  types.Info
	files []*ast.File
}

// Import implements types.Importer.
func (s *source) Import(importPath string) (*types.Package, error) {
	dir := within(importPath)
	if dir == "" {
		return nil, errors.New("not of this module")
	}
	l, err := s.load(dir)
	if err != nil {
		return nil, err
	}
	return l.types, nil
}

func (s *source) load(dir string) (*loaded, error) {
	if l := s.loaded[dir]; l != nil {
		return l, nil
	}
	l := &loaded{info: types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}}
	names, err := filepath.Glob(filepath.Join(s.root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parsing: %w", err)
		}
		l.files = append(l.files, file)
	}
	config := types.Config{Importer: s, Error: func(error) {}} // of what others export
	l.types, _ = config.Check(module+"/"+dir, s.fset, l.files, &l.info)
	s.loaded[dir] = l
	return l, nil
}

// writes says which writes in these directories are not for their package to make, by place.
func (s *source) writes(dirs ...string) ([]string, error) {
	generic, err := s.generic()
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(s.root, dir), func(name string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || !entry.IsDir() {
				return err
			}
			rel, err := filepath.Rel(s.root, name)
			if err != nil {
				return err
			}
			l, err := s.load(filepath.ToSlash(rel))
			if err != nil {
				return err
			}
			broken = append(broken, s.judge(filepath.ToSlash(rel), l, generic)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(broken)
	return broken, nil
}

// generic are the functions that write a status for others, by themselves or through each other.
func (s *source) generic() (map[types.Object]bool, error) {
	found := map[types.Object]bool{}
	for _, dir := range generics {
		l, err := s.load(dir)
		if err != nil {
			return nil, err
		}
		for l.grow(found) {
			continue
		}
	}
	return found, nil
}

// grow finds those of a package, beside those that were found.
func (l *loaded) grow(found map[types.Object]bool) (grown bool) {
	for _, file := range l.files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || found[l.info.Defs[f.Name]] {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && (statusWrite(call) || found[l.callee(call)]) {
					found[l.info.Defs[f.Name]], grown = true, true
				}
				return true
			})
		}
	}
	return grown
}

// judge says which writes in a package are not its own to make.
func (s *source) judge(dir string, l *loaded, generic map[types.Object]bool) []string {
	var broken []string
	say := func(call *ast.CallExpr, format string, args ...any) {
		broken = append(broken, s.at(call.Pos())+": "+fmt.Sprintf(format, args...))
	}
	may := func(kind string) bool {
		s.seen[dir+" "+kind] = true
		return slices.Contains(writers[kind], dir)
	}
	inspect := func(call *ast.CallExpr) {
		kinds := l.kinds(call)
		switch {
		case statusWrite(call) || generic[l.callee(call)]:
			if len(kinds) == 0 && !slices.Contains(generics, dir) {
				say(call, "writes the status of what cannot be told: hand over the kind's own type")
			}
			for _, kind := range kinds {
				if !may(kind) {
					say(call, "writes the status of %s, which is for %s", kind, strings.Join(writers[kind], " and "))
				}
			}
		case statusWriter(call):
			say(call, "keeps a status writer: call it at once")
		case objectWrite(call):
			for _, kind := range kinds {
				switch {
				case slices.Contains(made, kind):
					if !may(kind) {
						say(call, "writes %s, which is for %s", kind, strings.Join(writers[kind], " and "))
					}
				case dir == plugin: // does what the people who call it tell it to
				case method(call) != "Patch":
					say(call, "makes, changes or deletes %s, which is for people", kind)
				}
			}
		}
	}
	for _, file := range l.files {
		called := map[ast.Expr]bool{} // a status writer whose method is called at once
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok {
				called[f.X] = true
			}
			if !called[call] || !statusWriter(call) {
				inspect(call)
			}
			return true
		})
	}
	return broken
}

// at is a place below the root.
func (s *source) at(pos token.Pos) string {
	p := s.fset.Position(pos)
	rel, err := filepath.Rel(s.root, p.Filename)
	if err != nil {
		rel = p.Filename
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(rel), p.Line)
}

// kinds are the kinds of this API among the arguments of a call, each once.
func (l *loaded) kinds(call *ast.CallExpr) []string {
	var kinds []string
	for _, arg := range call.Args {
		t := l.info.TypeOf(arg)
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		named, ok := t.(*types.Named)
		if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != apiPackage {
			continue
		}
		if kind := named.Obj().Name(); writers[kind] != nil && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// callee is the function or method that is called, nil when that cannot be told.
func (l *loaded) callee(call *ast.CallExpr) types.Object {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return l.info.Uses[f]
	case *ast.SelectorExpr:
		return l.info.Uses[f.Sel]
	}
	return nil
}

// method is the name of what is called, of a function in a package as well.
func method(call *ast.CallExpr) string {
	if f, ok := call.Fun.(*ast.SelectorExpr); ok {
		return f.Sel.Name
	}
	return ""
}

var writeMethods = []string{"Apply", "Create", "Patch", "Update"}

// statusWriter says that a call is client.Status() or client.SubResource("status").
func statusWriter(call *ast.CallExpr) bool {
	switch method(call) {
	case "Status":
		return len(call.Args) == 0
	case "SubResource":
		return len(call.Args) == 1 && types.ExprString(call.Args[0]) == `"status"`
	}
	return false
}

// statusWrite says that a call is a write through a status writer.
func statusWrite(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains(writeMethods, f.Sel.Name) {
		return false
	}
	through, ok := f.X.(*ast.CallExpr)
	return ok && statusWriter(through)
}

// objectWrite says that a call writes an object.
func objectWrite(call *ast.CallExpr) bool {
	name := method(call)
	return slices.Contains(writeMethods, name) || slices.Contains([]string{"CreateOrPatch", "CreateOrUpdate", "Delete", "DeleteAllOf"}, name)
}
