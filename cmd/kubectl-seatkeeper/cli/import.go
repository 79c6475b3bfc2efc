// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"seatkeeper.dev/seatkeeper/internal/people"
	"seatkeeper.dev/seatkeeper/internal/spreadsheet"
)

// The formats of files.
const (
	formatAuto = "auto"
	formatCSV  = "csv"
)

// largest is how large a file may be: some 300 000 people.
const largest = 64 << 20

// importing is `import` with its flags.
type importing struct {
	*Shell

	organization     string
	template, apply  bool
	sheet            sheetFlags
	format, encoding string
	names            []string
	outputDir        string
	local, force     bool
	workers          int
	directory        fromDirectory
	dryRun           dryRun
	output           output
}

// sheetFlags are how CSV is written.
type sheetFlags struct {
	language, delimiter string
	mark                bool
}

func (f *sheetFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.language, "lang", string(people.English), "Language of the names of the columns that are written: en or fr. When read, both are understood.")
	cmd.Flags().StringVar(&f.delimiter, "delimiter", "", `What is between the cells of CSV that is written: "," ";" or "tab". By default a comma, and with --lang=fr a semicolon, as Excel expects there.`)
	cmd.Flags().BoolVar(&f.mark, "bom", false, "Begin the CSV with a byte order mark, by which Excel knows that it is UTF-8.")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{string(people.English), string(people.French)}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// options are the language of headers, and how CSV is written.
func (f *sheetFlags) options() (people.Language, spreadsheet.Options, error) {
	language, o := people.Language(f.language), spreadsheet.Options{Mark: f.mark}
	switch {
	case language != people.English && language != people.French:
		return "", o, fmt.Errorf("--lang is %q: it must be en or fr", f.language)
	case f.delimiter == ",", f.delimiter == "" && language == people.English:
		o.Comma = ','
	case f.delimiter == ";", f.delimiter == "":
		o.Comma = ';'
	case f.delimiter == "tab", f.delimiter == "\t":
		o.Comma = '\t'
	default:
		return "", o, fmt.Errorf(`--delimiter is %q: it must be "," ";" or "tab"`, f.delimiter)
	}
	return language, o, nil
}

