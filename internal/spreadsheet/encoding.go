// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package spreadsheet

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is how the letters of a file are written.
type Encoding string

const (
	// EncodingAuto finds out.
	EncodingAuto Encoding = "auto"
	// EncodingUTF8 is UTF-8, with or without a byte order mark.
	EncodingUTF8 Encoding = "utf-8"
	// EncodingUTF16 is what Excel calls Unicode text; it is known by its byte order mark.
	EncodingUTF16 Encoding = "utf-16"
	// EncodingLatin1 is Windows-1252, which has Latin-1 in it.
	EncodingLatin1 Encoding = "latin-1"
)

// Encodings are those that can be asked for.
func Encodings() []string {
	return []string{string(EncodingAuto), string(EncodingUTF8), string(EncodingUTF16), string(EncodingLatin1)}
}

// workbooks are how files begin that are no text: the archive of .xlsx and .ods, and the older .xls.
var workbooks = [][]byte{[]byte("PK\x03\x04"), {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}}

var bom = []byte("\ufeff")

// decode is a file as UTF-8 without a mark, and what it was before.
func decode(data []byte, encoding Encoding) ([]byte, Encoding, error) {
	for _, magic := range workbooks {
		if bytes.HasPrefix(data, magic) {
			return nil, "", Fault{Message: "this is a workbook, and not CSV: save the sheet as “CSV UTF-8 (comma delimited)”"}
		}
	}
	if encoding == EncodingAuto && marked(data) {
		encoding = EncodingUTF16
	}
	if encoding == EncodingUTF16 {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, "", Fault{Message: fmt.Sprintf("this is not UTF-16: %v", err)}
		}
		data = text
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return nil, "", Fault{Line: lineAt(data, at), Message: "there is a NUL byte, which no text has: save the sheet as “CSV UTF-8”"}
	}
	return letters(bytes.TrimPrefix(data, bom), encoding)
}

// marked says that a file begins with the byte order mark of UTF-16.
func marked(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff})
}

// letters finds out how the letters of a text are written whose bytes are those of ASCII where it has them.
func letters(data []byte, encoding Encoding) ([]byte, Encoding, error) {
	at := invalid(data)
	switch {
	case encoding == EncodingLatin1:
		return latin1(data)
	case at < 0 && encoding == EncodingUTF16:
		return data, encoding, nil
	case at < 0:
		return data, EncodingUTF8, nil
	case encoding == EncodingUTF8:
		return nil, "", Fault{Line: lineAt(data, at), Message: "this is not UTF-8: save the sheet as “CSV UTF-8”, or give --encoding=latin-1"}
	case foreign(data):
		return nil, "", Fault{Line: lineAt(data, at), Message: "this is not UTF-8, although other lines are: save the sheet as “CSV UTF-8”, or give --encoding"}
	}
	return latin1(data)
}

func latin1(data []byte) ([]byte, Encoding, error) {
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return nil, "", Fault{Message: fmt.Sprintf("this is not Latin-1: %v", err)}
	}
	return text, EncodingLatin1, nil
}

// invalid is where data stops being UTF-8, -1 when it does not.
func invalid(data []byte) int {
	for at := 0; at < len(data); {
		if data[at] < utf8.RuneSelf {
			at++
			continue
		}
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// foreign says that somewhere there are letters that UTF-8 alone has: files with broken ones are not in another encoding then.
func foreign(data []byte) bool {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if size > 1 && r != utf8.RuneError {
			return true
		}
		at += size
	}
	return false
}

func lineAt(data []byte, at int) int { return 1 + bytes.Count(data[:at], []byte("\n")) }

// newlines has lines end as on Unix where nothing else ends them: an old Mac writes \r alone, and \n within a cell.
func newlines(data []byte) []byte {
	var ends []int
	quoted := false
	for at, b := range data {
		switch {
		case b == '"':
			quoted = !quoted
		case b == '\n' && !quoted:
			return data
		case b == '\r' && !quoted:
			ends = append(ends, at)
		}
	}
	data = slices.Clone(data)
	for _, at := range ends {
		data[at] = '\n'
	}
	return data
}

// KnownEncoding says that an encoding can be asked for.
func KnownEncoding(e Encoding) bool { return slices.Contains(Encodings(), string(e)) }
