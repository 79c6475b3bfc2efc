// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/mail"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
	"seatkeeper.dev/seatkeeper/test/passes"
)

// story is something that happens in a settled world.
type story struct {
	given   func() []client.Object
	before  func(*passes.World)
	happens func(*passes.World)
	// writes are those of the controller that the story is about.
	writes operator.Match
}

// accident is what befalls one of those writes.
type accident struct {
	fault operator.Fault
	nth   int
	// again says that the write gets no answer when it is tried again.
	again bool
	// death says that the process ends there, and another starts.
	death bool
}

// drawn are all of these, or one of them under the race detector: what it looks for in one story that goes wrong it finds in the
// next, and `make test` runs all tests with Crash in their names without it as well.
func drawn[T any](all []T) []T {
	if env.Size(len(all), 1) < len(all) {
		one := rand.IntN(len(all))
		return all[one : one+1]
	}
	return all
}

// deaths are all that can befall so many writes where the process dies each time.
func deaths(writes int) []accident {
	var all []accident
	for nth := 1; nth <= writes; nth++ {
		for _, fault := range []operator.Fault{operator.NotSent, operator.NoAnswer} {
			all = append(all, accident{fault: fault, nth: nth, death: true})
		}
	}
	return all
}

func (a accident) String() string {
	text := fmt.Sprintf("write %d %s", a.nth, a.fault)
	if a.again {
		text += ", then no answer"
	}
	if a.death {
		text += ", death"
	}
	return text
}

// outcome is how a story ends.
type outcome struct {
	State map[string]any
	// Mails are the addresses that were invited, one for each Message-ID.
	Mails []string
	// Bills are the numbers of seats that the provider was told to bill, in order.
	Bills []int64
}

// tell tells a story, with an accident unless that is nil, and says how it ends and how many writes it took; none when a write was
// not tried again that was to get no answer then.
func tell(t *testing.T, s story, a *accident) (outcome, int) {
	t.Helper()
	w := passes.New(t, s.given()...)
	if s.before != nil {
		w.Settle()
		s.before(w)
	}
	w.Settle()
	w.Traffic.Reset()
	var hit, again <-chan struct{}
	switch {
	case a == nil:
	case a.death:
		hit = w.Traffic.Kill(a.fault, a.nth, s.writes)
	case a.again:
		hit, again = w.Traffic.BreakTwice(a.nth, s.writes)
	default:
		hit = w.Traffic.Break(a.fault, a.nth, s.writes)
	}
	s.happens(w)
	if a != nil {
		suffer(t, w, hit, a.death)
	}
	tried := again == nil || befalls(t, w, again)
	w.Settle()
	writes := len(w.Traffic.Requests(s.writes))
	if !tried {
		writes = 0
	}
	return outcome{State: w.State(), Mails: distinct(t, w.Mail.Sent()), Bills: bills(w)}, writes
}

// suffer does rounds until the accident has happened, and starts anew after a death.
func suffer(t *testing.T, w *passes.World, hit <-chan struct{}, death bool) {
	t.Helper()
	if !befalls(t, w, hit) {
		t.Fatalf("the accident does not happen: writes %v", w.Traffic.Writes())
	}
	if death {
		w.Traffic.Restore()
		w.Restart()
	}
}

// befalls does rounds until a fault hits, which a pass is to tell of. It does not hit in a world that has settled.
func befalls(t *testing.T, w *passes.World, hit <-chan struct{}) bool {
	t.Helper()
	for range 10 {
		settled, err := w.Round()
		select {
		case <-hit:
			if err == nil {
				t.Error("no pass tells of the accident")
			}
			return true
		default:
			if settled {
				return false
			}
		}
	}
	return false
}