func newImport(sh *Shell) *cobra.Command {
	i := &importing{Shell: sh}
	cmd := &cobra.Command{
		Use:   "import (FILE | - | --from-directory | --template)",
		Short: "Make Users of a spreadsheet, a JSON or YAML file, or a SCIM directory",
		Long: `Make Users of a spreadsheet, a JSON or YAML file, or a SCIM directory.

Every line is checked first: by itself, against what is there, and by the server, in a dry run. All that is wrong is told by line and
column, and then nothing is written. When nothing is wrong, --apply applies the Users by server-side apply, and --output-dir writes one
YAML file for each of them, for Git. Without either, the check is all.

Who is there already is found by the address, and changed where the file says otherwise. A column that the file does not have is
left as it is, and an empty cell takes away what an earlier import has set. To run the same command again does no harm: what was done
before is not done twice, so that this is also how to go on after a break.

Columns: ` + strings.Join(people.Columns(), ", ") + `.
Only email is required. Headers may be in English or French and in any order; seats and status are for who reads an export, and are not
imported. Cells with more than one role or team have a semicolon between them; team:lead is for who leads it. The manager and the
successor are named by their addresses, or as Users are.`,
		Example: `  # The CSV to fill in, for Excel in French
  kubectl seatkeeper import --template --lang=fr --bom > people.csv

  # Check it, and then apply it
  kubectl seatkeeper import people.csv
  kubectl seatkeeper import people.csv --apply

  # Write one YAML file for each User, for Git
  kubectl seatkeeper import people.csv --output-dir=users/

  # Headers of your own, of which one is left out
  kubectl seatkeeper import people.csv --map 'Work e-mail=email' --map 'Notes=-'

  # All active accounts of the organization's directory
  kubectl seatkeeper import --from-directory --organization=acme`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"csv", "tsv", "txt", "json", "yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return i.run(cmd.Context(), args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&i.template, "template", false, "Print the CSV to fill in, and do nothing else.")
	flags.BoolVar(&i.apply, "apply", false, "Apply the Users, once all are checked.")
	flags.StringVar(&i.outputDir, "output-dir", "", "Write one YAML file for each User to this directory, and one for each Team whose members change to its directory teams, instead of applying.")
	flags.StringVar(&i.format, "format", formatAuto, "Format of the file: auto (by its name), csv, json or yaml.")
	flags.StringVar(&i.encoding, "encoding", string(spreadsheet.EncodingAuto), "Encoding of CSV: "+strings.Join(spreadsheet.Encodings(), ", ")+".")
	flags.StringArrayVar(&i.names, "map", nil, "HEADER=COLUMN: what a column is about whose header does not say it; HEADER=- leaves it out. Can be given more than once.")
	flags.BoolVar(&i.local, "local", false, "Ask the cluster nothing: check the file by itself. It needs --organization, and goes with --output-dir.")
	flags.BoolVar(&i.force, "force-conflicts", false, "Take over fields that others manage.")
	flags.IntVar(&i.workers, "concurrency", maxWorkers, "How many requests are made at the same time.")
	sh.organizationFlag(cmd, &i.organization)
	i.sheet.flags(cmd)
	i.directory.flags(cmd)
	i.dryRun.flags(cmd)
	i.output.flags(cmd, formatTable, formatWide, formatJSON, formatYAML, formatName)
	for flag, choices := range map[string][]string{"format": {formatAuto, formatCSV, formatJSON, formatYAML}, "encoding": spreadsheet.Encodings()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	}
	return cmd
}

// check refuses command lines that cannot be meant.
func (i *importing) check(args []string) error {
	if err := i.output.check(); err != nil {
		return err
	}
	sources := len(args)
	if i.directory.use {
		sources++
	}
	if err := i.directory.check(len(i.names) > 0); err != nil {
		return err
	}
	switch {
	case sources != 1:
		return errors.New("name one file (- for standard input), or give --from-directory, or --template for a file to fill in")
	case i.apply && i.outputDir != "":
		return errors.New("either --apply or --output-dir: what is written to Git is applied from there")
	case i.workers < 1 || i.workers > 1000:
		return fmt.Errorf("--concurrency is %d: it must be 1 to 1000", i.workers)
	}
	return i.checkLocal()
}

func (i *importing) checkLocal() error {
	switch {
	case i.local && i.apply:
		return errors.New("--local asks the cluster nothing: it does not go with --apply")
	case i.local && i.organization == "":
		return errors.New("--local needs --organization: nobody is asked which one there is")
	}
	return nil
}

func (i *importing) run(ctx context.Context, args []string) error {
	language, options, err := i.sheet.options()
	if err != nil {
		return err
	}
	if i.template {
		if len(args) > 0 || i.directory.use || i.apply || i.outputDir != "" || i.local {
			return errors.New("--template prints the CSV to fill in, and does nothing else: it goes with --lang, --delimiter and --bom alone")
		}
		return spreadsheet.WriteCSV(i.Out, options, people.Template(language))
	}
	if err := i.check(args); err != nil {
		return err
	}
	names, err := mapping(i.names)
	if err != nil {
		return err
	}
	table, problems, err := i.read(ctx, args, people.Wanted(names))
	if err != nil {
		return err
	}
	set, wrong := people.Parse(table, names)
	problems = append(problems, wrong...)
	job := &job{importing: i, set: &set, problems: problems}
	return job.run(ctx)
}

// mapping is --map by header.
func mapping(pairs []string) (map[string]string, error) {
	names := map[string]string{}
	for _, pair := range pairs {
		at := strings.LastIndexByte(pair, '=')
		if at < 1 || at == len(pair)-1 {
			return nil, fmt.Errorf("--map is %q: it must be HEADER=COLUMN, or HEADER=-", pair)
		}
		name := strings.TrimSpace(pair[at+1:])
		if name != "-" && !people.IsColumn(name) {
			return nil, fmt.Errorf("--map is %q: there is no column %s; there are %s", pair, name, strings.Join(people.Columns(), ", "))
		}
		names[pair[:at]] = name
	}
	return names, nil
}

// read reads the table that the command line names.
func (i *importing) read(ctx context.Context, args []string, wanted func(string) bool) (spreadsheet.Table, []people.Problem, error) {
	if i.directory.use {
		table, err := i.fromDirectory(ctx)
		return table, nil, err
	}
	data, err := i.load(ctx, args[0])
	if err != nil {
		return spreadsheet.Table{}, nil, err
	}
	var table spreadsheet.Table
	var faults []spreadsheet.Fault
	switch format := formatOf(i.format, args[0]); format {
	case formatJSON:
		table, faults, err = spreadsheet.ReadJSON(data)
	case formatYAML:
		table, faults, err = spreadsheet.ReadYAML(data)
	case formatCSV:
		table, faults, err = i.readCSV(data, wanted)
	default:
		return table, nil, fmt.Errorf("--format is %q: it must be auto, csv, json or yaml", i.format)
	}
	if err != nil {
		return table, nil, fmt.Errorf("reading %s: %w", args[0], err)
	}
	var problems []people.Problem
	for _, f := range faults {
		problems = append(problems, people.Problem{Line: f.Line, Column: f.Column, Message: f.Message, Warning: f.Warning})
	}
	return table, problems, nil
}

func (i *importing) readCSV(data []byte, wanted func(string) bool) (spreadsheet.Table, []spreadsheet.Fault, error) {
	encoding := spreadsheet.Encoding(strings.ToLower(i.encoding))
	if !spreadsheet.KnownEncoding(encoding) {
		return spreadsheet.Table{}, nil, fmt.Errorf("--encoding is %q: it must be one of %s", i.encoding, strings.Join(spreadsheet.Encodings(), ", "))
	}
	table, faults, err := spreadsheet.ReadColumns(data, encoding, wanted)
	if err == nil && encoding == spreadsheet.EncodingAuto && table.Encoding == spreadsheet.EncodingLatin1 {
		i.note("the file is not UTF-8, and is read as Latin-1: if letters come out wrong, save it as “CSV UTF-8”, or give --encoding")
	}
	return table, faults, err
}

// note says something to who calls, besides the data.
func (sh *Shell) note(format string, args ...any) {
	fmt.Fprintln(sh.ErrOut, sh.palette(sh.ErrOut).faint.Render("note: "+fmt.Sprintf(format, args...)))
}

func formatOf(flag, name string) string {
	if flag != formatAuto {
		return flag
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return formatJSON
	case ".yaml", ".yml":
		return formatYAML
	}
	return formatCSV
}

// load reads a file, or standard input.
func (i *importing) load(ctx context.Context, name string) ([]byte, error) {
	source := i.In
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // which file is what the command line is for
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		if info, err := file.Stat(); err != nil {
			return nil, err
		} else if info.IsDir() {
			return nil, fmt.Errorf("%s is a directory: name a file", name)
		} else if info.Size() > largest {
			return nil, tooLarge(name)
		}
		source = file
	}
	data, err := readAll(ctx, io.LimitReader(source, largest+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > largest {
		return nil, tooLarge(name)
	}
	return data, nil
}

// readAll reads until the end, or until it is interrupted: nobody knows when standard input ends.
func readAll(ctx context.Context, source io.Reader) ([]byte, error) {
	type all struct {
		data []byte
		err  error
	}
	done := make(chan all, 1)
	go func() {
		data, err := io.ReadAll(source)
		done <- all{data, err}
	}()
	select {
	case got := <-done:
		return got.data, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func tooLarge(name string) error {
	return fmt.Errorf("%s has more than %d MiB, which no list of people has: split it, and import one part after the other", name, largest>>20)
}
