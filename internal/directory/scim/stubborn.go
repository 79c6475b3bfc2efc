// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// stubborn remembers which attributes of an account a directory has otherwise right after it was given them: it does not keep them, or
// writes them its own way. The same is not sent again for an hour, and is no difference for whoever lists the accounts.
type stubborn struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	kept  map[types.UID]insistence
}

type insistence struct {
	revision   string
	attributes []directory.Attribute
	at         time.Time
}

func (s *stubborn) get(uid types.UID) (insistence, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.kept[uid]
	return was, ok && s.clock.Since(was.at) < featuresLife
}

func (s *stubborn) note(account directory.Account, differ []directory.Attribute) {
	// Who an account is, and whether it can be used, is insisted on.
	differ = slices.DeleteFunc(differ, func(a directory.Attribute) bool {
		return a == directory.UserName || a == directory.ExternalID || a == directory.Active
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.kept); n >= 1024 && n&(n-1) == 0 { // now and then
		maps.DeleteFunc(s.kept, func(_ types.UID, was insistence) bool { return s.clock.Since(was.at) >= featuresLife })
	}
	if len(differ) == 0 {
		delete(s.kept, account.UID)
		return
	}
	if s.kept == nil {
		s.kept = map[types.UID]insistence{}
	}
	s.kept[account.UID] = insistence{account.Revision(), differ, s.clock.Now()}
}

// less are the features without what the directory does not keep of that account as it is wanted.
func (s *stubborn) less(f *features, account directory.Account) *features {
	if was, ok := s.get(account.UID); ok && was.revision == account.Revision() {
		return f.less(was.attributes)
	}
	return f
}

func (f *features) less(attributes []directory.Attribute) *features {
	other := *f
	other.without = slices.Concat(f.without, attributes)
	return &other
}
