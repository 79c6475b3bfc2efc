// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// names completes with the names of objects of the namespace, such as arguments: cmd.ValidArgsFunction. Who cannot see them completes nothing.
func (sh *Shell) names(list func() client.ObjectList) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		c, err := sh.cluster()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		l := list()
		if err := c.List(cmd.Context(), l, client.InNamespace(c.namespace)); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var found []string
		_ = meta.EachListItem(l, func(object runtime.Object) error { // it returns what this does
			if o, ok := object.(client.Object); ok && strings.HasPrefix(o.GetName(), prefix) {
				found = append(found, o.GetName())
			}
			return nil
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeConfig completes the flags that kubectl completes everywhere.
func (sh *Shell) completeConfig(root *cobra.Command) {
	sh.completeWith(root, "namespace", func() client.ObjectList { return &corev1.NamespaceList{} })
	for flag, of := range map[string]func(api.Config) []string{
		"context": func(c api.Config) []string { return slices.Sorted(maps.Keys(c.Contexts)) },
		"cluster": func(c api.Config) []string { return slices.Sorted(maps.Keys(c.Clusters)) },
		"user":    func(c api.Config) []string { return slices.Sorted(maps.Keys(c.AuthInfos)) },
	} {
		_ = root.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) { // the flag is there
			raw, err := sh.Config.ToRawKubeConfigLoader().RawConfig()
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return slices.DeleteFunc(of(raw), func(name string) bool { return !strings.HasPrefix(name, prefix) }), cobra.ShellCompDirectiveNoFileComp
		})
	}
}