// distinct returns the recipients of the mails, one for each Message-ID, and checks that mails of one ID are one mail.
func distinct(t *testing.T, mails []mail.Message) []string {
	t.Helper()
	byID := map[string]mail.Message{}
	var to []string
	for _, m := range mails {
		if first, twice := byID[m.ID]; !twice {
			byID[m.ID] = m
			to = append(to, m.To.Email)
		} else if diff := cmp.Diff(first, m); diff != "" {
			t.Errorf("two mails have the ID %s and are not the same:\n%s", m.ID, diff)
		}
	}
	slices.Sort(to)
	return to
}

// bills are the numbers of seats that the provider was told to bill, one for each key.
func bills(w *passes.World) []int64 {
	var quantities []int64
	told := map[string]bool{}
	for _, c := range w.Billing.Attempts() {
		if !told[c.Key] {
			quantities = append(quantities, c.Quantity)
		}
		told[c.Key] = true
	}
	return quantities
}

// acme is an organization with a pool of so many seats, whose users have the role member.
func acme(seats int32, users ...string) func() []client.Object {
	return func() []client.Object {
		objects := []client.Object{
			build.Organization("acme").Owner("ada").Obj(),
			build.SeatPool("standard").Seats(seats).Obj(),
			build.Role("member").SeatPool("standard").Obj(),
			build.Team("sales").Lead("ada").Members("bea").Obj(),
		}
		for _, name := range users {
			objects = append(objects, member(name))
		}
		return objects
	}
}

func member(name string) *v1alpha1.User { return build.User(name).Roles("member").Obj() }

func accepted(name string) func(*passes.World) {
	return func(w *passes.World) { w.Answer(name, accept) }
}

// edit is a change of a user that somebody makes.
func edit(name string, change func(*v1alpha1.User)) func(*passes.World) {
	return func(w *passes.World) { passes.Change(w, name, change) }
}

func state(to v1alpha1.UserState) func(*v1alpha1.User) {
	return func(u *v1alpha1.User) { u.Spec.State = to }
}

func resend(u *v1alpha1.User) {
	u.Annotations = map[string]string{v1alpha1.AnnotationResendInvitation: "once more"}
}

