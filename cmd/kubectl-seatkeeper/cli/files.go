// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	goyaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/people"
)

// longest is how many bytes the name of a file may have, on the file systems that there are.
const longest = 255

// file is one that an import writes.
type file struct {
	path string
	// text is what is written; nil when the file has it already.
	text []byte
	// comments says that the file has comments that the text has not.
	comments bool
}

// write writes the Users, and the Teams whose members change, to files. It writes none when one of them cannot be written.
func (j *job) write(ctx context.Context) error {
	files, err := j.files()
	if err != nil {
		return err
	}
	if people.Fatal(j.problems) {
		return j.refuse()
	}
	lost := 0
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.text == nil {
			continue
		}
		if err := replace(f.path, f.text); err != nil {
			return err
		}
		if f.comments {
			lost++
			if lost <= maxWarnings {
				j.note("%s had comments, which are lost: look for them in Git", f.path)
			}
		}
	}
	if lost > maxWarnings {
		j.note("and %d more files had comments, which are lost", lost-maxWarnings)
	}
	return nil
}

// files are all that are to be there. What keeps one from being written is reported.
func (j *job) files() ([]file, error) {
	var all []file
	add := func(line int, dir, kind, name string, spec any) error {
		f, wrong, err := j.file(dir, kind, name, spec)
		if wrong != "" {
			j.report(people.Problem{Line: line, Message: wrong})
		}
		all = append(all, f)
		return err
	}
	for k := range j.plan.Users {
		c := &j.plan.Users[k]
		if c.Whole == nil {
			continue
		}
		if err := add(c.Line(), j.outputDir, "User", c.Name, c.Whole); err != nil {
			return nil, err
		}
	}
	for k := range j.plan.Teams {
		c := &j.plan.Teams[k]
		if err := add(c.Line(), filepath.Join(j.outputDir, "teams"), "Team", c.Name, c.Whole.Spec); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// file is that of one object. When it is there with the same spec, it is left alone, and when it has another, all but the spec stays. What it
// has of anything else is wrong: it is not written over.
func (j *job) file(dir, kind, name string, spec any) (f file, wrong string, err error) {
	f.path = filepath.Join(dir, name+".yaml")
	if len(filepath.Base(f.path)) > longest {
		return f, fmt.Sprintf("%s %s has too long a name for a file: it may have %d characters", kind, name, longest-len(".yaml")), nil
	}
	object := map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": kind, "metadata": map[string]any{"name": name, "namespace": j.namespace}, "spec": spec,
	}
	if object, err = asYAML(object); err != nil {
		return f, "", fmt.Errorf("writing %s %s: %w", kind, name, err)
	}
	was, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return f, "", err
	default:
		before, ok := only(was)
		if !ok || !sameObject(before, object) {
			return f, fmt.Sprintf("%s is there, and is not %s %s alone: move it away, or write to another directory", f.path, kind, name), nil
		}
		if equality.Semantic.DeepEqual(before["spec"], object["spec"]) {
			return f, "", nil
		}
		before["spec"], object = object["spec"], before
		f.comments = commented(was)
	}
	f.text, err = yaml.Marshal(object)
	return f, "", err
}

// asYAML is a value as YAML has it.
func asYAML(value any) (map[string]any, error) {
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	return object, yaml.Unmarshal(text, &object)
}

// only is the object of a file; not if there is none, or another one.
func only(text []byte) (map[string]any, bool) {
	decoder := goyaml.NewDecoder(bytes.NewReader(text))
	var first, second goyaml.Node
	if decoder.Decode(&first) != nil || !errors.Is(decoder.Decode(&second), io.EOF) {
		return nil, false
	}
	var object map[string]any
	if err := yaml.Unmarshal(text, &object); err != nil {
		return nil, false
	}
	return object, true
}

// sameObject says that two objects have the same API version, kind, name and namespace. A file may leave the namespace to what applies it.
func sameObject(file, object map[string]any) bool {
	a, _ := file["metadata"].(map[string]any)
	b, _ := object["metadata"].(map[string]any)
	return file["apiVersion"] == object["apiVersion"] && file["kind"] == object["kind"] && a["name"] == b["name"] &&
		(a["namespace"] == nil || a["namespace"] == b["namespace"])
}

// commented says that a text in YAML has comments.
func commented(text []byte) bool {
	var document goyaml.Node
	return goyaml.Unmarshal(text, &document) == nil && remarks(&document)
}

func remarks(node *goyaml.Node) bool {
	if node.HeadComment != "" || node.LineComment != "" || node.FootComment != "" {
		return true
	}
	for _, inner := range node.Content {
		if remarks(inner) {
			return true
		}
	}
	return false
}

// replace writes a file. One that is cut short is not left behind.
func replace(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	part, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	if closing := part.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		_ = os.Remove(part.Name()) // the error says more
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
