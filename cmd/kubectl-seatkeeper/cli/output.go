// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// The formats that most commands print.
const (
	formatTable = "table"
	formatWide  = "wide"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatName  = "name"
)

// output is the flag --output.
type output struct {
	format    string
	formats   []string
	noHeaders bool
}

// flags adds --output with these formats, of which the first is the default, and --no-headers where one is a table.
func (o *output) flags(cmd *cobra.Command, formats ...string) {
	o.formats = formats
	cmd.Flags().StringVarP(&o.format, "output", "o", formats[0], fmt.Sprintf("Output format. One of: (%s).", strings.Join(formats, ", ")))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	if slices.Contains(formats, formatTable) {
		cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "Do not print the headers of a table.")
	}
}

// check refuses other formats.
func (o *output) check() error {
	if !slices.Contains(o.formats, o.format) {
		return fmt.Errorf("--output is %q: it must be one of %s", o.format, strings.Join(o.formats, ", "))
	}
	return nil
}

// table says that people read it.
func (o *output) table() bool { return o.format == formatTable || o.format == formatWide }

// print prints an object, or a list, in the format of the flag. rows make the table of it.
func (o *output) print(w io.Writer, object runtime.Object, rows func() *metav1.Table) error {
	if o.table() {
		return o.printTable(w, rows())
	}
	return printObject(w, o.format, "", object)
}

// printObject prints an object as kubectl does: as JSON, YAML, a name, or what was done to it.
func printObject(w io.Writer, format, done string, object runtime.Object) error {
	flags := genericclioptions.NewPrintFlags(done).WithTypeSetter(Scheme())
	flags.OutputFormat = &format
	if format == formatYAML { // the printer of YAML fails at control characters
		flags = flags.WithDefaultOutput(formatJSON)
	}
	printer, err := flags.ToPrinter()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := printer.PrintObj(object, &text); err != nil {
		return err
	}
	shown := visible(text.Bytes())
	if format == formatYAML {
		if shown, err = yaml.JSONToYAML(shown); err != nil {
			return err
		}
	}
	_, err = w.Write(shown)
	return err
}

// printTable prints a table, of which a terminal obeys nothing.
func (o *output) printTable(w io.Writer, t *metav1.Table) error {
	for i := range t.Rows {
		for j, cell := range t.Rows[i].Cells {
			t.Rows[i].Cells[j] = cellText(cell)
		}
	}
	return printers.NewTablePrinter(printers.PrintOptions{Wide: o.format == formatWide, NoHeaders: o.noHeaders}).PrintObj(t, w)
}

// columns are those of a table; what comes after wide is only printed with -o wide.
func columns(names []string, wide ...string) []metav1.TableColumnDefinition {
	var all []metav1.TableColumnDefinition
	for _, name := range names {
		all = append(all, metav1.TableColumnDefinition{Name: name, Type: "string"})
	}
	for _, name := range wide {
		all = append(all, metav1.TableColumnDefinition{Name: name, Type: "string", Priority: 1})
	}
	return all
}

// dryRun is the flag --dry-run.
type dryRun string

const (
	dryRunNone   dryRun = "none"
	dryRunClient dryRun = "client"
	dryRunServer dryRun = "server"
)

func (d *dryRun) flags(cmd *cobra.Command) {
	*d = dryRunNone
	cmd.Flags().Var(d, "dry-run", `Must be "none", "server" or "client". With client, print what would be sent, without sending it. With server, send it, without keeping it.`)
	choices := []string{string(dryRunNone), string(dryRunServer), string(dryRunClient)}
	_ = cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// String implements pflag.Value.
func (d *dryRun) String() string { return string(*d) }

// Type implements pflag.Value.
func (d *dryRun) Type() string { return "string" }

// Set implements pflag.Value.
func (d *dryRun) Set(text string) error {
	switch dryRun(text) {
	case dryRunNone, dryRunClient, dryRunServer:
		*d = dryRun(text)
		return nil
	}
	return fmt.Errorf(`must be "none", "server" or "client"`)
}

// suffix is what kubectl adds to what it says it did.
func (d *dryRun) suffix() string {
	switch *d {
	case dryRunClient:
		return " (dry run)"
	case dryRunServer:
		return " (server dry run)"
	default:
		return ""
	}
}

// completeWith completes a flag with the names of objects of the namespace.
func (sh *Shell) completeWith(cmd *cobra.Command, flag string, list func() client.ObjectList) {
	_ = cmd.RegisterFlagCompletionFunc(flag, sh.names(list)) // the flag is there
}
