// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/test/env"
)

// Events collects what is announced. It is an events.EventRecorder.
type Events struct {
	mu  sync.Mutex
	all []string
}

// Eventf implements events.EventRecorder.
func (e *Events) Eventf(regarding, _ runtime.Object, kind, reason, _, note string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := regarding.(client.Object).GetName()
	e.all = append(e.all, fmt.Sprintf("%s %s %s: %s", kind, reason, name, fmt.Sprintf(note, args...)))
}

// All returns the events so far, each as "Normal Invited ada: the invitation is out".
func (e *Events) All() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

// State is all that there is, but for what differs between two runs of the same story: identities, versions, times,
// and how many turns the ledger took.
func (w *World) State() map[string]any {
	w.t.Helper()
	state := map[string]any{}
	for kind, list := range lists() {
		w.must(env.Client(w.t).List(w.t.Context(), list, client.InNamespace(w.Namespace)), "listing")
		w.must(meta.EachListItem(list, func(o runtime.Object) error {
			encoded, err := json.Marshal(o)
			if err != nil {
				return err
			}
			var content any
			if err := json.Unmarshal(encoded, &content); err != nil {
				return err
			}
			state[string(kind)+" "+o.(client.Object).GetName()] = timeless(content)
			return nil
		}), "encoding")
	}
	return state
}

var instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// timeless takes away what State leaves out.
func timeless(content any) any {
	switch c := content.(type) {
	case map[string]any:
		for _, key := range []string{
			"uid", "namespace", "resourceVersion", "generation", "managedFields", "ledger", "turn", "seatkeeper.dev/withdrawn",
		} {
			delete(c, key)
		}
		for key, value := range c {
			if c[key] = timeless(value); key == "accountUID" {
				c[key] = "<account>"
			}
		}
	case []any:
		for i, value := range c {
			c[i] = timeless(value)
		}
	case string:
		return instant.ReplaceAllString(c, "<time>")
	}
	return content
}
