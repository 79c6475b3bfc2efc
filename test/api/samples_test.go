// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/test/env"
)

// TestSamplesApply holds that the API server takes everything under config/samples.
func TestSamplesApply(t *testing.T) {
	const samples = "../../config/samples"
	c, ns := env.Client(t), env.Namespace(t)
	applied := 0
	err := filepath.WalkDir(samples, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" || entry.Name() == "kustomization.yaml" {
			return err
		}
		t.Run(strings.TrimPrefix(path, samples+"/"), func(t *testing.T) {
			for _, obj := range documents(t, path) {
				if namespaced, err := c.IsObjectNamespaced(obj); err != nil {
					t.Fatal(err)
				} else if namespaced {
					obj.SetNamespace(ns)
				}
				apply := client.ApplyConfigurationFromUnstructured(obj)
				if err := c.Apply(t.Context(), apply, client.FieldOwner("samples"), client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
				}
				applied++
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if applied == 0 {
		t.Fatalf("there are no samples in %s", samples)
	}
}

// documents are the objects in a file of YAML.
func documents(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var objects []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(file))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		obj := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &obj.Object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(obj.Object) > 0 {
			objects = append(objects, obj)
		}
	}
}
