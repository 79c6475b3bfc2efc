// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/test/build"
	"seatkeeper.dev/seatkeeper/test/contract"
)

const (
	yes = metav1.ConditionTrue
	no  = metav1.ConditionFalse
)

var noon = metav1.NewTime(time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC))

// condition is a faultless one of generation 2.
func condition(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: "the person has access", ObservedGeneration: 2, LastTransitionTime: noon,
	}
}

// user is a User of generation 2 with these conditions.
func user(observed int64, conditions ...metav1.Condition) *v1alpha1.User {
	u := build.User("ada").In("acme", "acme").Generation(2).Obj()
	u.Status.ObservedGeneration, u.Status.Conditions = observed, conditions
	return u
}

// done is a faultless User as change makes it.
func done(change func(*v1alpha1.User)) *v1alpha1.User {
	u := user(2, condition("Ready", yes, "Active"))
	change(u)
	return u
}

// ready is a faultless User with its one condition as change makes it.
func ready(change func(*metav1.Condition)) *v1alpha1.User {
	return done(func(u *v1alpha1.User) { change(&u.Status.Conditions[0]) })
}

func saying(message string) *v1alpha1.User {
	return ready(func(c *metav1.Condition) { c.Message = message })
}

// pool is a faultless SeatPool whose turn writes the given slices.
func pool(slices ...int32) *v1alpha1.SeatPool {
	p := build.SeatPool("standard").In("acme", "acme").Ledger(7, slices...).Obj()
	p.Generation, p.Status.ObservedGeneration = 2, 2
	p.Status.Conditions = []metav1.Condition{condition("Ready", yes, "Ready")}
	return p
}

