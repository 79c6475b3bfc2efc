// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// These are who the API server is told edits and imports. They do not begin with kubectl: Flux's kustomize-controller takes such
// managers for somebody's mistake, and takes away what they have set on the objects that it tracks (fluxcd/pkg/ssa), and so what was
// imported, or the annotation that somebody has just approved something with. They are two, since an import takes away what an import has
// set, and nothing that a command was told to.
const (
	fieldManager  = "seatkeeper-cli"
	importManager = "seatkeeper-import"
)

// act has the flags of commands that change something.
type act struct {
	dryRun dryRun
	yes    bool
	format string
}

func (a *act) flags(cmd *cobra.Command) {
	formats := []string{formatJSON, formatYAML, formatName}
	cmd.Flags().StringVarP(&a.format, "output", "o", "", "Output format of what was changed. One of: (json, yaml, name).")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	a.dryRun.flags(cmd)
	yesFlag(cmd, &a.yes)
}

// check refuses other formats before anything is done.
func (a *act) check() error {
	if formats := []string{"", formatJSON, formatYAML, formatName}; !slices.Contains(formats, a.format) {
		return fmt.Errorf("--output is %q: it must be one of %s", a.format, strings.Join(formats[1:], ", "))
	}
	return nil
}

// edit is a change of one object that is about to be made.
type edit struct {
	before, after client.Object
	// review says what it means, in lines of which the first is about the whole.
	review []string
	// done is what is said of it then, such as "archived".
	done string
	// annotation is the one that is set, where nothing else is.
	annotation string
	// git is who would set the edit back, where that is known already.
	git string
	// remove deletes the object. Where after is another, it confirms that.
	remove bool
	// tried is what the cluster would make of the object.
	tried client.Object
}

// fights is who would set the edit back; empty when nobody would. An annotation that is not in Git stays.
func (e *edit) fights() string {
	if e.git != "" {
		return e.git
	}
	if e.annotation != "" && !inGit(e.before, "metadata", "annotations", e.annotation) {
		return ""
	}
	return declaredIn(e.before)
}

// send sends only what changes, and only if nobody has changed the object since.
func (e *edit) send(ctx context.Context, c *cluster, dry bool) (client.Object, error) {
	if e.remove {
		return e.delete(ctx, c, dry)
	}
	return e.patch(ctx, c, dry)
}

func (e *edit) patch(ctx context.Context, c *cluster, dry bool) (client.Object, error) {
	after, ok := e.after.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", e.after)
	}
	options := []client.PatchOption{client.FieldOwner(fieldManager)}
	if dry {
		options = append(options, client.DryRunAll)
	}
	return after, c.Patch(ctx, after, client.MergeFromWithOptions(e.before, client.MergeFromWithOptimisticLock{}), options...)
}

// delete deletes the object, and then confirms that where after does: a deletion without its confirmation waits, and a confirmation
// without its deletion would have any later deletion be final.
func (e *edit) delete(ctx context.Context, c *cluster, dry bool) (client.Object, error) {
	uid, version := e.before.GetUID(), e.before.GetResourceVersion()
	options := []client.DeleteOption{client.Preconditions{UID: &uid, ResourceVersion: &version}}
	if dry {
		options = append(options, client.DryRunAll)
	}
	err := c.Delete(ctx, e.before, options...)
	var status apierrors.APIStatus
	switch confirms := !equality.Semantic.DeepEqual(e.before, e.after); {
	case err != nil && !dry && (!errors.As(err, &status) || apierrors.IsTimeout(err)):
		return nil, &halfway{fmt.Sprintf("it is not known whether %s %s was deleted: run the command again", strings.ToLower(kindOf(e.before)), e.before.GetName()), err}
	case err != nil:
		return nil, err
	case !confirms:
		return e.after, nil
	case dry:
		return e.patch(ctx, c, dry)
	}
	return e.confirm(ctx, c)
}

