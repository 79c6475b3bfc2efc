// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
)

// Whatever the order in which the objects come, each is told what it lacks, and all end the same.
func TestObjectsInAnyOrder(t *testing.T) {
	t.Parallel()
	s := play(t)
	for i, order := range permutations([]string{"Organization", "SeatPool", "Role", "User"}) {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			t.Parallel()
			s := &stage{T: t, Client: s.Client, ns: s.ns, box: s.box}
			n := fmt.Sprintf("n%d", i) // everything of this order has this name
			objects := map[string]v1alpha1.Conditioned{
				"Organization": build.Organization(n).Owner(n).Obj(),
				"SeatPool":     build.SeatPool(n).In("", n).Seats(1).Obj(),
				"Role":         build.Role(n).In("", n).SeatPool(n).Obj(),
				"User":         build.User(n).In("", n).Roles(n).Obj(),
			}
			for _, kind := range order {
				s.create(objects[kind])
				s.seen(objects[kind])
			}
			s.holds(s.is(n, v1alpha1.ReasonInvited), n)
			s.links(at(n), 1)
			await(s, n, func(r *v1alpha1.Role) error { return stands(r, v1alpha1.ReasonReady) })
			await(s, n, func(p *v1alpha1.SeatPool) error { return stands(p, v1alpha1.ReasonReady) })
			await(s, n, func(o *v1alpha1.Organization) error { return stands(o, v1alpha1.ReasonReady) })
		})
	}
}

// seen waits until the operator has said something about an object.
func (s *stage) seen(o v1alpha1.Conditioned) {
	s.Helper()
	env.Eventually(s, func() error {
		if err := s.Get(s.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		if conditions, _ := o.StatusConditions(); meta.FindStatusCondition(*conditions, v1alpha1.ConditionReady) == nil {
			return fmt.Errorf("nothing is said about %T %s", o, o.GetName())
		}
		return nil
	})
}

func permutations(of []string) [][]string {
	if len(of) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for i := range of {
		for _, rest := range permutations(slices.Concat(of[:i], of[i+1:])) {
			all = append(all, append([]string{of[i]}, rest...))
		}
	}
	return all
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for reason, missing := range map[string]struct {
		object client.Object
		words  string
	}{
		v1alpha1.ReasonOrganizationNotFound: {build.Organization("acme").Obj(), "organization acme is not in this namespace"},
		v1alpha1.ReasonRoleNotFound:         {build.Role("member").Obj(), "organization acme has no role member"},
		v1alpha1.ReasonSeatPoolNotFound:     {build.SeatPool("standard").Seats(1).Obj(), "organization acme has no seat pool standard"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := play(t, slices.DeleteFunc(acme(1, "ada"), func(o client.Object) bool {
				return fmt.Sprintf("%T", o) == fmt.Sprintf("%T", missing.object)
			})...)
			s.holds(s.says("ada", reason, missing.words))
			s.create(missing.object)
			s.is("ada", v1alpha1.ReasonInvited)
		})
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	for name, heals := range map[string]func(*stage){
		"until the first has another": func(s *stage) {
			edit(s, "ada", func(u *v1alpha1.User) { u.Spec.Email = at("lovelace") })
		},
		"until the first is deleted": func(s *stage) {
			edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "cid" })
			s.delete("ada")
		},
		"until it is corrected": func(s *stage) {
			edit(s, "bea", func(u *v1alpha1.User) { u.Spec.Email = at("bea") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(1, "ada")...)
			s.is("ada", v1alpha1.ReasonInvited)
			s.create(build.Role("guest").Obj(), build.User("bea").Roles("guest").Email(strings.ToUpper(at("ada"))).Obj())
			s.says("bea", v1alpha1.ReasonEmailInUse, "in use by User ada")
			s.links(at("ada"), 1)
			heals(s)
			s.is("bea", v1alpha1.ReasonInvited)
		})
	}
}

func TestTimeZoneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	const nowhere = "Europe/Atlantis"
	s := play(t, append(acme(2, "ada"), member("bea").TimeZone(nowhere).Obj())...)
	s.is("ada", v1alpha1.ReasonInvited)
	s.says("bea", v1alpha1.ReasonInvalidSpec, nowhere)
	s.links(at("bea"), 0)
	edit(s, "bea", func(u *v1alpha1.User) { u.Spec.TimeZone = "Europe/Paris" })
	s.holds(s.is("bea", v1alpha1.ReasonInvited), "standard")
}

func TestTimeZoneOfTheOrganizationThatDoesNotExist(t *testing.T) {
	t.Parallel()
	const nowhere = "Europe/Atlantis"
	objects := acme(1, "ada")
	objects[0] = build.Organization("acme").TimeZone(nowhere).Obj()
	s := play(t, objects...)
	s.says("ada", v1alpha1.ReasonInvalidSpec, nowhere)
	await(s, "acme", func(o *v1alpha1.Organization) error { return stands(o, v1alpha1.ReasonInvalidSpec) })
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.TimeZone = "Europe/Paris" })
	s.holds(s.is("ada", v1alpha1.ReasonInvited), "standard")
	await(s, "acme", func(o *v1alpha1.Organization) error { return stands(o, v1alpha1.ReasonReady) })
}

func TestOwnerStays(t *testing.T) {
	t.Parallel()
	for _, away := range []v1alpha1.UserState{v1alpha1.UserSuspended, v1alpha1.UserArchived} {
		t.Run(string(away), func(t *testing.T) {
			t.Parallel()
			s := play(t, acme(1, "ada", "bea")...)
			s.join("ada")
			s.turn("ada", away)
			ada := s.says("ada", v1alpha1.ReasonOwnerProtected, "owner of organization acme")
			s.holds(ada, "standard")
			if ada.Status.AccessRevokedAt != nil || !slices.Equal(ada.Status.Roles, []string{"member"}) {
				t.Errorf("ada has lost something: %+v", ada.Status)
			}
			s.turn("ada", v1alpha1.UserActive)
			s.holds(s.is("ada", v1alpha1.ReasonActive), "standard")
			s.links(at("ada"), 1)
			s.is("bea", v1alpha1.ReasonAwaitingSeat)
		})
	}
}

func TestOwnerGoesWhenThereIsAnother(t *testing.T) {
	t.Parallel()
	s := play(t, acme(1, "ada", "bea")...)
	s.join("ada")
	s.delete("ada")
	s.holds(s.says("ada", v1alpha1.ReasonOwnerProtected, "name another owner there first"), "standard")
	edit(s, "acme", func(o *v1alpha1.Organization) { o.Spec.Owner = "bea" })
	s.gone("ada")
	s.is("bea", v1alpha1.ReasonInvited)
	s.answer(s.links(at("bea"), 1)[0], accept, http.StatusOK)
}
