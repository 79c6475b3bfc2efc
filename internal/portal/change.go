// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

const (
	// fieldOwner owns what the portal writes.
	fieldOwner = client.FieldOwner("seatkeeper-portal")
	// attempts is how often an answer is tried when somebody else writes to the User at the same time.
	attempts = 5
	// confirmTimeout is how long the API server may take to say what became of a write that it did not answer.
	confirmTimeout = 2 * time.Second
)

// change judges the link by the User as it is, and writes to its status what next makes of that, on condition that nobody has
// written to the User since. It returns the verdict, and whether it has written: not when next returns nil. NotYet also stands
// for others who write all the time.
//
// What the visit knows of the User, from the cache or from a write of its own, will do for a write: that condition has the API
// server refuse it where it is outdated. Nobody is refused by it: that nothing is to be written is said of the User as it is.
func (p *portal) change(ctx context.Context, v *visit, next func(Verdict) map[string]any) (Verdict, bool, error) {
	for attempt := range attempts {
		user := v.user.DeepCopy() // the cache's own is not written to
		if attempt > 0 {
			user = &v1alpha1.User{}
			if err := p.Live.Get(ctx, client.ObjectKeyFromObject(v.user), user); err != nil {
				return NotFound, false, client.IgnoreNotFound(err)
			}
		}
		v.user = user
		verdict := p.judge(*v)
		status := next(verdict)
		if status == nil && attempt == 0 {
			continue
		}
		if status == nil {
			return verdict, false, nil
		}
		err := p.write(ctx, user, status)
		switch {
		case err == nil, !refused(err) && p.stored(ctx, v, status):
			return verdict, true, nil
		case !apierrors.IsConflict(err):
			return NotFound, false, client.IgnoreNotFound(err)
		}
	}
	return NotYet, false, nil
}

func (p *portal) write(ctx context.Context, user *v1alpha1.User, status map[string]any) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": user.ResourceVersion},
		"status":   status,
	})
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return p.Status.Status().Patch(ctx, user, client.RawPatch(types.MergePatchType, patch), fieldOwner)
}

// refused says that the API server has not stored a write, and says so. After any other error it may have: its answer
// came too late or got lost.
func refused(err error) bool {
	var answer *apierrors.StatusError
	return errors.As(err, &answer) && answer.ErrStatus.Code >= http.StatusBadRequest && answer.ErrStatus.Code < http.StatusInternalServerError
}

// stored says that the User shows what was written to its status, although the write ended in an error. Otherwise
// whoever answered would be told next that somebody has answered already. The time for the write may be over, and is
// no measure here.
func (p *portal) stored(ctx context.Context, v *visit, written map[string]any) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmTimeout)
	defer cancel()
	var user v1alpha1.User
	if p.Live.Get(ctx, client.ObjectKeyFromObject(v.user), &user) != nil || user.UID != v.user.UID {
		return false
	}
	status, err := fields(user.Status)
	if err != nil {
		return false
	}
	patch, err := fields(written)
	if err != nil || !shows(status, patch) {
		return false
	}
	v.user = &user
	return true
}

// fields are those of a value in JSON.
func fields(value any) (map[string]any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var decoded map[string]any
	return decoded, json.Unmarshal(encoded, &decoded)
}

// shows says that a merge patch would change nothing of an object.
func shows(object, patch map[string]any) bool {
	for name, want := range patch {
		if inner, ok := want.(map[string]any); ok {
			below, _ := object[name].(map[string]any)
			if !shows(below, inner) {
				return false
			}
		} else if !reflect.DeepEqual(object[name], want) { // null removes: it is as good as absent
			return false
		}
	}
	return true
}
