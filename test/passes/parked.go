// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package passes

import (
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Parked are the names of the ArchivedUsers of people who are parked, or being archived after that, as the cache has them.
func (w *World) Parked() (names []string) {
	w.t.Helper()
	var list v1alpha1.ArchivedUserList
	w.must(w.Client().List(w.t.Context(), &list, client.InNamespace(w.Namespace)), "listing archived users")
	for i := range list.Items {
		if list.Items[i].Parked() {
			names = append(names, list.Items[i].Name)
		}
	}
	return names
}

// PassOver does one pass of the controller of Users over the person of a record.
func (w *World) PassOver(record string) (ctrl.Result, error) {
	w.t.Helper()
	return w.Pass(User, "archivedusers/"+record)
}
