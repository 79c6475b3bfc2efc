// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// quickstart is the YAML of the quick start.
func quickstart(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, name := range []string{"organization", "seats", "roles", "users", "team"} {
		file, err := os.Open(filepath.Join("../../config/samples/quickstart", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		for documents := utilyaml.NewYAMLReader(bufio.NewReader(file)); ; {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			o := &unstructured.Unstructured{}
			if err := errors.Join(err, yaml.Unmarshal(document, &o.Object)); err != nil {
				t.Fatalf("reading %s: %v", file.Name(), err)
			}
			objects = append(objects, o)
		}
	}
	return objects
}

// apply applies YAML, as kubectl apply --server-side does.
func (s *stage) apply(objects []*unstructured.Unstructured) {
	s.Helper()
	for _, o := range objects {
		o := o.DeepCopy()
		o.SetNamespace(s.ns)
		err := s.Apply(s.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"))
		s.must(err, "applying %s %s", o.GetKind(), o.GetName())
	}
}

// settle waits until the quick start is where it stays.
func (s *stage) settle() {
	s.Helper()
	for _, name := range []string{"marie", "jean", "nadia"} {
		s.is(name, v1alpha1.ReasonInvited)
	}
	s.says("paul", v1alpha1.ReasonAwaitingSeat, "number 1 in the queue")
	s.says("sofia", v1alpha1.ReasonAwaitingSeat, "number 2 in the queue")
	await(s, "sales", func(team *v1alpha1.Team) error { return stands(team, v1alpha1.ReasonReady) })
	await(s, "administrator", func(r *v1alpha1.Role) error { return counts("holders", r.Status.Holders, 1) })
	await(s, "commercial", func(r *v1alpha1.Role) error { return counts("holders", r.Status.Holders, 3) })
	await(s, "acme", func(o *v1alpha1.Organization) error {
		return errors.Join(stands(o, v1alpha1.ReasonReady), counts("invited", o.Status.Invited, 3), counts("waiting", o.Status.Waiting, 2))
	})
}

func counts(what string, have *int32, want int32) error {
	if got := ptr.Deref(have, -1); got != want {
		return fmt.Errorf("%s: %d, want %d", what, got, want)
	}
	return nil
}

// probe is the name of an organization, of its role and of its user, who come last.
const probe = "probe"

// passOver makes the operator deal with something else, so that it has dealt with what was before. Then it is stopped.
func (s *stage) passOver() {
	s.Helper()
	s.distract(probe)
	s.op.Stop(s.T)
}

// distract makes the operator deal with an organization, a role and a user of a name.
func (s *stage) distract(name string) {
	s.Helper()
	s.create(build.Organization(name).Owner(name).Obj(), build.Role(name).In("", name).Obj(), build.User(name).In("", name).Roles(name).Obj())
	s.is(name, v1alpha1.ReasonInvited)
	await(s, name, func(o *v1alpha1.Organization) error { return counts("invited", o.Status.Invited, 1) })
	await(s, name, func(r *v1alpha1.Role) error { return counts("holders", r.Status.Holders, 1) })
}

// versions are those of all objects but the probe's.
func (s *stage) versions() map[string]string {
	s.Helper()
	versions := map[string]string{}
	for _, list := range []client.ObjectList{
		&v1alpha1.OrganizationList{}, &v1alpha1.SeatPoolList{}, &v1alpha1.SeatSliceList{}, &v1alpha1.RoleList{},
		&v1alpha1.TeamList{}, &v1alpha1.UserList{}, &v1alpha1.ArchivedUserList{},
	} {
		s.must(s.List(s.Context(), list, client.InNamespace(s.ns)), "listing %T", list)
		_ = meta.EachListItem(list, func(o runtime.Object) error {
			if object := o.(client.Object); object.GetName() != probe {
				versions[fmt.Sprintf("%T %s", o, object.GetName())] = object.GetResourceVersion()
			}
			return nil
		})
	}
	return versions
}

// eventsSince are the events since then, but the probe's.
func (s *stage) eventsSince(then time.Time) []string {
	s.Helper()
	var list eventsv1.EventList
	s.must(s.List(s.Context(), &list, client.InNamespace(s.ns)), "listing events")
	var events []string
	for _, e := range list.Items {
		last := e.EventTime
		if e.Series != nil {
			last = e.Series.LastObservedTime
		}
		if last.After(then) && !strings.HasPrefix(e.Regarding.Name, probe) {
			events = append(events, fmt.Sprintf("%s of %s %s: %s", e.Reason, e.Regarding.Kind, e.Regarding.Name, e.Note))
		}
	}
	return events
}

// nothingHappens holds that what happens to a settled quick start leads to no write, no mail and no event.
func (s *stage) nothingHappens(when func()) {
	s.Helper()
	s.settle()
	before, mails, then := s.versions(), len(s.box.Messages()), time.Now()
	when()
	s.passOver()
	if diff := cmp.Diff(before, s.versions()); diff != "" {
		s.Errorf("objects were written (-before +after):\n%s", diff)
	}
	if got := len(s.box.Messages()) - len(s.mails(at(probe))); got != mails {
		s.Errorf("there are %d mails, want %d as before", got, mails)
	}
	if events := s.eventsSince(then); len(events) > 0 {
		s.Errorf("there are events: %q", events)
	}
}

func TestSameYAMLTwice(t *testing.T) {
	t.Parallel()
	s := play(t)
	objects := quickstart(t)
	s.apply(objects)
	s.nothingHappens(func() { s.apply(objects) })
}

func TestRestartOfASettledSystem(t *testing.T) {
	t.Parallel()
	s := play(t)
	s.apply(quickstart(t))
	var traffic operator.Traffic
	s.nothingHappens(func() {
		s.op.Stop(t)
		s.start(operator.Options{Config: traffic.Config(env.Config(t))})
	})
	writes := slices.DeleteFunc(traffic.Writes(), func(r operator.Request) bool {
		return r.Name == probe || r.Resource == "events" // those are looked at above
	})
	if len(writes) > 0 {
		t.Errorf("the second operator makes the requests %v", writes)
	}
}
