// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/env"
)

// InArgo is what Argo CD calls what kstatus concludes.
var InArgo = map[status.Status]string{
	status.CurrentStatus: "Healthy", status.InProgressStatus: "Progressing", status.TerminatingStatus: "Progressing", status.FailedStatus: "Degraded",
}

// Health is what Flux and Argo CD conclude from an object: the one by kstatus, the other by the script of docs/gitops.md.
func Health(obj v1alpha1.Conditioned) (flux status.Status, argo string, err error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return "", "", fmt.Errorf("converting %T: %w", obj, err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		return "", "", fmt.Errorf("computing kstatus: %w", err)
	}
	argo, err = judge(content)
	return result.Status, argo, err
}

// script is the health check of docs/gitops.md.
var script = sync.OnceValues(func() (string, error) {
	root, err := env.Root()
	if err != nil {
		return "", err
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "gitops.md"))
	if err != nil {
		return "", err
	}
	_, block, _ := strings.Cut(string(page), "```yaml\napiVersion: v1\nkind: ConfigMap\n")
	block, _, _ = strings.Cut(block, "```")
	var settings struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal([]byte(block), &settings); err != nil {
		return "", fmt.Errorf("reading the ConfigMap of docs/gitops.md: %w", err)
	}
	var customizations map[string]map[string]string
	if err := yaml.Unmarshal([]byte(settings.Data["resource.customizations"]), &customizations); err != nil {
		return "", fmt.Errorf("reading resource.customizations of docs/gitops.md: %w", err)
	}
	found := customizations[v1alpha1.GroupVersion.Group+"/*"]["health.lua"]
	if found == "" {
		return "", errors.New("docs/gitops.md has no health.lua for the kinds of " + v1alpha1.GroupVersion.Group)
	}
	return found, nil
})

// judge runs the script as Argo CD does: on the object as obj, with the libraries that are there by default.
func judge(object map[string]any) (string, error) {
	source, err := script()
	if err != nil {
		return "", err
	}
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		l.Push(l.NewFunction(open))
		l.Push(lua.LString(name))
		l.Call(1, 0)
	}
	l.SetGlobal("obj", inLua(l, object))
	if err := l.DoString(source); err != nil {
		return "", fmt.Errorf("running health.lua: %w", err)
	}
	health, ok := l.Get(-1).(*lua.LTable)
	if !ok || health.RawGetString("message").String() == "" {
		return "", fmt.Errorf("health.lua returns %v, want a table with status and message", l.Get(-1))
	}
	return health.RawGetString("status").String(), nil
}

// inLua is a value of JSON in Lua.
func inLua(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := l.NewTable()
		for key, value := range v {
			table.RawSetString(key, inLua(l, value))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, value := range v {
			table.Append(inLua(l, value))
		}
		return table
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	}
	return lua.LNil
}
