// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test holds the documentation to what the code does.
package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) { env.Main(m) }

const root = "../.."

// pages are the Markdown files of the repository that are for its users.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{filepath.Join(root, "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestExamplesApply(t *testing.T) {
	ns, tried := env.Namespace(t), 0
	for _, page := range pages(t) {
		for _, block := range yamlBlock.FindAllStringSubmatch(read(t, page), -1) {
			var object unstructured.Unstructured
			if err := yaml.UnmarshalStrict([]byte(block[1]), &object.Object); err != nil {
				t.Errorf("%s: %v in\n%s", page, err, block[1])
				continue
			}
			object.SetNamespace(ns)
			if err := env.Client(t).Create(t.Context(), &object, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
				t.Errorf("%s: %v in\n%s", page, err, block[1])
			}
			tried++
		}
	}
	if tried < 5 {
		t.Errorf("found %d examples: is this where they are?", tried)
	}
}

var reason = regexp.MustCompile(`(?m)^\s*(?:Reason|Condition)\w+\s*=\s*"(\w+)"`)

func TestEveryConditionAndReasonIsDocumented(t *testing.T) {
	docs := read(t, filepath.Join(root, "docs", "conditions.md"))
	names := reason.FindAllStringSubmatch(read(t, filepath.Join(root, "api", "v1alpha1", "conditions.go")), -1)
	if len(names) < 20 {
		t.Fatalf("found %d conditions and reasons: is this where they are?", len(names))
	}
	for _, name := range names {
		if !strings.Contains(docs, "`"+name[1]+"`") {
			t.Errorf("docs/conditions.md does not mention %s", name[1])
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, target := range link.FindAllStringSubmatch(read(t, page), -1) {
			path := filepath.Join(filepath.Dir(page), target[1])
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s links to %s, which is not there", page, target[1])
			}
		}
	}
}
