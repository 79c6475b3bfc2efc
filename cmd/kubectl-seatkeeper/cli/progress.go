// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"sync"
	"time"
)

// beat is how often progress is shown, and the time before which it is not.
const beat = 500 * time.Millisecond

// progress shows on a terminal how far long work is, on one line, and off a terminal nothing. It may be used from many goroutines.
type progress struct {
	sh    *Shell
	what  string
	total int

	mu    sync.Mutex
	done  int
	last  time.Time
	shown bool
}

// progress begins to count what is done of total, such as "checking"; total is 0 when nobody knows how much there is.
func (sh *Shell) progress(what string, total int) *progress {
	return &progress{sh: sh, what: what, total: total, last: sh.Clock.Now()}
}

// add counts more that is done.
func (p *progress) add(n int) {
	if !p.sh.Terminal(p.sh.ErrOut) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	now := p.sh.Clock.Now()
	if now.Sub(p.last) < beat {
		return
	}
	p.last, p.shown = now, true
	far := fmt.Sprintf("%s: %d", p.what, p.done)
	if p.total > 0 {
		far += fmt.Sprintf(" of %d", p.total)
	}
	fmt.Fprint(p.sh.ErrOut, "\r\x1b[K"+p.sh.palette(p.sh.ErrOut).faint.Render(far))
}

// end clears the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.sh.ErrOut, "\r\x1b[K")
		p.shown = false
	}
}
