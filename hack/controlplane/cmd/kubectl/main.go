// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl is the upstream kubectl, for machines that have none or an old one.
package main

import (
	"os"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // the credential plugins a kubeconfig may name
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	// Upstream sets -v before it builds the command, which logs already while it looks for plugins.
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
