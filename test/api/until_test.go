// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package api_test

// The messages of the rules that are written in CEL.
const (
	untilRule  = "accessUntil must be a time such as 2027-06-30T18:00:00Z, of this millennium"
	noticeRule = "accessNotice must be a duration up to 8760h such as 72h, or 0s"
)

// untilRules are those of access for a time.
var untilRules = []rule{
	{"access for a time (IN-1)", user, fields{"spec.accessUntil": "2027-06-30T18:00:00Z"}, ""},
	{"an end in another time zone", user, fields{"spec.accessUntil": "2027-06-30T18:00:00+02:00"}, ""},
	{"an end long ago", user, fields{"spec.accessUntil": "2017-06-30T18:00:00Z"}, ""},
	{"an end of access is a time, not a day", user, fields{"spec.accessUntil": "2027-06-30"}, "spec.accessUntil"},
	{"an end in small letters", user, fields{"spec.accessUntil": "2027-06-30t18:00:00z"}, "spec.accessUntil"},
	{"an end with another point", user, fields{"spec.accessUntil": "2027-06-30T18:00:00x5Z"}, "spec.accessUntil"},
	{"an end in another millennium", user, fields{"spec.accessUntil": "1999-12-31T23:59:59Z"}, untilRule},
	{"an end beyond what can be written down", user, fields{"spec.accessUntil": "9999-12-31T23:59:59-23:59"}, untilRule},
	{"an end with a fraction of a second", user, fields{"spec.accessUntil": "2027-06-30T18:00:00.5Z"}, ""},
	{"an end in no zone of this world", user, fields{"spec.accessUntil": "2027-06-30T18:00:00+99:00"}, "spec.accessUntil"},
	{"an end on no day", user, fields{"spec.accessUntil": "2027-06-31T18:00:00Z"}, "spec.accessUntil"},
	{"an end without a zone", user, fields{"spec.accessUntil": "2027-06-30T18:00:00"}, "spec.accessUntil"},
	{"no end of access is left out, not empty", user, fields{"spec.accessUntil": ""}, "spec.accessUntil"},

	{"told a day before", organization, fields{"spec.offboarding.accessNotice": "24h"}, ""},
	{"told a minute and a half before", organization, fields{"spec.offboarding.accessNotice": "1m30s"}, ""},
	{"told a year before", organization, fields{"spec.offboarding.accessNotice": "8760h"}, ""},
	{"nobody is told", organization, fields{"spec.offboarding.accessNotice": "0s"}, ""},
	{"told more than a year before", organization, fields{"spec.offboarding.accessNotice": "8761h"}, noticeRule},
	{"told afterwards", organization, fields{"spec.offboarding.accessNotice": "-1h"}, noticeRule},
	{"told days before", organization, fields{"spec.offboarding.accessNotice": "3d"}, noticeRule},
	{"told no time before", organization, fields{"spec.offboarding.accessNotice": ""}, noticeRule},

	{"the rules of a User hold on the record: end", archivedUser, fields{"record.spec.accessUntil": "1999-12-31T23:59:59Z"}, untilRule},
	{"the end of access is on the record", archivedUser, fields{"record.accessEndedAt": "2027-06-30T18:00:01Z", "record.spec.accessUntil": "2027-06-30T18:00:00Z"}, ""},
}