// stories are told by the controller whose writes suffer.
var stories = map[passes.Kind]map[string]story{
	passes.Organization: {
		"somebody joins": {
			given: acme(3, "ada"), happens: func(w *passes.World) { w.Create(member("bea")) },
			writes: operator.Writing("organizations/status"),
		},
	},
	passes.Role: {
		"somebody joins": {
			given: acme(3, "ada"), happens: func(w *passes.World) { w.Create(member("bea")) },
			writes: operator.Writing("roles/status"),
		},
	},
	passes.Team: {
		"the lead leaves": {
			given:   func() []client.Object { return append(acme(3, "ada", "bea")(), build.Team("ops").Lead("bea").Obj()) },
			happens: edit("bea", state(v1alpha1.UserArchived)),
			writes:  operator.Writing("teams/status"),
		},
	},
	passes.SeatPool: {
		"the first seats": {
			given: acme(2), happens: func(w *passes.World) { w.Create(member("ada"), member("bea"), member("cid")) },
			writes: operator.Writing("seatpools/status", "seatslices"),
		},
		"seats of two slices change hands": {
			given: scattered, before: scatter, happens: withoutRole("cid"),
			writes: operator.Writing("seatpools/status", "seatslices"),
		},
		"a shrink and a leaver": {
			given: acme(3, "ada", "bea", "cid", "dan"),
			happens: func(w *passes.World) {
				passes.Change(w, "standard", func(p *v1alpha1.SeatPool) { p.Spec.Seats = new(int32(1)) })
				edit("bea", state(v1alpha1.UserSuspended))(w)
			},
			writes: operator.Writing("seatpools/status", "seatslices"),
		},
		"a shortage": {
			given:   func() []client.Object { return selling(suspending(3), "ada", "bea", "cid") },
			before:  func(w *passes.World) { w.Answer("bea", accept) },
			happens: func(w *passes.World) { scale(w, 1) },
			writes:  operator.Writing("seatpools/status", "seatslices", "users/status"),
		},
		"the end of a shortage": {
			given:  func() []client.Object { return selling(suspending(3), "ada", "bea", "cid") },
			before: func(w *passes.World) { scale(w, 1) }, happens: func(w *passes.World) { scale(w, 3) },
			writes: operator.Writing("seatpools/status", "seatslices"),
		},
		"an order that is approved and billed": {
			given: func() []client.Object {
				return append(selling(standard(1).Approval().Stripe("si_1", "stripe"), "ada", "bea"), secret())
			},
			before:  func(w *passes.World) { scale(w, 2) },
			happens: func(w *passes.World) { passes.Change(w, "standard", approve(w.Pool("standard").Generation)) },
			writes:  operator.Writing("seatpools/status", "seatslices"),
		},
		"the end of a term that is billed": {
			given: func() []client.Object {
				return append(selling(suspending(2).ExpiresAt(endOfTerm).Stripe("si_1", "stripe")), secret())
			},
			happens: func(w *passes.World) { w.Clock.SetTime(endOfTerm) },
			writes:  operator.Writing("seatpools/status", "seatslices"),
		},
		"use that is billed": {
			given: func() []client.Object {
				return append(selling(metered(5).Stripe("si_1", "stripe"), "ada"), secret())
			},
			happens: func(w *passes.World) { w.Create(member("bea"), member("cid")) },
			writes:  operator.Writing("seatpools/status", "seatslices"),
		},
		"an end": {
			given:   acme(3, "ada"),
			before:  func(w *passes.World) { w.Delete(build.SeatPool("standard").Obj()) },
			happens: withoutRole("ada"),
			writes:  operator.Writing("seatpools", "seatpools/status", "seatslices"),
		},
	},
	passes.User: {
		"an invitation": {
			given: acme(3, "ada"), happens: func(w *passes.World) { w.Create(member("bea")) }, writes: ofUser,
		},
		"one more invitation": {given: acme(3, "ada", "bea"), happens: edit("bea", resend), writes: ofUser},
		"another address": {
			given: acme(3, "ada", "bea"), happens: edit("bea", func(u *v1alpha1.User) { u.Spec.Email = "b@acme.example" }),
			writes: ofUser,
		},
		"an acceptance": {given: acme(3, "ada", "bea"), happens: accepted("bea"), writes: ofUser},
		"a refusal": {
			given: acme(3, "ada", "bea"), happens: func(w *passes.World) { w.Answer("bea", decline) }, writes: ofUser,
		},
		"silence": {
			given:   acme(3, "ada", "bea"),
			happens: func(w *passes.World) { w.Clock.SetTime(w.Clock.Now().Add(200 * time.Hour)) }, writes: ofUser,
		},
		"a suspension": {
			given: acme(3, "ada", "bea"), before: accepted("bea"), happens: edit("bea", state(v1alpha1.UserSuspended)),
			writes: ofUser,
		},
		"a return": {
			given: acme(3, "ada", "bea"),
			before: func(w *passes.World) {
				w.Answer("bea", accept)
				edit("bea", state(v1alpha1.UserArchived))(w)
			},
			happens: edit("bea", state(v1alpha1.UserActive)), writes: ofUser,
		},
		"a return before an answer": {
			given: acme(3, "ada", "bea"), before: edit("bea", state(v1alpha1.UserSuspended)),
			happens: edit("bea", state(v1alpha1.UserActive)), writes: ofUser,
		},
		"access ends": {
			given: acme(2, "ada", "bea", "cid"),
			before: func(w *passes.World) {
				w.Answer("bea", accept)
				edit("bea", until(passes.Noon.Add(time.Hour)))(w)
			},
			happens: func(w *passes.World) { w.Clock.SetTime(passes.Noon.Add(2 * time.Hour)) }, writes: ofUser,
		},
		"access is to end": {
			given: acme(2, "ada", "bea"), before: accepted("bea"),
			happens: edit("bea", until(passes.Noon.Add(40*time.Hour))), writes: ofUser,
		},
		"access again": {
			given: acme(2, "ada", "bea"),
			before: func(w *passes.World) {
				w.Answer("bea", accept)
				edit("bea", until(passes.Noon))(w)
			},
			happens: edit("bea", until(passes.Noon.Add(1000*time.Hour))), writes: ofUser,
		},
		"an end": {
			given: acme(2, "ada", "bea", "cid"), before: accepted("bea"),
			happens: func(w *passes.World) { w.Delete(build.User("bea").Obj()) }, writes: ofUser,
		},
		"a return of who was deleted": {
			given: acme(3, "ada", "bea"), before: gone("bea", accept),
			happens: func(w *passes.World) { w.Create(member("bea")) }, writes: ofUser,
		},
		"a return of who was deleted unanswered": {
			given: acme(3, "ada", "bea"), before: gone("bea", nil),
			happens: func(w *passes.World) { w.Create(member("bea")) }, writes: ofUser,
		},
		"a return, and an end at once": {
			given: acme(3, "ada", "bea"), before: gone("bea", accept),
			happens: func(w *passes.World) {
				w.Create(held(member("bea")))
				w.Delete(build.User("bea").Obj())
			}, writes: ofUser,
		},
		"another person, and back": {
			given: replacing("ada", "bea"), before: func(w *passes.World) {
				w.Answer("bea", accept)
				readdress(w, "bea", "nadia@acme.example")
			},
			happens: edit("bea", func(u *v1alpha1.User) { u.Spec.Email = "bea@acme.example" }), writes: ofUser,
		},
		"an end for good": {
			given: finally("ada", "bea"), before: accepted("bea"),
			happens: func(w *passes.World) {
				confirm("bea")(w)
				w.Delete(build.User("bea").Obj())
			}, writes: ofUser,
		},
	},
}

