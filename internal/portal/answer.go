// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/index"
	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/loop"
)

// visit is somebody who follows a link.
type visit struct {
	token  string
	claims invitation.Claims
	seal   []byte
	// user is whom the link is for; nil when there is no such User, or the link is not ours. Like organization, it may
	// be the cache's own: it is read, and never changed.
	user *v1alpha1.User
	// organization is the user's; empty when there is none.
	organization *v1alpha1.Organization
}

// asksPassword says that a click is not enough to accept.
func (v visit) asksPassword() bool {
	return v.organization.Spec.Invitation.Acceptance == v1alpha1.AcceptancePassword
}

// asksSignIn says that who accepts has to sign in with an identity provider.
func (v visit) asksSignIn() bool {
	return v.organization.Spec.Invitation.Acceptance == v1alpha1.AcceptanceSignIn
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
	if foreign(r) {
		return page{view: viewForeign}, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return page{view: viewTooLarge}, nil
		}
		return page{view: viewUnclear}, nil
	}
	answer, provider := r.PostForm.Get(fieldAnswer), r.PostForm.Get(fieldProvider)
	if answer != answerAccept && answer != answerDecline && (answer != "" || provider == "") {
		return page{view: viewUnclear}, nil
	}
	v, err := p.visit(ctx, token)
	if err != nil || v.user == nil {
		return page{view: viewUnknown}, err
	}
	switch answer {
	case answerAccept:
		return p.accept(ctx, v, r.PostForm)
	case answerDecline:
		return p.click(ctx, v, false)
	}
	return p.send(ctx, w, v, provider, r.URL.Query().Has(fieldAccount))
}

// foreign says that another site's page sent a request, which could answer for the person otherwise. It goes by what a browser says
// in Sec-Fetch-Site alone: our pages have no referrer, so that the Origin of their forms is null.
func foreign(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" && new(http.CrossOriginProtection).Check(r) != nil
}

// accept takes a yes, in the way that the organization wants it.
func (p *portal) accept(ctx context.Context, v visit, values url.Values) (page, error) {
	switch {
	case v.organization.Name == "": // nobody knows whether it asks for a password
		return p.turnAway(ctx, v, p.judge(v), nil)
	case v.asksPassword():
		return p.acceptWithPassword(ctx, v, values)
	case v.asksSignIn():
		return page{view: viewUnclear}, nil // the page has no such button
	}
	return p.click(ctx, v, true)
}

// click takes an answer that needs no more than a click.
func (p *portal) click(ctx context.Context, v visit, accept bool) (page, error) {
	return p.inTurn(ctx, p.clicks, v, func() (page, error) { return p.record(ctx, v, accept, v1alpha1.Identity{}) })
}

// inTurn works on an answer when those before it in the line leave room, and turns the person away when that takes too
// long.
func (p *portal) inTurn(ctx context.Context, line *semaphore.Weighted, v visit, work func() (page, error)) (page, error) {
	if line.Acquire(ctx, 1) != nil {
		return p.tell(ctx, v, NotYet)
	}
	defer line.Release(1)
	return work()
}

// record writes an answer that is given with a click, or by who has signed in: of two at once, one counts.
func (p *portal) record(ctx context.Context, v visit, accept bool, identity v1alpha1.Identity) (page, error) {
	verdict, written, err := p.change(ctx, &v, func(verdict Verdict) map[string]any {
		if verdict != Open || p.beingAnswered(v.user) {
			return nil
		}
		now := metav1.NewTime(p.Clock.Now().Truncate(time.Second))
		latest := map[string]any{}
		if v.user.Status.Invitation.Answering.ID != "" {
			latest["answering"] = nil // one that never ended
		}
		if !accept {
			latest["declinedAt"] = now
			return map[string]any{"invitation": latest}
		}
		status := map[string]any{"acceptedAt": now}
		if identity.Issuer != "" {
			status["identity"] = map[string]any{"issuer": identity.Issuer, "subject": identity.Subject}
		}
		if len(latest) > 0 {
			status["invitation"] = latest
		}
		return status
	})
	if err != nil || !written {
		return p.turnAway(ctx, v, verdict, err)
	}
	return p.thank(ctx, v, accept)
}

