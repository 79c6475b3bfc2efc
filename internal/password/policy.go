// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a password must be. These ideas are those of NIST SP 800-63B-4, section 3.1.1.2: length counts and not
// complexity, so there are no rules about kinds of characters, which make passwords that are easy to foresee; all
// characters are welcome, spaces too, and each code point counts as one; and a password is compared with a list of
// usual ones, and with words of its context such as names. The numbers are our own, and so are the rules that are
// marked so: this does not claim to conform to the publication.
const (
	// MinLength is our choice. The publication wants 15 characters of a password that stands alone, and 8 of one beside
	// which something else is asked for. Only the directory knows which it is, and it can refuse what is too short for it.
	MinLength = 12
	// MaxLength is our choice: the publication wants at least 64 to be possible.
	MaxLength = 128
	// MinDifferent is our own rule. It keeps out "aaaaaaaaaaaa" and its like.
	MinDifferent = 5
	// minPart is the least length of something known about a person that counts, anywhere in a password: our choice as
	// well, since the publication compares whole passwords. Less is in any text by chance.
	minPart = 4
)

// Problem is what is wrong with a password.
type Problem string

// The problems, in the order in which Check tells them.
const (
	// TooShort has fewer than MinLength characters.
	TooShort Problem = "TooShort"
	// TooLong has more than MaxLength characters.
	TooLong Problem = "TooLong"
	// Control holds a control character, or is no text.
	Control Problem = "Control"
	// Repetitive has fewer than MinDifferent different characters.
	Repetitive Problem = "Repetitive"
	// Common is among those that are tried first.
	Common Problem = "Common"
	// Personal holds something that is known about the person.
	Personal Problem = "Personal"
)

// Problems are all of them.
var Problems = []Problem{TooShort, TooLong, Control, Repetitive, Common, Personal}

// Check says what is wrong with a password; nil when nothing is. about is what is known about the person: the mail
// address, whose local part counts by itself as well, and names. Neither case nor spaces make a difference.
//
// It judges the password as it was typed, and that is how the directory gets it. NIST SP 800-63B-4 has it normalized
// (NFKC or NFKD) before it is hashed, by whoever verifies it: the directory does both, each time somebody signs in. If
// we did it, and the directory did not, the password that was typed here would not be the one that opens the door.
func Check(password string, about ...string) []Problem {
	found := map[Problem]bool{}
	length := utf8.RuneCountInString(password)
	found[TooShort] = length < MinLength
	found[TooLong] = length > MaxLength
	found[Control] = !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl)
	// With a password that is too short, most are missing because of that.
	found[Repetitive] = !found[TooShort] && different(password) < MinDifferent
	plain := fold(password)
	found[Common] = common(plain)
	found[Personal] = slices.ContainsFunc(about, func(known string) bool { return holds(plain, known) })
	var problems []Problem
	for _, p := range Problems {
		if found[p] {
			problems = append(problems, p)
		}
	}
	return problems
}

func different(password string) int {
	seen := map[rune]bool{}
	for _, r := range password {
		seen[r] = true
	}
	return len(seen)
}

// holds says that a folded password has something known in it.
func holds(plain, known string) bool {
	parts := []string{known}
	if at := strings.LastIndexByte(known, '@'); at >= 0 {
		parts = append(parts, known[:at])
	}
	return slices.ContainsFunc(parts, func(part string) bool {
		part = fold(part)
		return utf8.RuneCountInString(part) >= minPart && strings.Contains(plain, part)
	})
}

// fold makes the same of texts that differ in case and spaces alone.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		// The least of the Latin letters are the capitals.
		return unicode.ToLower(least)
	}, s)
}

//go:embed common.txt
var commonText string

// commonOnes are the passwords that are tried first, folded.
var commonOnes = func() map[string]bool {
	ones := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if line = fold(line); line != "" && !strings.HasPrefix(line, "#") {
			ones[line] = true
		}
	}
	return ones
}()

// walks are what fingers do by themselves: forwards or backwards, from anywhere, round and round.
var walks = []string{
	"1234567890", "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop",
	"qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp",
}

func common(plain string) bool {
	if commonOnes[plain] {
		return true
	}
	length := len(plain)
	if length == 0 || length > 4*MaxLength {
		return false
	}
	return slices.ContainsFunc(walks, func(walk string) bool {
		lap := strings.Repeat(walk, length/len(walk)+2)
		return strings.Contains(lap, plain) || strings.Contains(lap, reverse(plain))
	})
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}
