// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Shell is what commands have to do with the world around them.
type Shell struct {
	genericiooptions.IOStreams

	// Config says which cluster, namespace and user, as kubectl's flags and kubeconfig do.
	Config *genericclioptions.ConfigFlags
	// Terminal says that a stream is one.
	Terminal func(stream any) bool
	// Env reads the environment.
	Env   func(string) string
	Clock clock.WithTicker
}

// OS is the shell that the process runs in.
func OS() *Shell {
	return &Shell{
		IOStreams: genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		Config:    genericclioptions.NewConfigFlags(true),
		Terminal: func(stream any) bool {
			file, ok := stream.(*os.File)
			return ok && term.IsTerminal(int(file.Fd()))
		},
		Env:   os.Getenv,
		Clock: clock.RealClock{},
	}
}

// Scheme knows the kinds of this API and the built-in ones.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}

// cluster is what a command works on.
type cluster struct {
	client.Client

	// namespace is the one that the command is about.
	namespace string
	config    *rest.Config
}

// cluster connects to the cluster of the flags. It asks it nothing yet.
func (sh *Shell) cluster() (*cluster, error) {
	namespace, _, err := sh.Config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("finding the namespace: %w", err)
	}
	cfg, err := sh.Config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1 // the API server's own flow control is limit enough
	cfg.UserAgent = "kubectl-seatkeeper/" + version()
	cfg.WarningHandler = warnings{rest.NewWarningWriter(sh.ErrOut, rest.WarningWriterOptions{Deduplicate: true})}
	c, err := client.New(cfg, client.Options{Scheme: Scheme()})
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &cluster{Client: c, namespace: namespace, config: cfg}, nil
}

// warnings are those of the cluster, but for the one that a deletion has to be confirmed, which `delete` does itself.
type warnings struct{ rest.WarningHandler }

// HandleWarningHeader implements rest.WarningHandler.
func (w warnings) HandleWarningHeader(code int, agent, text string) {
	if !strings.Contains(text, v1alpha1.AnnotationConfirmDelete+"=") {
		w.WarningHandler.HandleWarningHeader(code, agent, text)
	}
}

// organization reads the organization that a flag names, or the only one of the namespace.
func (c *cluster) organization(ctx context.Context, name string) (*v1alpha1.Organization, error) {
	if name != "" {
		org := &v1alpha1.Organization{}
		if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, org); err != nil {
			return nil, fmt.Errorf("reading the organization: %w", err)
		}
		return org, nil
	}
	var list v1alpha1.OrganizationList
	if err := c.List(ctx, &list, client.InNamespace(c.namespace)); err != nil {
		return nil, fmt.Errorf("listing organizations: %w", err)
	}
	switch len(list.Items) {
	case 0:
		return nil, fmt.Errorf("namespace %s has no Organization: create one, or name another namespace with --namespace", c.namespace)
	case 1:
		return &list.Items[0], nil
	}
	var names []string
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return nil, fmt.Errorf("namespace %s has several Organizations: name one of %s with --organization", c.namespace, strings.Join(names, ", "))
}

// organizationFlag adds --organization, which cluster.organization takes.
func (sh *Shell) organizationFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "organization", "", "Name of the Organization; can be left out where the namespace has only one.")
	sh.completeWith(cmd, "organization", func() client.ObjectList { return &v1alpha1.OrganizationList{} })
}

// ask has somebody confirm what cannot be taken back lightly, unless --yes did already. A read from a terminal cannot be ended, so who
// interrupts does not wait for it.
func (sh *Shell) ask(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	if !sh.Terminal(sh.In) {
		return errors.New("nobody can be asked, since standard input is no terminal: give --yes to confirm")
	}
	fmt.Fprintf(sh.ErrOut, "%s [y/N] ", question)
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(sh.In).ReadString('\n')
		read <- line{text, err}
	}()
	var answer line
	select {
	case <-ctx.Done():
		fmt.Fprintln(sh.ErrOut) // below the question
		return ctx.Err()
	case answer = <-read:
	}
	if answer.err != nil && !errors.Is(answer.err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", answer.err)
	}
	switch strings.ToLower(strings.TrimSpace(answer.text)) {
	case "y", "yes", "o", "oui":
		return nil
	}
	return errors.New("nothing was changed: the answer was not yes")
}

// yesFlag adds --yes, which Shell.ask takes.
func yesFlag(cmd *cobra.Command, into *bool) {
	cmd.Flags().BoolVarP(into, "yes", "y", false, "Do not ask for confirmation.")
}

// palette is how words look. Off a terminal, they look like any other.
type palette struct {
	good, warn, bad, faint, strong style
}

// palette is for what is written to w: colours are for terminals, and for people who have not said otherwise (https://no-color.org).
func (sh *Shell) palette(w io.Writer) palette {
	plain := lipgloss.NewStyle()
	none := style{plain}
	if !sh.Terminal(w) || sh.Env("NO_COLOR") != "" || sh.Env("TERM") == "dumb" {
		return palette{none, none, none, none, none}
	}
	return palette{
		good: style{plain.Foreground(lipgloss.Green)}, warn: style{plain.Foreground(lipgloss.Yellow)}, bad: style{plain.Foreground(lipgloss.Red)},
		faint: style{plain.Faint(true)}, strong: style{plain.Bold(true)},
	}
}