// beingAnswered says that somebody's answer is being worked on.
func (p *portal) beingAnswered(user *v1alpha1.User) bool {
	latest := user.Status.Invitation
	return latest != nil && latest.Answering.ID != "" && p.Clock.Now().Before(latest.Answering.Until.Time)
}

// visit finds out whom a link is for. It takes the cache as it is: what was just written is not waited for, so that
// nobody who looks has to wait for those who answer, and an answer is judged by the User as it is in any case.
func (p *portal) visit(ctx context.Context, token string) (visit, error) {
	claims, seal, err := invitation.ParseToken(token)
	if err != nil {
		return visit{}, nil //nolint:nilerr // not a link of ours, hence nobody's
	}
	if !p.Keys().Genuine(claims, seal) { // whoever forges links costs the API server nothing
		return visit{}, nil
	}
	var users v1alpha1.UserList
	if err := p.Cache.List(ctx, &users, client.MatchingFields{index.UserUID: index.Bucket(string(claims.UID))}, loop.Lagging{}); err != nil {
		return visit{}, fmt.Errorf("finding the user of a link: %w", err)
	}
	v := visit{token: token, claims: claims, seal: seal, organization: &v1alpha1.Organization{}}
	at := slices.IndexFunc(users.Items, func(u v1alpha1.User) bool { return u.UID == claims.UID })
	if at < 0 {
		return v, nil
	}
	v.user = &users.Items[at]
	return v, p.cached(ctx, v.user.Namespace, v.user.Spec.Organization, v.organization)
}

func (p *portal) judge(v visit) Verdict {
	return Judge(p.Keys(), v.user, v.claims, v.seal, p.Clock.Now())
}

// tell makes the page that tells of a verdict.
func (p *portal) tell(ctx context.Context, v visit, verdict Verdict) (page, error) {
	switch {
	case verdict == NotFound:
		return page{view: viewUnknown}, nil // no detail of a User to whoever has no genuine link
	case verdict == Open && v.asksPassword():
		return p.ask(ctx, v, viewInvitation, nil)
	}
	return p.describe(ctx, v, verdictViews[verdict])
}

// turnAway makes the page for an answer that was not written. When the link is open nevertheless, it is another
// answer that keeps it.
func (p *portal) turnAway(ctx context.Context, v visit, verdict Verdict, err error) (page, error) {
	if err != nil {
		return page{view: viewUnknown}, err
	}
	if verdict == Open {
		verdict = NotYet
	}
	return p.tell(ctx, v, verdict)
}

// thank makes the page that confirms an answer.
func (p *portal) thank(ctx context.Context, v visit, accepted bool) (page, error) {
	p.Log.Info("An invitation was answered", "user", client.ObjectKeyFromObject(v.user), "accepted", accepted)
	if accepted {
		return p.describe(ctx, v, viewWelcome)
	}
	return p.describe(ctx, v, viewGoodbye)
}

// describe fills a page with what the person is invited to.
func (p *portal) describe(ctx context.Context, v visit, shown view) (page, error) {
	roles := map[string]*v1alpha1.Role{}
	for _, name := range v.user.Status.Roles {
		roles[name] = &v1alpha1.Role{}
		if err := p.cached(ctx, v.user.Namespace, name, roles[name]); err != nil {
			return page{}, err
		}
	}
	details := invitation.Describe(v.user, v.organization, func(name string) *v1alpha1.Role { return roles[name] })
	// A zone that does not exist is reported on the User, and no reason to turn the person away.
	zone, _ := invitation.LoadZone(v.user.Spec.TimeZone, v.organization.Spec.TimeZone)
	return page{
		view: shown, Details: details, Until: details.Locale.FormatTime(v.claims.ExpiresAt.In(zone)),
		Providers: v.offers(), SignIn: v.asksSignIn(),
	}, nil
}

// cached reads an object from the cache as it is; one that is gone stays empty. It is not to be changed.
func (p *portal) cached(ctx context.Context, namespace, name string, object client.Object) error {
	err := p.Cache.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object, loop.Lagging{})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading what an invitation is to: %w", err)
	}
	return nil
}
