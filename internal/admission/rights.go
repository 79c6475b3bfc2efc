// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apimachinery/pkg/util/validation/field"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
)

// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

const (
	// rightsKept is for how long a right counts that the API server confirmed: so long after it was taken away it may
	// still be used. That somebody may not do it to everything counts as long: each thing is asked about then, anew each
	// time, so that a right which is given counts at once.
	rightsKept = 10 * time.Second
	// rightsRemembered is how many answers are kept.
	rightsRemembered = 4096
	// rightsAsked is how many questions of one request are under way at once.
	rightsAsked = 4
	// rightsListed is how many missing rights a refusal names; once as many are missing, no others are asked for.
	rightsListed = 8
)

// right is the right to do something to what has a name; to all of the resource when the name is empty.
type right struct{ verb, group, resource, name string }

func (r right) String() string {
	resource := r.resource
	if r.group != "" {
		resource += "." + r.group
	}
	if r.name == "" {
		return fmt.Sprintf("the verb %s on %s", r.verb, resource)
	}
	return fmt.Sprintf("the verb %s on %s %q", r.verb, resource, r.name)
}

// demand is a right that whoever makes a request needs.
type demand struct {
	// at is the field that needs it, and act what it is for.
	at    *field.Path
	act   string
	right right
}

// rights knows who may do what.
type rights struct {
	review  func(context.Context, *authorizationv1.SubjectAccessReview, metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error)
	answers *cache.LRUExpireCache
}

// newRights asks the API server that the manager works for.
func newRights(mgr ctrl.Manager, clock clock.PassiveClock) (*rights, error) {
	api, err := authorizationclient.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for access reviews: %w", err)
	}
	return &rights{
		review:  api.SubjectAccessReviews().Create,
		answers: cache.NewLRUExpireCacheWithClock(rightsRemembered, clock),
	}, nil
}

// refuse refuses what whoever made the request has no right to. A request without demands asks nobody.
func (r *rights) refuse(ctx context.Context, namespace string, demands []demand) (field.ErrorList, error) {
	if len(demands) == 0 {
		return nil, nil
	}
	request, err := admission.RequestFromContext(ctx)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	var asked []right
	by := map[right]demand{} // the first that needs it
	for _, d := range demands {
		if _, known := by[d.right]; !known {
			by[d.right] = d
			asked = append(asked, d.right)
		}
	}
	missing, err := r.missing(ctx, &request.UserInfo, namespace, asked)
	if err != nil {
		return nil, apierrors.NewInternalError(fmt.Errorf("asking what %s may do: %w", request.UserInfo.Username, err))
	}
	var errs field.ErrorList
	for _, each := range missing {
		d := by[each]
		errs = append(errs, field.Forbidden(d.at, fmt.Sprintf("user %q may not %s: that needs %s in namespace %s",
			request.UserInfo.Username, d.act, d.right, namespace)))
	}
	return errs, nil
}

// missing are the rights that somebody does not have. First it asks for all names at once, which is one question for
// most people, and then for each name.
func (r *rights) missing(ctx context.Context, who *authenticationv1.UserInfo, namespace string, asked []right) ([]right, error) {
	whole := map[right]bool{}
	var named []right
	for _, each := range asked {
		all := right{each.verb, each.group, each.resource, ""}
		allowed, known := whole[all]
		if !known {
			var err error
			if allowed, err = r.may(ctx, who, namespace, all); err != nil {
				return nil, err
			}
			whole[all] = allowed
		}
		if !allowed {
			named = append(named, each)
		}
	}
	denied := make([]bool, len(named))
	var count atomic.Int32
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(rightsAsked)
	for i, each := range named {
		group.Go(func() error {
			if count.Load() >= rightsListed {
				return nil
			}
			allowed, err := r.may(ctx, who, namespace, each)
			if denied[i] = !allowed; denied[i] {
				count.Add(1)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing []right
	for i, each := range named {
		if denied[i] {
			missing = append(missing, each)
		}
	}
	return missing[:min(len(missing), rightsListed)], nil
}

// may asks the API server, unless it said yes a moment ago.
func (r *rights) may(ctx context.Context, who *authenticationv1.UserInfo, namespace string, asked right) (bool, error) {
	spec := authorizationv1.SubjectAccessReviewSpec{
		User: who.Username, UID: who.UID, Groups: who.Groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: asked.verb, Group: asked.group, Version: "*", Resource: asked.resource, Name: asked.name,
		},
	}
	if len(who.Extra) > 0 {
		spec.Extra = make(map[string]authorizationv1.ExtraValue, len(who.Extra))
		for key, values := range who.Extra {
			spec.Extra[key] = authorizationv1.ExtraValue(values)
		}
	}
	written, err := json.Marshal(spec)
	if err != nil {
		return false, err
	}
	key := sha256.Sum256(written)
	if allowed, known := r.answers.Get(key); known {
		return allowed.(bool), nil
	}
	answer, err := r.review(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	if answer.Status.Allowed || asked.name == "" { // who may not do it to all is asked about for each
		r.answers.Add(key, answer.Status.Allowed, rightsKept)
	}
	return answer.Status.Allowed, nil
}

// gains collects the rights that a request needs for what it gives.
type gains struct {
	// role returns nil for a role that is not there.
	role    func(name string) *v1alpha1.Role
	demands []demand
}

// assign needs the right to give a role, and each that it includes; also those that are not there yet. how is a clause
// that says how somebody comes by it; empty where that is plain.
func (g *gains) assign(at *field.Path, role, how string) {
	for _, name := range access.Closure([]string{role}, g.role) {
		act := "assign role " + name
		if name != role {
			act += " (which role " + role + " includes)"
		}
		if how != "" {
			act += ", " + how
		}
		g.demands = append(g.demands, demand{at, act, assignRole(name)})
	}
}

// itself needs the right to give a role in order to say what it is.
func (g *gains) itself(at *field.Path, role string) {
	g.demands = append(g.demands, demand{at, "say what whoever holds role " + role + " gets", assignRole(role)})
}

func assignRole(name string) right {
	return right{"assign", v1alpha1.GroupVersion.Group, "roles", name}
}

// organization needs the right to say who an organization's owner is.
func (g *gains) organization(at *field.Path, act, name string) {
	g.demands = append(g.demands, demand{at, act, right{"assign", v1alpha1.GroupVersion.Group, "organizations", name}})
}

// bind needs the right to bind somebody to a role of Kubernetes.
func (g *gains) bind(at *field.Path, ref v1alpha1.RoleRef) {
	resource := "clusterroles"
	if ref.Kind == v1alpha1.RoleRefRole {
		resource = "roles"
	}
	g.demands = append(g.demands, demand{
		at, fmt.Sprintf("bind the holders to the %s %s", ref.Kind, ref.Name), right{"bind", rbacv1.GroupName, resource, ref.Name},
	})
}

// secret needs the right to read a Secret.
func (g *gains) secret(at *field.Path, name string) {
	g.demands = append(g.demands, demand{at, "have Secret " + name + " read", right{"get", "", "secrets", name}})
}
