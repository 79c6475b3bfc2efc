// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"seatkeeper.dev/seatkeeper/cmd/seatkeeper/app"
	"seatkeeper.dev/seatkeeper/internal/servingcert"
)

// Who makes the certificate that admission is served with.
const (
	certsRotate    = "Rotate"
	certsDirectory = "Directory"
)

// certificates are the flags of the certificate that admission is served with.
type certificates struct {
	mode                          string
	service, validating, mutating string
}

// The flags of one mode mean nothing in the other.
var (
	rotateFlags    = []string{"webhook-service", "webhook-validating-configuration", "webhook-mutating-configuration"}
	directoryFlags = []string{"webhook-cert-dir"}
)

// bind adds the flags of how admission is served.
func (c *certificates) bind(flags *flag.FlagSet, served *webhook.Options) {
	flags.StringVar(&served.Host, "webhook-host", "", "the address on which admission is served; all when empty")
	flags.IntVar(&served.Port, "webhook-port", webhook.DefaultPort, "the port on which admission is served")
	flags.StringVar(&c.mode, "webhook-certs", certsDirectory, "who makes the certificate for admission: Rotate, the operator itself, or Directory, somebody else, such as cert-manager")
	flags.StringVar(&served.CertDir, "webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs", "with --webhook-certs=Directory, where tls.crt and tls.key for admission are; they are read again when they change")
	flags.StringVar(&c.service, "webhook-service", "seatkeeper-webhook-service", "with --webhook-certs=Rotate, the Service in --namespace by which the API server calls admission")
	flags.StringVar(&c.validating, "webhook-validating-configuration", "seatkeeper-validating-webhook-configuration", "with --webhook-certs=Rotate, the ValidatingWebhookConfiguration that is to trust the certificate")
	flags.StringVar(&c.mutating, "webhook-mutating-configuration", "seatkeeper-mutating-webhook-configuration", "with --webhook-certs=Rotate, the MutatingWebhookConfiguration that is to trust the certificate")
}

// complete checks the flags of the certificate, and says what they say.
func (c *certificates) complete(flags *flag.FlagSet, o *app.Options) error {
	others, needs := directoryFlags, certsDirectory
	switch c.mode {
	case certsRotate:
	case certsDirectory:
		others, needs = rotateFlags, certsRotate
	default:
		return fmt.Errorf("--webhook-certs is %q: it must be %s or %s", c.mode, certsRotate, certsDirectory)
	}
	var misplaced error
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(others, f.Name) {
			misplaced = fmt.Errorf("--%s is for --webhook-certs=%s, and --webhook-certs is %s: leave one of them out", f.Name, needs, c.mode)
		}
	})
	if misplaced != nil || c.mode == certsDirectory {
		return misplaced
	}
	if len(validation.IsDNS1035Label(c.service)) > 0 {
		return fmt.Errorf("--webhook-service is %q: it must be the name of a Service", c.service)
	}
	for _, configuration := range []struct{ flag, name string }{
		{"webhook-validating-configuration", c.validating}, {"webhook-mutating-configuration", c.mutating},
	} {
		if len(validation.IsDNS1123Subdomain(configuration.name)) > 0 {
			return fmt.Errorf("--%s is %q: it must be the name of a webhook configuration", configuration.flag, configuration.name)
		}
	}
	o.Rotate = &servingcert.Options{Namespace: o.Namespace, Service: c.service, Validating: c.validating, Mutating: c.mutating}
	return nil
}
