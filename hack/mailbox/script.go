// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package mailbox

import "sync/atomic"

// Stage is a point of the SMTP dialogue at which a script is asked.
type Stage string

const (
	// Rcpt is the answer to RCPT TO, once for each recipient.
	Rcpt Stage = "RCPT"
	// Data is the answer to the mail itself, after all of it has been read.
	Data Stage = "DATA"
)

// Event is what a script is asked about.
type Event struct {
	Stage Stage
	From  string
	// To is the one recipient in question at Rcpt, and all recipients that
	// were accepted at Data.
	To []string
}

// Script decides how the server reacts. It is called from one goroutine per
// connection.
type Script func(Event) Reaction

// Reaction is what the server does. The zero Reaction accepts.
type Reaction struct {
	code int
	text string
	hang bool
	cut  bool
	keep bool
}

// Answer gives the code and the text, which starts with the enhanced code if
// there is to be one: Answer(550, "5.1.1 No such user"). As the protocol has
// it, 421 also closes the connection.
func Answer(code int, text string) Reaction { return Reaction{code: code, text: text} }

// Hang gives no answer until the client leaves or the server is closed.
func Hang() Reaction { return Reaction{hang: true} }

// Cut closes the connection without an answer.
func Cut() Reaction { return Reaction{cut: true} }

// Keeping is the reaction of a server that has taken the mail although its
// sender is not told so. It matters at Data alone.
func (r Reaction) Keeping() Reaction {
	r.keep = true
	return r
}

// At reacts at one stage.
func At(stage Stage, reaction Reaction) Script {
	return func(e Event) Reaction {
		if e.Stage != stage {
			return Reaction{}
		}
		return reaction
	}
}

// To limits a script to events with this recipient; case does not matter.
func To(recipient string, script Script) Script {
	return func(e Event) Reaction {
		if !contains(e.To, recipient) {
			return Reaction{}
		}
		return script(e)
	}
}

// Times lets a script react n times; after that everything is accepted.
func Times(n int, script Script) Script {
	var used atomic.Int64
	return func(e Event) Reaction {
		reaction := script(e)
		if reaction == (Reaction{}) || used.Add(1) > int64(n) {
			return Reaction{}
		}
		return reaction
	}
}

// FirstOf lets the first script that does not accept decide.
func FirstOf(scripts ...Script) Script {
	return func(e Event) Reaction {
		for _, script := range scripts {
			if reaction := script(e); reaction != (Reaction{}) {
				return reaction
			}
		}
		return Reaction{}
	}
}