var ofUser = operator.Writing("users", "users/status", "archivedusers")

// Whichever write of a pass fails, before or after it takes effect, with or without the process: all ends the same.
func TestCrash(t *testing.T) {
	for kind, byName := range stories {
		for _, name := range drawn(slices.Sorted(maps.Keys(byName))) {
			s := byName[name]
			t.Run(string(kind)+"/"+name, func(t *testing.T) {
				t.Parallel()
				want, writes := tell(t, s, nil)
				if writes == 0 {
					t.Fatal("the story takes no write")
				}
				var all []accident
				for nth := 1; nth <= writes; nth++ {
					// The death before a write is the same as the one after the write before.
					all = append(all, accident{fault: operator.NotSent, nth: nth, again: true}, accident{fault: operator.NoAnswer, nth: nth, death: true})
				}
				for _, a := range drawn(all) {
					t.Run(a.String(), func(t *testing.T) {
						got, whole := tell(t, s, &a)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("it ends otherwise (-without +with the accident):\n%s", diff)
						}
						if whole == 0 {
							t.Log("the write was not tried again as it was")
							got, _ = tell(t, s, &accident{fault: operator.NoAnswer, nth: a.nth})
							if diff := cmp.Diff(want, got); diff != "" {
								t.Errorf("without an answer at once, it ends otherwise (-without +with the accident):\n%s", diff)
							}
						}
					})
				}
			})
		}
	}
}

// scattered is a pool with as many seats as users, but for one who waits.
func scattered() []client.Object { return acme(4, "ada", "bea", "cid", "dan", "eve")() }

// scatter gives the seats to the first four, two of them in a second slice, as it can be after a shrink. A seat of the
// second slice that becomes free is then given to eve in the first one.
func scatter(w *passes.World) {
	w.Scatter("standard", map[int32]string{0: "ada", 1: "bea", 64: "cid", 65: "dan"})
}

func withoutRole(name string) func(*passes.World) {
	return edit(name, func(u *v1alpha1.User) { u.Spec.Roles = nil })
}
