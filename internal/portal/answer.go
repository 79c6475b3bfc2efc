// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
)

const (
	// fieldOwner owns what the portal writes.
	fieldOwner = client.FieldOwner("seatkeeper-portal")
	// attempts is how often an answer is tried when somebody else writes to the User at the same time.
	attempts = 5
)

// visit is somebody who follows a link.
type visit struct {
	claims invitation.Claims
	seal   []byte
	// user is whom the link claims to be for; nil when there is no such User.
	user *v1alpha1.User
}

// show tells what a link is worth, as far as the cache knows.
func (p *portal) show(ctx context.Context, token string) (page, error) {
	v, err := p.visit(ctx, token)
	if err != nil || v.user == nil {
		return page{view: viewUnknown}, err
	}
	return p.tell(ctx, v, p.judge(v))
}

// post records the answer to an invitation.
func (p *portal) post(ctx context.Context, w http.ResponseWriter, r *http.Request, token string) (page, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return page{view: viewTooLarge}, nil
		}
		return page{view: viewUnclear}, nil
	}
	answer := r.PostForm.Get(fieldAnswer)
	if answer != answerAccept && answer != answerDecline {
		return page{view: viewUnclear}, nil
	}
	v, err := p.visit(ctx, token)
	if err != nil || v.user == nil {
		return page{view: viewUnknown}, err
	}
	return p.record(ctx, v, answer == answerAccept)
}

// record judges the link by the User as it is, not as the cache has it, and writes the answer on condition
// that nobody has written to the User since: of two answers at once, one counts.
func (p *portal) record(ctx context.Context, v visit, accept bool) (page, error) {
	for range attempts {
		var user v1alpha1.User
		if err := p.Live.Get(ctx, client.ObjectKeyFromObject(v.user), &user); err != nil {
			return page{view: viewUnknown}, client.IgnoreNotFound(err)
		}
		v.user = &user
		if verdict := p.judge(v); verdict != Open {
			return p.tell(ctx, v, verdict)
		}
		err := p.write(ctx, &user, accept)
		switch {
		case err == nil:
			p.Log.Info("An invitation was answered", "user", client.ObjectKeyFromObject(&user), "accepted", accept)
			return p.thank(ctx, v, accept)
		case !apierrors.IsConflict(err):
			return page{view: viewUnknown}, client.IgnoreNotFound(err)
		}
	}
	return page{view: viewBusy}, nil
}

func (p *portal) write(ctx context.Context, user *v1alpha1.User, accept bool) error {
	now := metav1.NewTime(p.Clock.Now().Truncate(time.Second))
	status := map[string]any{"acceptedAt": now}
	if !accept {
		status = map[string]any{"invitation": map[string]any{"declinedAt": now}}
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": user.ResourceVersion},
		"status":   status,
	})
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return p.Status.Status().Patch(ctx, user, client.RawPatch(types.MergePatchType, patch), fieldOwner)
}

// visit finds out whom a link claims to be for.
func (p *portal) visit(ctx context.Context, token string) (visit, error) {
	claims, seal, err := invitation.ParseToken(token)
	if err != nil {
		return visit{}, nil //nolint:nilerr // not a link of ours, hence nobody's
	}
	var users v1alpha1.UserList
	if err := p.Cache.List(ctx, &users, client.MatchingFields{index.UserUID: string(claims.UID)}); err != nil {
		return visit{}, fmt.Errorf("finding the user of a link: %w", err)
	}
	v := visit{claims: claims, seal: seal}
	if len(users.Items) > 0 {
		v.user = &users.Items[0]
	}
	return v, nil
}

func (p *portal) judge(v visit) Verdict {
	return Judge(p.Keys(), v.user, v.claims, v.seal, p.Clock.Now())
}

// tell makes the page that tells of a verdict.
func (p *portal) tell(ctx context.Context, v visit, verdict Verdict) (page, error) {
	if verdict == NotFound {
		return page{view: viewUnknown}, nil // no detail of a User to whoever has no genuine link
	}
	return p.describe(ctx, v, verdictViews[verdict])
}

// thank makes the page that confirms an answer.
func (p *portal) thank(ctx context.Context, v visit, accepted bool) (page, error) {
	if accepted {
		return p.describe(ctx, v, viewWelcome)
	}
	return p.describe(ctx, v, viewGoodbye)
}

// describe fills a page with what the person is invited to.
func (p *portal) describe(ctx context.Context, v visit, shown view) (page, error) {
	organization := &v1alpha1.Organization{}
	if err := p.cached(ctx, v.user.Namespace, v.user.Spec.Organization, organization); err != nil {
		return page{}, err
	}
	roles := map[string]*v1alpha1.Role{}
	for _, name := range v.user.Status.Roles {
		roles[name] = &v1alpha1.Role{}
		if err := p.cached(ctx, v.user.Namespace, name, roles[name]); err != nil {
			return page{}, err
		}
	}
	details := invitation.Describe(v.user, organization, func(name string) *v1alpha1.Role { return roles[name] })
	// A zone that does not exist is reported on the User, and no reason to turn the person away.
	zone, _ := invitation.LoadZone(v.user.Spec.TimeZone, organization.Spec.TimeZone)
	return page{view: shown, Details: details, Until: details.Locale.FormatTime(v.claims.ExpiresAt.In(zone))}, nil
}

// cached reads an object from the cache; one that is gone stays empty.
func (p *portal) cached(ctx context.Context, namespace, name string, object client.Object) error {
	err := p.Cache.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading what an invitation is to: %w", err)
	}
	return nil
}
