// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "go.uber.org/zap/zapcore"

// late is a core that puts what a logger always says into words when the logger says something. Every pass has a logger that
// names its object, and most say nothing.
type late struct {
	zapcore.Core

	fields []zapcore.Field
}

// newLate makes a core late.
func newLate(core zapcore.Core) zapcore.Core { return late{Core: core} }

// With implements zapcore.Core.
func (l late) With(fields []zapcore.Field) zapcore.Core {
	known := len(l.fields)
	return late{Core: l.Core, fields: append(l.fields[:known:known], fields...)}
}

// Check implements zapcore.Core.
func (l late) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !l.Enabled(entry.Level) {
		return checked
	}
	return l.Core.With(l.fields).Check(entry, checked)
}

// Write implements zapcore.Core.
func (l late) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return l.Core.With(l.fields).Write(entry, fields)
}
