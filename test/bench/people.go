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

// house are the objects that people belong to: an organization owned by the first of them, and a pool of seats.
func house(seats int) []client.Object {
	return []client.Object{
		build.Organization(organization).Owner(personName(0)).DisplayName("Acme").Obj(),
		build.SeatPool(pool).In("", organization).Seats(int32(seats)).Obj(),
		build.Role(role).In("", organization).SeatPool(pool).DisplayName("Member").Obj(),
	}
}

// ledger are the slices of the pool when everybody has a seat, as far as their size goes.
func ledger(namespace string, people int) []*v1alpha1.SeatSlice {
	var all []*v1alpha1.SeatSlice
	for first := 0; first < people; first += v1alpha1.SeatsPerSlice {
		slice := build.SeatSlice(pool, int32(first/v1alpha1.SeatsPerSlice)).In(namespace).Capacity(int32(people))
		for seat := first; seat < min(people, first+v1alpha1.SeatsPerSlice); seat++ {
			slice.Held(int32(seat), build.User(personName(seat)).Obj(), time.Now())
		}
		o := slice.Obj()
		o.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SeatSlice"}
		all = append(all, o)
	}
	return all
}

// path is where the API server keeps the objects of a kind.
func path(namespace, resource string) string {
	return "/apis/" + v1alpha1.GroupVersion.String() + "/namespaces/" + namespace + "/" + resource
}

func userPath(namespace, name string) string { return path(namespace, "users") + "/" + name }

// version is what the bench reads of an object, or of a list.
type version struct {
	Metadata struct{ ResourceVersion string }
}

// each does something for each of n people, with as many at once as make sense.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// create applies one person, and reads the answer into into unless that is nil.
func create(ctx context.Context, w *wire, namespace string, i int, into any) error {
	return post(ctx, w, path(namespace, "users"), person(namespace, i), into)
}

func post(ctx context.Context, w *wire, path string, object, into any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return w.send(ctx, http.MethodPost, path, typeJSON, body, into)
}

// invite plays the operator: it writes the status of one person, who is at that version, and reads the answer into into unless
// that is nil.
func invite(ctx context.Context, w *wire, namespace string, i int, v version, status *v1alpha1.UserStatus, into any) error {
	u := person(namespace, i)
	patch, err := statusPatch(v.Metadata.ResourceVersion, statusOf(u, status))
	if err != nil {
		return err
	}
	return w.send(ctx, http.MethodPatch, userPath(namespace, u.Name)+"/status", typeMergePatch, patch, into)
}

// statusOf is the status that the operator gave to one person, as it would be for u.
func statusOf(u *v1alpha1.User, example *v1alpha1.UserStatus) *v1alpha1.UserStatus {
	status := example.DeepCopy()
	if status.Invitation != nil {
		status.Invitation.Email = u.Spec.Email
	}
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
		Status   said
		// FirstSeat and Assignments are a SeatSlice's.
		FirstSeat   int
		Assignments []json.RawMessage
	}
}

// said is the status of a person, and empty where it is a word: that of an error.
type said struct {
	Conditions []struct{ Type, Reason string }
	Roles      []string
}

func (s *said) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return nil
	}
	type plain said
	return json.Unmarshal(data, (*plain)(s))
}

// reason is why the person is ready or is not.
func (c change) reason() string {
	for _, condition := range c.Object.Status.Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			return condition.Reason
		}
	}
	return ""
}

func invited(c change) bool { return c.reason() == v1alpha1.ReasonInvited }

func waiting(c change) bool { return c.reason() == v1alpha1.ReasonAwaitingSeat }

func active(c change) bool { return c.reason() == v1alpha1.ReasonActive }

func archived(c change) bool { return c.reason() == v1alpha1.ReasonArchived }

// audience counts who is seen to be as is wanted, by one watch that is as cheap as can be and the same for all ways.
type audience struct {
	wanted  func(change) bool
	seen    map[string]bool
	version string // from where on to watch; everything when empty
}

// await returns when so many different people are as is wanted. An API server ends the watch of who is too slow for it,
// as the bench may be while others take the processors: then it opens another.
func (a *audience) await(people int, open func(version string) (io.ReadCloser, error)) error {
	const pause = 100 * time.Millisecond
	for {
		stream, err := open(a.version)
		if err == nil {
			err = a.read(stream, people)
		}
		if err != nil {
			return fmt.Errorf("watching people, of whom %d of %d are seen to be where they are to get: %w", len(a.seen), people, err)
		}
		if len(a.seen) == people {
			return nil
		}
		time.Sleep(pause)
	}
}

// read returns when everybody is as is wanted, or the watch ends.
func (a *audience) read(stream io.ReadCloser, people int) error {
	defer stream.Close()
	events := json.NewDecoder(stream)
	for len(a.seen) < people {
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
		if a.wanted(c) {
			a.seen[c.Object.Metadata.Name] = true
		}
	}
	return nil
}

// await returns when so many people of a namespace are seen to be as is wanted, from a version on.
func await(ctx context.Context, w *wire, namespace, version string, people int, wanted func(change) bool) error {
	return awaitAt(ctx, w, path(namespace, "users"), version, people, wanted)
}

// awaitLedger returns when so many seats of a pool that had none are seen to be on slices, from a version on.
func awaitLedger(ctx context.Context, w *wire, namespace, version string, seats int) error {
	return awaitAt(ctx, w, path(namespace, "seatslices"), version, len(ledger(namespace, seats)), func(c change) bool {
		return len(c.Object.Assignments) == min(v1alpha1.SeatsPerSlice, seats-c.Object.FirstSeat)
	})
}

func awaitAt(ctx context.Context, w *wire, path, version string, n int, wanted func(change) bool) error {
	a := &audience{wanted: wanted, seen: make(map[string]bool, n), version: version}
	return a.await(n, func(version string) (io.ReadCloser, error) {
		return w.open(ctx, http.MethodGet, path+"?watch=1&resourceVersion="+version, "", nil)
	})
}

// present is the version of everything at present.
func present(ctx context.Context, w *wire, namespace string) (string, error) {
	var v version
	err := w.send(ctx, http.MethodGet, path(namespace, "users")+"?limit=1", "", nil, &v)
	return v.Metadata.ResourceVersion, err
}
