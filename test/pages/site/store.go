// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
)

// Store keeps objects in memory and takes the writes of the portal, with the optimistic lock of an API server: a patch
// that names another version than the one that is there is a conflict. It is fast, and that is what it is for: the real
// server has tests of its own.
type Store struct {
	mu      sync.Mutex
	objects map[key]client.Object
	byUID   map[string]types.NamespacedName
	version int
	patches int
}

type key struct {
	kind string
	types.NamespacedName
}

var (
	_ client.Reader       = (*Store)(nil)
	_ client.StatusClient = (*Store)(nil)
)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{objects: map[key]client.Object{}, byUID: map[string]types.NamespacedName{}}
}

func keyOf(o client.Object, name types.NamespacedName) key {
	return key{fmt.Sprintf("%T", o), name}
}

// Put stores objects as they are, in the place of those that were there.
func (s *Store) Put(objects ...client.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		s.put(o.DeepCopyObject().(client.Object))
	}
}

func (s *Store) put(o client.Object) {
	s.version++
	o.SetResourceVersion(strconv.Itoa(s.version))
	name := client.ObjectKeyFromObject(o)
	s.objects[keyOf(o, name)] = o
	s.byUID[string(o.GetUID())] = name
}

// Get implements client.Reader.
func (s *Store) Get(_ context.Context, name client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.objects[keyOf(into, name)]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.GroupVersion.Group}, name.Name)
	}
	switch into := into.(type) {
	case *v1alpha1.User:
		found.(*v1alpha1.User).DeepCopyInto(into)
	case *v1alpha1.Organization:
		found.(*v1alpha1.Organization).DeepCopyInto(into)
	case *v1alpha1.Role:
		found.(*v1alpha1.Role).DeepCopyInto(into)
	}
	return nil
}

// List implements client.Reader, for Users by UID.
func (s *Store) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var applied client.ListOptions
	applied.ApplyOptions(options)
	users, ok := list.(*v1alpha1.UserList)
	if !ok || applied.FieldSelector == nil {
		return errors.New("only Users are listed here, by UID")
	}
	bucket, ok := applied.FieldSelector.RequiresExactMatch(index.UserUID)
	if !ok {
		return errors.New("only Users are listed here, by UID")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	users.Items = nil
	for uid, name := range s.byUID {
		if u, ok := s.objects[keyOf(&v1alpha1.User{}, name)].(*v1alpha1.User); ok && index.Bucket(uid) == bucket {
			users.Items = append(users.Items, *u.DeepCopy())
		}
	}
	return nil
}

// Patches returns how many patches were written.
func (s *Store) Patches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.patches
}

// Status implements client.StatusClient, for merge patches of Users.
func (s *Store) Status() client.SubResourceWriter { return status{store: s} }

type status struct {
	client.SubResourceWriter // nothing else is written here
	store                    *Store
}

// Patch implements client.SubResourceWriter.
func (w status) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	body, err := patch.Data(o)
	if err != nil {
		return err
	}
	var change struct {
		Metadata struct{ ResourceVersion string }
		Status   map[string]any
	}
	if err := json.Unmarshal(body, &change); err != nil {
		return err
	}
	s, name := w.store, client.ObjectKeyFromObject(o)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.objects[keyOf(o, name)].(*v1alpha1.User)
	switch {
	case !ok:
		return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.GroupVersion.Group}, name.Name)
	case change.Metadata.ResourceVersion != found.ResourceVersion:
		return apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupVersion.Group}, name.Name, errors.New("somebody else wrote first"))
	}
	user := found.DeepCopy()
	if user.Status, err = merged(user.Status, change.Status); err != nil {
		return err
	}
	s.patches++
	s.put(user)
	user.DeepCopyInto(o.(*v1alpha1.User))
	return nil
}

// merged is a status after a JSON merge patch.
func merged(before v1alpha1.UserStatus, patch map[string]any) (after v1alpha1.UserStatus, err error) {
	encoded, err := json.Marshal(before)
	if err != nil {
		return after, err
	}
	var fields map[string]any
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return after, err
	}
	encoded, err = json.Marshal(merge(fields, patch))
	if err != nil {
		return after, err
	}
	return after, json.Unmarshal(encoded, &after)
}

func merge(into, patch map[string]any) map[string]any {
	if into == nil {
		into = map[string]any{}
	}
	for name, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(into, name)
		case map[string]any:
			inner, _ := into[name].(map[string]any)
			into[name] = merge(inner, value)
		default:
			into[name] = value
		}
	}
	return into
}
