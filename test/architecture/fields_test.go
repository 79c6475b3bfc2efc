// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package architecture_test

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// written are the kinds that people write.
var written = []string{"Organization", "Role", "SeatPool", "Team", "User"}

// silent are the fields of a spec that the operator does not read, and why they are there.
var silent = map[string]string{
	"SeatPool.spec.displayName": "a label for people, which the plugin shows",
	"SeatPool.spec.plan":        "a label for people, which the plugin and kubectl get show",
}

// operator is the command whose packages act on what is declared. What others read, such as the plugin, is not acted on by that.
const operator = "cmd/seatkeeper"

// No field of a spec is accepted and then not acted on: the code of the operator reads each of them, or it is said here why not.
func TestEveryFieldIsRead(t *testing.T) {
	product := open(root)
	fields, err := product.fields()
	if err != nil {
		t.Fatal(err)
	}
	if len(fields) < 80 {
		t.Fatalf("the specs have %d fields: is this where they are?", len(fields))
	}
	packages, err := list()
	if err != nil {
		t.Fatal(err)
	}
	read, err := product.read(parts(packages, operator))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		why, excused := silent[path]
		switch at := read[fields[path].Origin()]; {
		case at == "" && !excused:
			t.Errorf("%s is accepted, and nothing in the operator reads it: act on it, or say in silent why it is there", path)
		case at != "" && excused:
			t.Errorf("%s is said not to be read (%s), and %s reads it", path, why, at)
		}
	}
	for path := range silent {
		if fields[path] == nil {
			t.Errorf("%s is said not to be read, and there is no such field", path)
		}
	}
}

// fields are those of the specs, by paths such as User.spec.email.
func (s *source) fields() (map[string]*types.Var, error) {
	l, err := s.load("api/v1alpha1")
	if err != nil {
		return nil, err
	}
	fields := map[string]*types.Var{}
	for _, kind := range written {
		spec, ok := l.types.Scope().Lookup(kind + "Spec").(*types.TypeName)
		if !ok {
			return nil, errors.New("there is no " + kind + "Spec")
		}
		walk(kind+".spec", spec.Type(), fields)
	}
	return fields, nil
}

// walk adds the fields of a type, and of what it is made of, as far as it is ours.
func walk(path string, t types.Type, fields map[string]*types.Var) {
	switch t := t.(type) {
	case *types.Pointer:
		walk(path, t.Elem(), fields)
	case *types.Slice:
		walk(path+"[]", t.Elem(), fields)
	case *types.Map:
		walk(path+"{}", t.Elem(), fields)
	case *types.Named:
		if t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == apiPackage {
			walk(path, t.Underlying(), fields)
		}
	case *types.Struct:
		for i := range t.NumFields() {
			name, _, _ := strings.Cut(reflect.StructTag(t.Tag(i)).Get("json"), ",")
			at := path + "." + name
			if name == "" { // inlined
				at = path
			} else {
				fields[at] = t.Field(i)
			}
			walk(at, t.Field(i).Type(), fields)
		}
	}
}

// parts are the directories of the packages that a command is made of, but for the API, whose code is generated for all of its fields.
func parts(packages []pkg, command string) []string {
	at := slices.IndexFunc(packages, func(p pkg) bool { return p.ImportPath == module+"/"+command })
	if at < 0 {
		return nil
	}
	dirs := []string{command}
	for _, dep := range packages[at].Deps {
		if dir := within(dep); dir != "" && dep != apiPackage {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// read are the fields that the code in these directories reads, each with a place where it does. To set a field is not to read it.
func (s *source) read(dirs []string) (map[*types.Var]string, error) {
	read := map[*types.Var]string{}
	for _, dir := range dirs {
		l, err := s.load(dir)
		if err != nil {
			return nil, err
		}
		for _, file := range l.files {
			l.reads(file, func(v *types.Var, pos token.Pos) { read[v] = s.at(pos) })
		}
	}
	return read, nil
}

// reads tells of each field that a file selects to read it.
func (l *loaded) reads(file *ast.File, tell func(*types.Var, token.Pos)) {
	set := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				set[left] = n.Tok == token.ASSIGN
			}
		case *ast.SelectorExpr:
			if v, ok := l.info.Uses[n.Sel].(*types.Var); ok && v.IsField() && !set[n] {
				tell(v.Origin(), n.Pos())
			}
		}
		return true
	})
}
