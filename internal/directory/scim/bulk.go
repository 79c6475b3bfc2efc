// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"seatkeeper.dev/seatkeeper/internal/directory"
)

// The members of a big group are sent in bulk (RFC 7644, section 3.7) where the directory takes that. Accounts are not: each waits for
// an answer of its own, and an answer that is lost leaves one in doubt and not a hundred.

const bulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

// bulk is how much a directory takes in one request; zero when it takes none in bulk.
type bulk struct {
	// operations and bytes bound a request; 0 bytes, and only operations do.
	operations, bytes int
}

func readBulk(config resource) bulk {
	if supported, _ := config.flag("bulk", "supported"); !supported {
		return bulk{}
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(config.text("bulk", name))
		return max(n, 0)
	}
	return bulk{number("maxOperations"), number("maxPayloadSize")}
}

// envelope is more than what a request in bulk has around its operations, and each of these around what it sends.
const envelope, wrapping = 256, 512

// fit is how many batches go into one request: one at least, by itself.
func (b bulk) fit(batches [][]any) int {
	size := envelope
	for n, batch := range batches {
		text, err := json.Marshal(batch)
		size += len(text) + wrapping
		if err != nil || n >= b.operations || b.bytes > 0 && size > b.bytes {
			return max(n, 1)
		}
	}
	return len(batches)
}

// sendBatches patches one resource with several batches. It says whether all of it was done: if not, and there is no error, the
// directory does not take it in bulk, and each batch can be sent by itself, whatever was done of it.
func (c *Client) sendBatches(ctx context.Context, path string, batches [][]any) (done bool, err error) {
	if len(batches) == 1 {
		_, err := c.patch(ctx, request{path: path}, batches[0])
		return err == nil, err
	}
	operations := make([]any, len(batches))
	for i, batch := range batches {
		operations[i] = map[string]any{
			"method": http.MethodPatch, "path": path, "bulkId": strconv.Itoa(i), "data": map[string]any{"schemas": []string{patchOp}, "Operations": batch},
		}
	}
	body := map[string]any{"schemas": []string{bulkRequest}, "failOnErrors": 1, "Operations": operations}
	a, err := c.do(ctx, request{method: http.MethodPost, path: "/Bulk", body: body})
	switch status := statusOf(err); {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		return false, err
	case status >= 400 && status < 500, status == http.StatusNotImplemented, errors.Is(err, directory.ErrRejected):
		return false, nil
	case err != nil:
		return false, err
	}
	return allDone(a, len(batches)), nil
}

// allDone says that an answer reports the success of so many operations.
func allDone(a *answer, n int) bool {
	said, err := parse(a.body)
	if err != nil {
		return false
	}
	all := said.list("Operations")
	for _, o := range all {
		if !strings.HasPrefix(cmp.Or(o.text("status"), o.text("status", "code")), "2") {
			return false
		}
	}
	return len(all) == n
}
