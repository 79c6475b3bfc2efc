// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
)

const (
	organization, pool, role = "acme", "standard", "member"
	// atOnce is how many requests are in flight: more add delay, and nothing else.
	atOnce = 16
)

func personName(i int) string { return fmt.Sprintf("person-%06d", i) }

// person is a User as somebody applies it. The finalizer is there as admission would add it, so that nobody spends
// a write on that.
func person(namespace string, i int) *v1alpha1.User {
	u := build.User(personName(i)).In(namespace, organization).Name("Ada", "Lovelace").Roles(role).Obj()
	u.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "User"}
	u.Finalizers = []string{v1alpha1.FinalizerArchive}
	return u
}

// house are the objects that people belong to: an organization owned by the first of them, and room for all.
func house(namespace string, people int) []client.Object {
	return []client.Object{
		build.Organization(organization).In(namespace).Owner(personName(0)).DisplayName("Acme").Obj(),
		build.SeatPool(pool).In(namespace, organization).Seats(int32(people)).Obj(),
		build.Role(role).In(namespace, organization).SeatPool(pool).DisplayName("Member").Obj(),
	}
}

func usersPath(namespace string) string {
	return "/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/" + namespace + "/users"
}

// apply creates the people. With a status, it plays the operator too: each gets that status as soon as there is
// something to patch.
func apply(ctx context.Context, w *wire, namespace string, people int, status *v1alpha1.UserStatus) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range people {
		group.Go(func() error {
			u := person(namespace, i)
			body, err := json.Marshal(u)
			if err != nil {
				return err
			}
			if status == nil {
				return w.send(ctx, http.MethodPost, usersPath(namespace), typeJSON, body, nil)
			}
			var created struct {
				Metadata struct{ ResourceVersion string }
			}
			if err := w.send(ctx, http.MethodPost, usersPath(namespace), typeJSON, body, &created); err != nil {
				return err
			}
			patch, err := statusPatch(created.Metadata.ResourceVersion, statusOf(u, status))
			if err != nil {
				return err
			}
			return w.send(ctx, http.MethodPatch, usersPath(namespace)+"/"+u.Name+"/status", typeMergePatch, patch, nil)
		})
	}
	return group.Wait()
}

// statusOf is the status that the operator gave to one person, as it would be for u.
func statusOf(u *v1alpha1.User, example *v1alpha1.UserStatus) *v1alpha1.UserStatus {
	status := example.DeepCopy()
	status.Invitation.Email = u.Spec.Email
	return status
}

// statusPatch is what the operator sends to the API server: a merge patch that fails on an outdated view.
func statusPatch(resourceVersion string, status *v1alpha1.UserStatus) ([]byte, error) {
	return json.Marshal(map[string]any{
		"metadata": map[string]string{"resourceVersion": resourceVersion},
		"status":   status,
	})
}

// change is what the bench reads of an event of a watch.
type change struct {
	Type   string
	Object struct {
		Message  string // of an error
		Metadata struct{ Name, ResourceVersion string }
		Status   struct {
			Conditions []struct{ Type, Reason string }
		}
	}
}

func (c change) invited() bool {
	for _, condition := range c.Object.Status.Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			return condition.Reason == v1alpha1.ReasonInvited
		}
	}
	return false
}

// audience counts who is seen to be invited, by one watch that is as cheap as can be and the same for all ways.
type audience struct {
	invited map[string]bool
	version string // from where on to watch; everything when empty
}

// await returns when so many different people are invited. An API server ends the watch of who is too slow for it,
// as the bench may be while others take the processors: then it opens another.
func (a *audience) await(people int, open func(version string) (io.ReadCloser, error)) error {
	const pause = 100 * time.Millisecond
	for {
		stream, err := open(a.version)
		if err == nil {
			err = a.read(stream, people)
		}
		if err != nil {
			return fmt.Errorf("watching people, of whom %d of %d are invited: %w", len(a.invited), people, err)
		}
		if len(a.invited) == people {
			return nil
		}
		time.Sleep(pause)
	}
}

// read returns when everybody is invited, or the watch ends.
func (a *audience) read(stream io.ReadCloser, people int) error {
	defer stream.Close()
	events := json.NewDecoder(stream)
	for len(a.invited) < people {
		var c change
		switch err := events.Decode(&c); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		case c.Type == "ERROR" && a.version == "":
			return errors.New(c.Object.Message)
		}
		a.version = c.Object.Metadata.ResourceVersion // none in an error: what was missed is too old to be had
		if c.invited() {
			a.invited[c.Object.Metadata.Name] = true
		}
	}
	return nil
}

// watch opens a watch on the users of a namespace.
func watch(ctx context.Context, w *wire, namespace, version string) (io.ReadCloser, error) {
	return w.open(ctx, http.MethodGet, usersPath(namespace)+"?watch=1&resourceVersion="+version, "", nil)
}
