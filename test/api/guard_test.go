// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestEveryRuleIsTried holds that each rule in CEL has a case that it refuses, and one that it was asked about
// and accepts.
func TestEveryRuleIsTried(t *testing.T) {
	cases := slices.Concat(onCreate(), onUpdate, accessUpdateRules, onStatus, accessStatusRules, offboardingStatusRules, removalStatusRules)
	for kind, schema := range schemas(t) {
		for _, r := range celRules(schema, nil) {
			if r.message == "" {
				t.Errorf("%s: a rule on %s has no message", kind, strings.Join(r.path, "."))
				continue
			}
			if !slices.ContainsFunc(cases, func(c rule) bool { return c.kind == kind && c.want == r.message }) {
				t.Errorf("%s: no case is refused with %q", kind, r.message)
			}
			if !slices.ContainsFunc(cases, func(c rule) bool { return c.kind == kind && c.want == "" && has(t, c, r.path) }) {
				t.Errorf("%s: no accepted case has %s, where the rule %q is", kind, strings.Join(r.path, "."), r.message)
			}
		}
	}
}

// celRule is a rule of a schema and where it is.
type celRule struct {
	path    []string
	message string
}

// celRules are the rules at and below a place in a schema. A rule on the items of a list is taken for one on the
// list.
func celRules(schema apiextensionsv1.JSONSchemaProps, path []string) []celRule {
	var rules []celRule
	for _, v := range schema.XValidations {
		rules = append(rules, celRule{path, v.Message})
	}
	for name, property := range schema.Properties {
		rules = append(rules, celRules(property, append(slices.Clone(path), name))...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		for _, r := range celRules(*schema.Items.Schema, nil) {
			rules = append(rules, celRule{path, r.message})
		}
	}
	return rules
}

// has says that the object of a case has a field.
func has(t *testing.T, c rule, path []string) bool {
	_, found, err := unstructured.NestedFieldNoCopy(untyped(t, c.kind, typical("")[c.kind], c.set).Object, path...)
	return err == nil && found
}

// schemas are the schemas of the kinds, as the generated manifests have them.
func schemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		schemas[crd.Spec.Names.Kind] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	if len(schemas) != len(typical("")) {
		t.Fatalf("%d kinds have manifests, %d a typical object", len(schemas), len(typical("")))
	}
	return schemas
}
