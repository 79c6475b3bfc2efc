// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is `kubectl seatkeeper`: one file a command. A command reads what there is, has pure packages decide, and then writes or
// prints. Data goes to standard output, and everything else (progress, warnings, questions) to standard error.
//
// Exit codes are kubectl's: 0 when all was done, 1 when something was not, whatever the reason. Ctrl-C ends with 130, as shells have it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitInterrupted = 130
)

// completer is the name under which kubectl looks for what completes the command line of this plugin.
const completer = "kubectl_complete-seatkeeper"

// errSilent ends a command that failed and has said why.
var errSilent = errors.New("the command has said why")

// Run runs one command line, and returns the exit code. name is what the program was called as.
func Run(ctx context.Context, sh *Shell, name string, args []string) int {
	if name == completer {
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	root := New(sh)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(sh.ErrOut, "interrupted")
		return exitInterrupted
	case !errors.Is(err, errSilent):
		fmt.Fprintln(sh.ErrOut, sh.palette(sh.ErrOut).bad.Render("error:"), explain(err))
	}
	return exitFailed
}

// New is the root command with all others.
func New(sh *Shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-seatkeeper",
		Short: "See and change who belongs to an organization",
		Long: `See and change who belongs to an organization, in which role and team, on which paid seat.

It works with your own rights, on the cluster and in the namespace that kubectl would use.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl seatkeeper"},
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(sh.In)
	root.SetOut(sh.Out)
	root.SetErr(sh.ErrOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w (see '%s --help')", err, cmd.CommandPath())
	})
	sh.Config.AddFlags(root.PersistentFlags())
	sh.completeConfig(root)
	for _, command := range commands {
		root.AddCommand(command(sh))
	}
	return root
}

// commands make the commands, in no order: help sorts them.
var commands = []func(*Shell) *cobra.Command{}

// version is that of the module, or the commit, that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (text == "" || text == "(devel)") {
			text = s.Value
		}
	}
	if text == "" {
		text = "(devel)"
	}
	return text + " " + info.GoVersion
}