func TestConditionsHold(t *testing.T) {
	for why, obj := range map[string]v1alpha1.Conditioned{
		"everything is done":           user(2, condition("Ready", yes, "Active")),
		"something else moves next":    user(1, condition("Ready", no, "Inviting"), condition("Reconciling", yes, "Inviting")),
		"nothing was ever concluded":   user(-1, condition("Ready", no, "Inviting"), condition("Reconciling", yes, "Inviting")),
		"somebody has to act":          user(2, condition("Stalled", yes, "Declined"), condition("Ready", no, "Declined")),
		"a domain condition is False":  user(2, condition("Ready", yes, "Active"), condition("Seated", no, "AwaitingSeat")),
		"a condition is of old":        ready(func(c *metav1.Condition) { c.ObservedGeneration = 1 }),
		"lists are sorted":             done(func(u *v1alpha1.User) { u.Status.Roles, u.Status.Seats = []string{"a", "b"}, []string{"c", "d"} }),
		"slices are sorted by number":  pool(0, 3, 12),
		"the object is being deleted":  done(func(u *v1alpha1.User) { u.DeletionTimestamp = &noon }),
		"a message names a fixed date": saying("the invitation waits for an answer until 2026-12-01T09:30:00Z"),
		"a message quotes a server":    saying("the mail server refused the invitation (550 No such user. See the manual.): correct spec.email"),
		"a message has abbreviations":  saying("mail.acme.example, the server of Acme S.A. Paris, i.e. the only one, took the mail"),
	} {
		t.Run(why, func(t *testing.T) {
			if err := contract.Conditions(obj); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConditionsBreak(t *testing.T) {
	for why, c := range map[string]struct {
		obj  v1alpha1.Conditioned
		want string
	}{
		"no condition at all":         {user(2), "Ready is missing"},
		"Ready is unknown":            {user(2, condition("Ready", metav1.ConditionUnknown, "Active")), "Ready is Unknown: it is True or False"},
		"Reconciling False is noise":  {user(2, condition("Ready", yes, "Active"), condition("Reconciling", no, "Active")), "Reconciling is there and False"},
		"Stalled False is noise":      {user(2, condition("Ready", yes, "Active"), condition("Stalled", no, "Active")), "Stalled is there and False"},
		"ready and yet going on":      {user(2, condition("Ready", yes, "Active"), condition("Reconciling", yes, "Active")), "Ready is True beside Reconciling"},
		"ready and yet stuck":         {user(2, condition("Ready", yes, "Active"), condition("Stalled", yes, "Active")), "Ready is True beside Stalled"},
		"not ready, and nobody moves": {user(2, condition("Ready", no, "Declined")), "without Reconciling or Stalled"},
		"both move": {
			user(2, condition("Ready", no, "Declined"), condition("Reconciling", yes, "Declined"), condition("Stalled", yes, "Declined")),
			"both there",
		},
		"two reasons": {
			user(2, condition("Ready", no, "Declined"), condition("Stalled", yes, "EmailInUse")),
			"the reason of Ready is Declined, that of Stalled is EmailInUse",
		},
		"a condition twice":                 {user(2, condition("Ready", yes, "Active"), condition("Ready", yes, "Active")), "Ready is there twice"},
		"done, of an older generation":      {user(1, condition("Ready", yes, "Active")), "status.observedGeneration is 1 at generation 2"},
		"stuck, of an older generation":     {user(1, condition("Ready", no, "Declined"), condition("Stalled", yes, "Declined")), "status.observedGeneration is 1 at generation 2"},
		"of a generation to come":           {user(3, condition("Ready", no, "Inviting"), condition("Reconciling", yes, "Inviting")), "status.observedGeneration is 3 at generation 2"},
		"no generation on a condition":      {ready(func(c *metav1.Condition) { c.ObservedGeneration = 0 }), "Ready: observedGeneration is 0"},
		"a later generation on a condition": {ready(func(c *metav1.Condition) { c.ObservedGeneration = 3 }), "Ready: observedGeneration is 3"},
		"no time":                           {ready(func(c *metav1.Condition) { c.LastTransitionTime = metav1.Time{} }), "lastTransitionTime is missing"},
		"no reason":                         {ready(func(c *metav1.Condition) { c.Reason = "" }), "is not CamelCase"},
		"a reason in words":                 {ready(func(c *metav1.Condition) { c.Reason = "all is well" }), "is not CamelCase"},
		"no message":                        {saying(" "), "the message is empty"},
		"two lines":                         {saying("one\ntwo"), "more than one line"},
		"two lines in quotes":               {saying("it said \"one\ntwo\""), "more than one line"},
		"two sentences":                     {saying("The mail is out. Now wait."), "more than one sentence"},
		"a reading of the clock":            {saying("looked at 2026-05-04 12:00:00.123456 UTC"), "changes by itself"},
		"a monotonic reading":               {saying("looked at 12:00 m=+0.5"), "changes by itself"},
		"a time that passes":                {saying("sent 5 minutes ago"), "changes by itself"},
		"a countdown":                       {saying("tries again in 4m30s"), "changes by itself"},
		"roles out of order":                {done(func(u *v1alpha1.User) { u.Status.Roles = []string{"b", "a"} }), "status.roles is not sorted"},
		"a seat twice":                      {done(func(u *v1alpha1.User) { u.Status.Seats = []string{"a", "a"} }), "status.seats is not sorted, each once"},
		"slices out of order":               {pool(3, 0), "status.ledger.slices is not sorted"},
		"GitOps sees another thing":         {user(1, condition("Ready", yes, "Active")), "kstatus concludes InProgress"},
	} {
		t.Run(why, func(t *testing.T) {
			err := contract.Conditions(c.obj)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

// What Flux and Argo CD make of the states that people meet.
func TestHealth(t *testing.T) {
	held := user(2, condition("Ready", no, "RemovalHeld"), condition("Stalled", yes, "RemovalHeld"))
	held.DeletionTimestamp, held.Finalizers = &noon, []string{v1alpha1.FinalizerArchive}
	full, pending := pool(), pool()
	full.Status.Conditions = append(full.Status.Conditions, condition("Exhausted", yes, "SeatsTaken"))
	pending.Status.Conditions = []metav1.Condition{
		condition("Ready", no, "OrderPending"), condition("Stalled", yes, "OrderPending"), condition("OrderPending", yes, "ApprovalRequired"),
	}
	holding := build.Organization("acme").In("acme").Obj()
	holding.Generation, holding.Status.ObservedGeneration = 2, 2
	holding.Status.Conditions = []metav1.Condition{condition("Ready", yes, "Ready"), condition("RemovalsHeld", yes, "RemovalsHeld")}
	stuck := func(reason string) *v1alpha1.User {
		return user(2, condition("Ready", no, reason), condition("Stalled", yes, reason))
	}
	goingOn := func(reason string) *v1alpha1.User {
		return user(1, condition("Ready", no, reason), condition("Reconciling", yes, reason))
	}
	for why, c := range map[string]struct {
		obj  v1alpha1.Conditioned
		flux status.Status
		argo string
	}{
		"as created":          {user(-1), status.InProgressStatus, "Progressing"},
		"edited since":        {user(1, condition("Ready", yes, "Active")), status.InProgressStatus, "Progressing"},
		"stuck, edited since": {user(1, condition("Ready", no, "Declined"), condition("Stalled", yes, "Declined")), status.InProgressStatus, "Progressing"},
		"Active":              {user(2, condition("Ready", yes, "Active")), status.CurrentStatus, "Healthy"},
		"Invited":             {user(2, condition("Ready", yes, "Invited"), condition("Invited", yes, "Invited")), status.CurrentStatus, "Healthy"},
		"Suspended":           {user(2, condition("Ready", yes, "Suspended"), condition("Accepted", yes, "Accepted")), status.CurrentStatus, "Healthy"},
		"Archived":            {user(2, condition("Ready", yes, "Archived"), condition("Archived", yes, "Archived")), status.CurrentStatus, "Healthy"},
		"Provisioning":        {goingOn("Provisioning"), status.InProgressStatus, "Progressing"},
		"Archiving":           {goingOn("Archiving"), status.InProgressStatus, "Progressing"},
		"AwaitingSeat":        {stuck("AwaitingSeat"), status.FailedStatus, "Degraded"},
		"held, by an edit":    {stuck("RemovalHeld"), status.FailedStatus, "Degraded"},
		"held, when deleted":  {held, status.TerminatingStatus, "Progressing"},
		"a pool that is full": {full, status.CurrentStatus, "Healthy"},
		"an order that waits": {pending, status.FailedStatus, "Degraded"},
		"removals are held":   {holding, status.CurrentStatus, "Healthy"},
	} {
		t.Run(why, func(t *testing.T) {
			if flux, argo, err := contract.Health(c.obj); err != nil || flux != c.flux || argo != c.argo {
				t.Errorf("Flux sees %s and Argo CD %s (%v), want %s and %s", flux, argo, err, c.flux, c.argo)
			}
		})
	}
}
