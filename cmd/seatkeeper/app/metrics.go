// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"seatkeeper.dev/seatkeeper/internal/accounts"
	"seatkeeper.dev/seatkeeper/internal/directory"
	directorymetered "seatkeeper.dev/seatkeeper/internal/directory/metered"
	"seatkeeper.dev/seatkeeper/internal/figures"
	"seatkeeper.dev/seatkeeper/internal/mail"
	mailmetered "seatkeeper.dev/seatkeeper/internal/mail/metered"
)

// meter has all counted that is asked of directories and mail servers, and the figures told that the cache has. What it returns counts
// what becomes of people.
func (o *Options) meter(cache client.Reader) (*figures.Course, error) {
	directories, mails, course := directorymetered.New(o.Clock), mailmetered.New(o.Clock), figures.NewCourse()
	for _, c := range []prometheus.Collector{directories, mails, course, &figures.Collector{Cache: cache}} {
		if err := register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	openDirectory, openMail := o.OpenDirectory, o.OpenMail
	o.OpenDirectory = func(at accounts.Place, secret map[string][]byte) (directory.Directory, error) {
		opened, err := openDirectory(at, secret)
		if err != nil {
			return nil, err
		}
		return directories.Wrap(opened), nil
	}
	o.OpenMail = func(secret map[string][]byte) (mail.Sender, error) {
		opened, err := openMail(secret)
		if err != nil {
			return nil, err
		}
		return mails.Wrap(opened), nil
	}
	o.Mail = mails.Wrap(o.Mail)
	return course, nil
}

// register has the metrics of the latest operator of a process told: there is one, but in tests.
func register(c prometheus.Collector) error {
	metrics.Registry.Unregister(c)
	err := metrics.Registry.Register(c)
	if already := (prometheus.AlreadyRegisteredError{}); errors.As(err, &already) {
		return nil
	}
	return err
}
