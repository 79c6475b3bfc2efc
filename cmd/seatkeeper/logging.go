// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "go.uber.org/zap/zapcore"

// late is a core that puts what a logger always says into words when the logger says something. Every pass has a logger that
// names its object, and most say nothing.
type late struct {
	zapcore.Core

	// before is what the logger was made from, if from any, which says fields as well. They are kept as they are, as by zap's own WithLazy.
	before *late
	fields []zapcore.Field
}

// newLate makes a core late.
func newLate(core zapcore.Core) zapcore.Core { return late{Core: core} }

// With implements zapcore.Core.
func (l late) With(fields []zapcore.Field) zapcore.Core {
	return late{Core: l.Core, before: &l, fields: fields}
}

// Check implements zapcore.Core.
func (l late) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !l.Enabled(entry.Level) {
		return checked
	}
	return l.inWords().Check(entry, checked)
}

// Write implements zapcore.Core.
func (l late) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return l.inWords().Write(entry, fields)
}

func (l late) inWords() zapcore.Core {
	if l.before == nil {
		return l.Core
	}
	return l.before.inWords().With(l.fields)
}
