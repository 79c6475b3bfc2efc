// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/account"
	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/membership"
	"seatkeeper.dev/seatkeeper/internal/password"
)

// How long an answer with a password may take. The API server has apiTimeout to reserve the invitation for it, the
// directory and the rest follow, and each write may take confirmTimeout more: all of them together end before others
// are let in.
const (
	answerTimeout    = 30 * time.Second
	directoryTimeout = 10 * time.Second
	finishTimeout    = 5 * time.Second
)

var errNoDirectory = errors.New("people are to choose a password, and there is no directory to hand it to")

// What is wrong with a password, beside password.Problems.
const (
	problemMismatch = "Mismatch"
	problemRefused  = "Refused"
)

// form is what a page asks for a password with.
type form struct {
	limits
	Problems []problem
}

// problem is something that is wrong with what was filled in.
type problem struct {
	limits
	Code string
	// Field is where it is.
	Field string
	// Words are the directory's, of problemRefused.
	Words string
}

// limits are those of a password, for the templates.
type limits struct{}

// MinLength is the least length of a password.
func (limits) MinLength() int { return password.MinLength }

// MaxLength is the greatest length of a password.
func (limits) MaxLength() int { return password.MaxLength }

// MinDifferent is how many different characters a password has at least.
func (limits) MinDifferent() int { return password.MinDifferent }

// Of returns the problems of a field, for the templates.
func (f form) Of(field string) []problem {
	return slices.DeleteFunc(slices.Clone(f.Problems), func(p problem) bool { return p.Field != field })
}

// hasDirectory says that there is where a password can go.
func (v visit) hasDirectory() bool { return membership.HasDirectory(v.organization) }

// ask makes the page that asks for a password, with what is wrong with the last one.
func (p *portal) ask(ctx context.Context, v visit, shown view, problems []problem) (page, error) {
	if !v.hasDirectory() {
		return p.postpone(ctx, v, shown)
	}
	asked, err := p.describe(ctx, v, shown)
	asked.Form = &form{Problems: problems}
	return asked, err
}

// postpone makes the page of an invitation that cannot be accepted for want of a directory. The log has that once for
// each organization: links are followed all the time.
func (p *portal) postpone(ctx context.Context, v visit, shown view) (page, error) {
	organization := types.NamespacedName{Namespace: v.user.Namespace, Name: v.user.Spec.Organization}
	if _, known := p.complained.LoadOrStore(organization, true); !known {
		p.Log.Error(errNoDirectory, "Nobody can accept an invitation of this organization: configure a directory, or set its "+
			"spec.invitation.acceptance to Confirm", "organization", organization)
	}
	postponed, err := p.describe(ctx, v, shown)
	postponed.Postponed = true
	return postponed, err
}

// acceptWithPassword hands the password to the directory and nobody else. Two who choose one at the same time must not
// both be told that theirs counts, so the invitation is reserved for one of them while the directory works; a
// reservation that is left behind ends by itself.
func (p *portal) acceptWithPassword(ctx context.Context, v visit, values url.Values) (page, error) {
	problems := p.problems(v, values.Get(fieldPassword), values.Get(fieldRepeat))
	if len(problems) == 0 && v.hasDirectory() {
		secret := password.New(values.Get(fieldPassword))
		return p.inTurn(ctx, p.passwords, v, func() (page, error) { return p.reserve(ctx, v, secret) })
	}
	switch verdict := p.judge(v); {
	case verdict != Open:
		return p.tell(ctx, v, verdict)
	case !v.hasDirectory():
		return p.postpone(ctx, v, viewPostponed)
	}
	return p.ask(ctx, v, viewRefused, problems)
}

// reserve reserves the invitation, and hands the password over when that worked.
func (p *portal) reserve(ctx context.Context, v visit, secret password.Password) (page, error) {
	id := rand.Text()
	verdict, reserved, err := p.change(ctx, &v, func(verdict Verdict) map[string]any {
		if verdict != Open || p.beingAnswered(v.user) {
			return nil
		}
		until := metav1.NewTime(p.Clock.Now().Add(answerTimeout))
		return map[string]any{"invitation": map[string]any{"answering": map[string]any{"id": id, "until": until}}}
	})
	if err != nil || !reserved {
		return p.turnAway(ctx, v, verdict, err)
	}
	return p.handOver(context.WithoutCancel(ctx), v, id, secret) // whoever leaves now has answered
}

// problems says what is wrong with a password and its repetition.
func (p *portal) problems(v visit, chosen, repeated string) []problem {
	var found []problem
	spec := v.user.Spec
	for _, code := range password.Check(chosen, spec.Email, spec.GivenName, spec.FamilyName, spec.Organization, v.organization.Spec.DisplayName) {
		found = append(found, problem{Code: string(code), Field: fieldPassword})
	}
	if chosen != repeated {
		found = append(found, problem{Code: problemMismatch, Field: fieldRepeat})
	}
	return found
}

// handOver hands the password to the directory, then concludes the answer with that id or gives it up.
func (p *portal) handOver(ctx context.Context, v visit, id string, secret password.Password) (page, error) {
	err := p.setPassword(ctx, v, secret)
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	if err == nil {
		return p.conclude(ctx, v, id)
	}
	// The directory's words may hold anything.
	log := p.Log.WithValues("user", client.ObjectKeyFromObject(v.user))
	if errors.Is(err, directory.ErrRejected) || errors.Is(err, directory.ErrConflict) {
		log.Info("The directory refused a password")
		if err := p.release(ctx, &v, id); err != nil {
			return page{}, err
		}
		return p.ask(ctx, v, viewRefused, []problem{{Code: problemRefused, Field: fieldPassword, Words: directory.Words(directory.Discreet(err, secret))}})
	}
	log.Error(directory.ErrUnavailable, "The directory did not take a password", "timeout", errors.Is(err, context.DeadlineExceeded))
	if errors.Is(err, context.DeadlineExceeded) {
		// The password may still be on its way: nobody else's gets in before it until the reservation ends.
		return p.describe(ctx, v, viewBusy)
	}
	if err := p.release(ctx, &v, id); err != nil {
		return page{}, err
	}
	return p.describe(ctx, v, viewBusy)
}

func (p *portal) setPassword(ctx context.Context, v visit, secret password.Password) error {
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	at, err := p.Directories.Of(ctx, v.organization)
	if err != nil {
		return err
	}
	return at.SetPassword(ctx, account.Of(v.user, v.organization, false), secret)
}

// conclude records the acceptance, as long as the invitation is reserved for it and still open.
func (p *portal) conclude(ctx context.Context, v visit, id string) (page, error) {
	verdict, written, err := p.change(ctx, &v, func(verdict Verdict) map[string]any {
		if verdict != Open || v.user.Status.Invitation.Answering.ID != id {
			return nil
		}
		now := metav1.NewTime(p.Clock.Now().Truncate(time.Second))
		return map[string]any{"acceptedAt": now, "invitation": map[string]any{"answering": nil}}
	})
	if err != nil {
		return page{}, err
	}
	if written {
		return p.thank(ctx, v, true)
	}
	if verdict != NotFound {
		err = p.release(ctx, &v, id)
	}
	return p.turnAway(ctx, v, verdict, err)
}

// release lets others in again.
func (p *portal) release(ctx context.Context, v *visit, id string) error {
	_, _, err := p.change(ctx, v, func(Verdict) map[string]any {
		if latest := v.user.Status.Invitation; latest == nil || latest.Answering.ID != id {
			return nil
		}
		return map[string]any{"invitation": map[string]any{"answering": nil}}
	})
	return err
}
