// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/people"
)

// item is an object that an import writes, from what it was when that was planned.
type item interface {
	kind() string
	name() string
	// is is the object as it was; nil when there was none.
	is() client.Object
	spec() map[string]any
	// unchanged says that there is nothing to write.
	unchanged() bool
	// again plans it anew from what it is now.
	again(ctx context.Context) ([]people.Problem, error)
	// wrong is what the server has against it.
	wrong(err error) []people.Problem
}

type userItem struct {
	j *job
	*people.Change
}

func (u *userItem) kind() string         { return "User" }
func (u *userItem) name() string         { return u.Name }
func (u *userItem) spec() map[string]any { return u.Apply }
func (u *userItem) unchanged() bool      { return u.Action == people.Unchanged }

func (u *userItem) is() client.Object {
	if u.Is() == nil {
		return nil
	}
	return u.Is()
}

func (u *userItem) again(ctx context.Context) ([]people.Problem, error) {
	is := &v1alpha1.User{}
	err := u.j.cluster.Get(ctx, client.ObjectKey{Namespace: u.j.namespace, Name: u.Name}, is)
	if apierrors.IsNotFound(err) {
		is, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	u.j.mu.Lock()
	defer u.j.mu.Unlock()
	return u.j.plan.Again(u.Change, is), nil
}

func (u *userItem) wrong(err error) []people.Problem { return u.j.plan.Refused(u.Change, err) }

type teamItem struct {
	j *job
	*people.TeamChange
}

func (t *teamItem) kind() string      { return "Team" }
func (t *teamItem) name() string      { return t.Name }
func (t *teamItem) is() client.Object { return t.Is() }
func (t *teamItem) unchanged() bool   { return false }

func (t *teamItem) spec() map[string]any {
	spec := map[string]any{"organization": t.j.organization}
	if len(t.Members) > 0 {
		spec["members"] = t.Members
	}
	return spec
}

func (t *teamItem) again(ctx context.Context) ([]people.Problem, error) {
	is := &v1alpha1.Team{}
	err := t.j.cluster.Get(ctx, client.ObjectKey{Namespace: t.j.namespace, Name: t.Name}, is)
	if apierrors.IsNotFound(err) {
		is, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.j.mu.Lock()
	defer t.j.mu.Unlock()
	return t.j.plan.AgainTeam(t.TeamChange, is), nil
}

func (t *teamItem) wrong(err error) []people.Problem { return t.j.plan.RefusedTeam(t.TeamChange, err) }

// maxRaces is how often one object is planned anew because somebody else was quicker.
const maxRaces = 20

// settle writes an object. When somebody else has written it since it was planned, it is read and planned anew, so that neither undoes what the
// other has done. What is wrong is reported; an error is about more than the one object.
func (j *job) settle(ctx context.Context, it item, dry bool) error {
	for n := 0; !it.unchanged(); n++ {
		err := j.submit(ctx, it, dry)
		race := raced(err) || it.is() != nil && apierrors.IsNotFound(err)
		switch {
		case err == nil:
			return nil
		case judged(err) && !race, race && n == maxRaces:
			j.refuses(it, it.wrong(err))
			return nil
		case !race:
			return err
		}
		var problems []people.Problem
		if err := j.trying(ctx, func() (err error) { problems, err = it.again(ctx); return err }); err != nil {
			return fmt.Errorf("reading %s %s: %w", it.kind(), it.name(), err)
		}
		if len(problems) > 0 {
			j.refuses(it, problems)
			return nil
		}
	}
	return nil
}

// refuses takes note that an object is not written.
func (j *job) refuses(it item, problems []people.Problem) {
	j.report(problems...)
	j.mu.Lock()
	defer j.mu.Unlock()
	into := &j.refused
	if it.kind() == "Team" {
		into = &j.refusedTeams
	}
	if *into == nil {
		*into = map[string]bool{}
	}
	(*into)[it.name()] = true
}

// pauses are those before what failed in passing is tried again.
var pauses = []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second}

// trying does something, and what fails in passing again.
func (j *job) trying(ctx context.Context, do func() error) error {
	for n := 0; ; n++ {
		err := do()
		if err == nil || judged(err) || !passing(err) || n == len(pauses) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-j.Clock.After(pauses[n]):
		}
	}
}

// submit writes an object as it is planned, unless it is another than it was.
func (j *job) submit(ctx context.Context, it item, dry bool) error {
	is := it.is()
	if is == nil {
		return j.trying(ctx, func() error { return j.create(ctx, it, dry) })
	}
	version := is.GetResourceVersion()
	if !dry {
		var err error
		if version, err = j.upgrade(ctx, is); err != nil {
			return err
		}
	}
	return j.trying(ctx, func() error {
		err := j.patch(ctx, it, version, j.force, dry)
		if err != nil && dry && withOurselves(err) { // which upgrade does away with
			err = j.patch(ctx, it, version, true, dry)
		}
		return err
	})
}

// create creates an object, and fails when somebody else has. To apply it would take away what somebody else has applied at the same
// moment under the same name of a field manager.
func (j *job) create(ctx context.Context, it item, dry bool) error {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": it.spec()}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(it.kind()))
	object.SetNamespace(j.namespace)
	object.SetName(it.name())
	options := []client.CreateOption{client.FieldOwner(importManager)}
	if dry {
		options = append(options, client.DryRunAll)
	}
	return j.cluster.Create(ctx, object.DeepCopy(), options...)
}

// upgrade has fields that this program has created be such that it has applied, so that it takes them away by leaving them out, and returns
// the version of the object that comes of it.
func (j *job) upgrade(ctx context.Context, is client.Object) (string, error) {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(is, sets.New(importManager), importManager)
	if err != nil || patch == nil {
		return is.GetResourceVersion(), err
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kindOf(is)))
	object.Name, object.Namespace = is.GetName(), is.GetNamespace()
	err = j.trying(ctx, func() error {
		return j.cluster.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(importManager))
	})
	return object.ResourceVersion, err
}

// patch applies an object that is there in this version.
func (j *job) patch(ctx context.Context, it item, version string, force, dry bool) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": it.kind(), "spec": it.spec(),
		"metadata": map[string]any{"name": it.name(), "namespace": j.namespace, "uid": it.is().GetUID(), "resourceVersion": version},
	})
	if err != nil {
		return fmt.Errorf("writing %s %s: %w", it.kind(), it.name(), err)
	}
	options := []client.PatchOption{client.FieldOwner(importManager)}
	if force {
		options = append(options, client.ForceOwnership)
	}
	if dry {
		options = append(options, client.DryRunAll)
	}
	// Of the answer, nothing is needed: the server sends metadata alone.
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(it.kind()))
	object.Name, object.Namespace = it.name(), j.namespace
	return j.cluster.Patch(ctx, object, client.RawPatch(types.ApplyPatchType, body), options...)
}

// withOurselves says that an error is nothing but conflicts with fields that this program has created.
func withOurselves(err error) bool {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return false
	}
	causes := status.ErrStatus.Details.Causes
	return len(causes) > 0 && !slices.ContainsFunc(causes, func(c metav1.StatusCause) bool {
		return c.Type != metav1.CauseTypeFieldManagerConflict || !strings.HasPrefix(c.Message, fmt.Sprintf("conflict with %q", importManager))
	})
}
