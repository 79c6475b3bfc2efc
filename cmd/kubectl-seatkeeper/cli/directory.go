// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/directory"
	"seatkeeper.dev/seatkeeper/internal/directory/scim"
	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// tokenVariable is the variable of the environment with the token of a directory.
const tokenVariable = "SEATKEEPER_DIRECTORY_TOKEN"

// fromDirectory is where accounts are listed.
type fromDirectory struct {
	use            bool
	url, tokenFile string
}

func (d *fromDirectory) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&d.use, "from-directory", false, "Import the active accounts of a SCIM directory: that of the organization, with the credentials of its Secret, or --directory-url.")
	cmd.Flags().StringVar(&d.url, "directory-url", "", "URL of a SCIM directory, such as https://scim.example.org/v2. Its token is in --directory-token-file or "+tokenVariable+".")
	cmd.Flags().StringVar(&d.tokenFile, "directory-token-file", "", "File with the token of --directory-url.")
}

// check refuses command lines that cannot be meant. mapped says that headers are given columns.
func (d *fromDirectory) check(mapped bool) error {
	switch {
	case !d.use && (d.url != "" || d.tokenFile != ""):
		return errors.New("--directory-url and --directory-token-file go with --from-directory")
	case d.tokenFile != "" && d.url == "":
		return errors.New("--directory-token-file goes with --directory-url: the organization's directory has its token in a Secret")
	case d.use && mapped:
		return errors.New("--map is for the headers of a file: it does not go with --from-directory")
	}
	return nil
}

// open signs in to the directory.
func (d *fromDirectory) open(ctx context.Context, i *importing) (*scim.Client, error) {
	if d.url != "" {
		token := i.Env(tokenVariable)
		if d.tokenFile != "" {
			text, err := os.ReadFile(d.tokenFile)
			if err != nil {
				return nil, fmt.Errorf("reading the token: %w", err)
			}
			token = string(text)
		}
		if strings.TrimSpace(token) == "" {
			return nil, fmt.Errorf("there is no token for the directory: give --directory-token-file, or set %s", tokenVariable)
		}
		return scim.FromSecret(scim.Config{URL: d.url}, map[string][]byte{"token": []byte(strings.TrimSpace(token))})
	}
	if i.local {
		return nil, errors.New("--local asks the cluster nothing: name the directory with --directory-url")
	}
	c, err := i.cluster()
	if err != nil {
		return nil, err
	}
	org, err := c.organization(ctx, i.organization)
	if err != nil {
		return nil, err
	}
	at := org.Spec.Directory.SCIM
	if at.URL == "" {
		return nil, fmt.Errorf("organization %s has no directory (spec.directory.scim): name one with --directory-url", org.Name)
	}
	var secret corev1.Secret
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: at.CredentialsSecretRef.Name}, &secret); err != nil {
		return nil, fmt.Errorf("reading the credentials of the directory of organization %s: %w", org.Name, err)
	}
	opened, err := scim.FromSecret(scim.Config{URL: at.URL}, secret.Data)
	if err != nil {
		return nil, fmt.Errorf("signing in with Secret %s: %w", secret.Name, err)
	}
	return opened, nil
}

// accounts lists the accounts of the directory.
func (i *importing) accounts(ctx context.Context) ([]directory.Found, error) {
	d, err := i.directory.open(ctx, i)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	var found []directory.Found
	p := i.progress("listing accounts", 0)
	defer p.end()
	for account, err := range d.Accounts(ctx) {
		if err != nil {
			return nil, fmt.Errorf("listing the accounts of the directory: %w", err)
		}
		found = append(found, account)
		p.add(1)
	}
	return found, nil
}

// fromDirectory lists the accounts as a table. Who has no address cannot be invited, and who cannot sign in has left.
func (i *importing) fromDirectory(ctx context.Context) (spreadsheet.Table, error) {
	found, err := i.accounts(ctx)
	if err != nil {
		return spreadsheet.Table{}, err
	}
	table, left := people.Accounts(found, func(*directory.Found) bool { return true })
	i.notes(left)
	return table, nil
}

// notes says what is left out, and of many no more than some.
func (i *importing) notes(left []string) {
	for k, reason := range left {
		if k == maxWarnings {
			i.note("and %d more that is left out", len(left)-k)
			break
		}
		i.note("%s", reason)
	}
}