// confirm confirms the deletion of the object, which the operator may have written to since. Who is gone needs none.
func (e *edit) confirm(ctx context.Context, c *cluster) (client.Object, error) {
	written := e.after
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now, ok := e.before.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", e.before)
		}
		if err := c.Get(ctx, client.ObjectKeyFromObject(now), now); err != nil || now.GetUID() != e.before.GetUID() {
			return err
		}
		after, err := withAnnotation(now, v1alpha1.AnnotationConfirmDelete, string(now.GetUID()))
		if err != nil {
			return err
		}
		written = after
		return c.Patch(ctx, after, client.MergeFromWithOptions(now, client.MergeFromWithOptimisticLock{}), client.FieldOwner(fieldManager))
	})
	if client.IgnoreNotFound(err) != nil {
		return nil, &halfway{fmt.Sprintf("%s %s is deleted, which is not confirmed and waits for that: run the command again to confirm it",
			strings.ToLower(kindOf(e.before)), e.before.GetName()), err}
	}
	return written, nil
}

// halfway is that an edit was made in part, or may have been, in words that stand by themselves.
type halfway struct {
	words string
	err   error
}

func (h *halfway) Error() string { return h.words + ": " + h.err.Error() }
func (h *halfway) Unwrap() error { return h.err }

// planning finds out what is to be done about objects of these names, as things are.
type planning func(ctx context.Context, names []string) ([]edit, error)

// do shows what is about to happen, has it confirmed, and does it: what was shown, and nothing else.
func (sh *Shell) do(ctx context.Context, c *cluster, a *act, names []string, plan planning) error {
	edits, err := plan(ctx, names)
	if err != nil {
		return err
	}
	if err := sh.leaveToGit(a.format, edits); err != nil {
		return err
	}
	if a.dryRun == dryRunClient {
		sh.review(edits)
		return sh.report(a, edits, func(e *edit) client.Object { return e.after })
	}
	for i := range edits { // what is refused is so before anybody is asked, and the cluster's warnings come first
		if edits[i].tried, err = edits[i].send(ctx, c, true); err != nil {
			return refusal(&edits[i], err)
		}
	}
	sh.review(edits)
	if a.dryRun == dryRunServer {
		return sh.report(a, edits, func(e *edit) client.Object { return e.tried })
	}
	if err := sh.ask(ctx, question(edits), a.yes); err != nil {
		return err
	}
	return sh.commit(ctx, c, a, edits, plan)
}

// commit makes the edits. Who was edited meanwhile, such as by the operator, is looked at again. What was made before one that fails stays.
func (sh *Shell) commit(ctx context.Context, c *cluster, a *act, edits []edit, plan planning) error {
	for i := range edits {
		written, err := edits[i].make(ctx, c, plan)
		if err != nil {
			sh.stopped(ctx, edits, i, err)
			return err
		}
		if err := sh.report(a, edits[i:i+1], func(*edit) client.Object { return written }); err != nil {
			return err
		}
	}
	return nil
}

// make makes an edit, as things are by now.
func (e *edit) make(ctx context.Context, c *cluster, plan planning) (client.Object, error) {
	const tries = 5
	var half *halfway
	written, err := e.send(ctx, c, false)
	for try := 0; apierrors.IsConflict(err) && !errors.As(err, &half) && try < tries; try++ {
		again, planned := replan(ctx, e, plan)
		if planned != nil {
			return nil, planned
		}
		written, err = again.send(ctx, c, false)
	}
	if err != nil {
		return nil, refusal(e, err)
	}
	return written, nil
}

// stopped says of several edits how far they came, and what an interruption leaves behind.
func (sh *Shell) stopped(ctx context.Context, edits []edit, at int, err error) {
	var half *halfway
	if errors.As(err, &half) && ctx.Err() != nil { // an interruption says no more than that
		fmt.Fprintln(sh.ErrOut, half.words)
	}
	if len(edits) > 1 {
		fmt.Fprintf(sh.ErrOut, "It stopped at %s: of %d, %d were done before, which stay so, and %d were not tried.\n", edits[at].before.GetName(), len(edits), at, len(edits)-at-1)
	}
}

// replan is the edit of the same object as things are now, if it still means the same.
func replan(ctx context.Context, e *edit, plan planning) (*edit, error) {
	edits, err := plan(ctx, []string{e.before.GetName()})
	if err != nil {
		return nil, err
	}
	for i := range edits {
		same := edits[i].before.GetUID() == e.before.GetUID()
		if same && slices.Equal(edits[i].review, e.review) && edits[i].fights() == "" {
			return &edits[i], nil
		}
	}
	return nil, fmt.Errorf("%s %s was changed meanwhile, and is not what was shown any more: run the command again", kindOf(e.before), e.before.GetName())
}

