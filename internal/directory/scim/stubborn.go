// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

var _ directory.Stubborn = (*Client)(nil)

// stubborn remembers which attributes of an account a directory has otherwise right after it was given them: it does not keep them, or
// writes them its own way. The same is not sent again for an hour, and is no difference for whoever lists the accounts, who sends nothing
// by which that could be found out again.
type stubborn struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	// kept is by the ID of the account: not every directory tells the UID.
	kept map[string]insistence
}

// stubbornLife is how long it is remembered at least.
const stubbornLife = 24 * time.Hour

type insistence struct {
	revision   string
	attributes []directory.Attribute
	at         time.Time
}

func (s *stubborn) get(id string) (insistence, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.kept[id]
	return was, ok
}

func (s *stubborn) note(id string, account directory.Account, differ []directory.Attribute) {
	// Who an account is, and whether it can be used, is insisted on.
	differ = slices.DeleteFunc(differ, func(a directory.Attribute) bool {
		return a == directory.UserName || a == directory.ExternalID || a == directory.Active
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.kept); n >= 1024 && n&(n-1) == 0 { // now and then
		maps.DeleteFunc(s.kept, func(_ string, was insistence) bool { return s.clock.Since(was.at) >= stubbornLife })
	}
	if len(differ) == 0 {
		delete(s.kept, id)
		return
	}
	if s.kept == nil {
		s.kept = map[string]insistence{}
	}
	s.kept[id] = insistence{account.Revision(), differ, s.clock.Now()}
}

// KeptOtherwise implements directory.Stubborn.
func (c *Client) KeptOtherwise(account directory.Account) []directory.Attribute {
	if was, ok := c.stubborn.get(account.ID); ok && was.revision == account.Revision() {
		return slices.Clone(was.attributes)
	}
	return nil
}

// less are the features without what the directory does not keep of that account as it is wanted.
func (s *stubborn) less(f *features, id string, account directory.Account) *features {
	if was, ok := s.get(id); ok && was.revision == account.Revision() && s.clock.Since(was.at) < featuresLife {
		return f.less(was.attributes)
	}
	return f
}

func (f *features) less(attributes []directory.Attribute) *features {
	other := *f
	other.without = slices.Concat(f.without, attributes)
	return &other
}