// refusal is why an edit was not made.
func refusal(e *edit, err error) error {
	var status apierrors.APIStatus
	var half *halfway
	if errors.As(err, &half) || errors.As(err, &status) && apierrors.IsInvalid(err) {
		return err // it names the object
	}
	return fmt.Errorf("%s %s was not %s: %w", strings.ToLower(kindOf(e.before)), e.before.GetName(), e.done, err)
}

// leaveToGit fails when a tool would set the edits back, and prints what to commit instead, as YAML unless it is to be JSON. A name is not
// printed: nothing was changed.
func (sh *Shell) leaveToGit(format string, edits []edit) error {
	var found bool
	this := "this"
	if format == formatName {
		this = "it (-o yaml prints the change)"
	}
	for i := range edits {
		e := &edits[i]
		by := e.fights()
		if by == "" {
			continue
		}
		found = true
		if e.remove {
			fmt.Fprintf(sh.ErrOut, "%s %s is declared in Git, and %s would create it anew. Nothing was changed: take it out of there, and run this again if it asks for a confirmation then.\n",
				kindOf(e.before), e.before.GetName(), printable(by))
			continue
		}
		change, err := toCommit(e.before, e.after)
		if err != nil {
			return err
		}
		fmt.Fprintf(sh.ErrOut, "%s %s is declared in Git, and %s would set it back. Nothing was changed: commit %s there.\n", kindOf(e.before), e.before.GetName(), printable(by), this)
		switch format {
		case formatName:
		case formatJSON:
			err = data(sh.Out, formatJSON, change)
		default:
			err = sh.printYAML(change)
		}
		if err != nil {
			return err
		}
	}
	if found {
		return errSilent
	}
	return nil
}

// printYAML prints one document of several.
func (sh *Shell) printYAML(value any) error {
	fmt.Fprintln(sh.Out, "---")
	return data(sh.Out, formatYAML, value)
}

// review says what is about to happen.
func (sh *Shell) review(edits []edit) {
	p := sh.palette(sh.ErrOut)
	for i := range edits {
		for j, line := range edits[i].review {
			if j == 0 {
				fmt.Fprintln(sh.ErrOut, p.strong.Render(line))
				continue
			}
			for _, part := range wrapped(printable(line), sh.width(sh.ErrOut), len("  ")) {
				fmt.Fprintln(sh.ErrOut, "  "+part)
			}
		}
	}
}

func question(edits []edit) string {
	if len(edits) == 1 {
		return "Do it?"
	}
	return fmt.Sprintf("Do all %d?", len(edits))
}

// report says what was done, as kubectl does.
func (sh *Shell) report(a *act, edits []edit, written func(*edit) client.Object) error {
	for i := range edits {
		e := &edits[i]
		if a.format == formatYAML { // one document of several
			fmt.Fprintln(sh.Out, "---")
		}
		if err := printObject(sh.Out, a.format, e.done+a.dryRun.suffix(), written(e)); err != nil {
			return err
		}
	}
	return nil
}

// user reads a User.
func (c *cluster) user(ctx context.Context, name string) (*v1alpha1.User, error) {
	u := &v1alpha1.User{}
	return u, c.read(ctx, name, u)
}

// notThere is that the object of a name does not exist, in the middle of a sentence.
type notThere struct{ name string }

func (notThere) Error() string { return "no" }

// read reads an object of the namespace by name.
func (c *cluster) read(ctx context.Context, name string, into client.Object) error {
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, into)
	kind := kindOf(into)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("namespace %s has %w %s %q: 'kubectl get %ss' lists those there are, and --namespace names another namespace", c.namespace, notThere{name}, kind, name, strings.ToLower(kind))
	}
	if err != nil {
		return fmt.Errorf("reading %s %s: %w", strings.ToLower(kind), name, err)
	}
	return nil
}

// withAnnotation is an object with an annotation more.
func withAnnotation[T client.Object](o T, name, value string) (T, error) {
	after, ok := o.DeepCopyObject().(T)
	if !ok {
		return after, fmt.Errorf("%T is no object", o)
	}
	annotations := after.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[name] = value
	after.SetAnnotations(annotations)
	return after, nil
}
