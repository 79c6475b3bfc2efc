// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
)

// Cluster is what is there already.
type Cluster struct {
	// Organization is whose people they are; Manager is the field manager that writes them.
	Organization, Manager string
	// Users and Teams are all of the namespace, and Roles the names of all roles of the organization.
	Users []v1alpha1.User
	Teams []v1alpha1.Team
	Roles []string
	// Left are the records of who has left.
	Left []v1alpha1.ArchivedUser
	// Unknown says that nobody has looked: what is not here may be there.
	Unknown bool
}

// Action is what happens to a User.
type Action string

// The actions, in kubectl's words.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	// Refused is what the server did not do, although the check had passed.
	Refused Action = "refused"
)

// Change is what happens to one User.
type Change struct {
	Action      Action
	Name, Email string
	// Columns are those with another value than there is.
	Columns []Column
	// Apply is the spec that server-side apply is given, and Whole the one that comes of it; nil for who has left, and is no User any more.
	Apply, Whole map[string]any

	row *Row
	is  *v1alpha1.User
}

// Is is the User as the change was planned; nil when there is none.
func (c *Change) Is() *v1alpha1.User { return c.is }

// Line is where the file has the person.
func (c *Change) Line() int { return c.row.line }

// Plan is what happens, in the order of the file.
type Plan struct {
	Users []Change
	Teams []TeamChange

	planner *planner
}

// planner makes a Plan.
type planner struct {
	*Set

	cluster *Cluster
	// byEmail are the Users of the organization by address, byName all of the namespace; names are those of the people in the file, by address.
	byEmail map[string][]*v1alpha1.User
	byName  map[string]*v1alpha1.User
	names   map[string]string
	teams   map[string]*v1alpha1.Team
	inside  map[string][]Membership

	problems []Problem
}

// Plan compares a table with what is there. Rows with problems are left out of it.
func (s *Set) Plan(cluster Cluster) (Plan, []Problem) {
	p := &planner{
		Set: s, cluster: &cluster, byEmail: map[string][]*v1alpha1.User{}, byName: map[string]*v1alpha1.User{}, names: map[string]string{},
		teams: map[string]*v1alpha1.Team{}, inside: map[string][]Membership{},
	}
	for i := range cluster.Users {
		u := &cluster.Users[i]
		p.byName[u.Name] = u
		if u.Spec.Organization == cluster.Organization {
			key := foldEmail(u.Spec.Email)
			p.byEmail[key] = append(p.byEmail[key], u)
		}
	}
	for i := range cluster.Teams {
		p.team(&cluster.Teams[i])
	}
	p.leave()
	p.name()
	plan := Plan{planner: p}
	for i := range s.Rows {
		row := &s.Rows[i]
		if row.wrong {
			continue
		}
		if row.left != nil {
			plan.Users = append(plan.Users, Change{Action: Unchanged, Name: row.left.User, Email: row.Email, row: row})
			continue
		}
		if change, ok := p.change(row, p.byName[p.names[foldEmail(row.Email)]]); ok {
			plan.Users = append(plan.Users, change)
		}
	}
	plan.Teams = p.teamChanges(plan.Users)
	return plan, p.problems
}

func (p *planner) report(row *Row, name Column, format string, args ...any) {
	p.problems = append(p.problems, p.problem(row, name, fmt.Sprintf(format, args...)))
	row.wrong = true
}

// leave finds the rows of people who have left, as they have here: nothing is made of them.
func (p *planner) leave() {
	records := newest(p.cluster.Left, p.cluster.Organization)
	for i := range p.Rows {
		row := &p.Rows[i]
		if key := foldEmail(row.Email); row.State == v1alpha1.UserArchived && len(p.byEmail[key]) == 0 {
			row.left = records[key]
		}
	}
}

// name finds out what the User of each row is called: as it is, as the row says, or by its address.
func (p *planner) name() {
	taken := map[string]string{} // by whose address
	claim := func(row *Row, name string) {
		key := foldEmail(row.Email)
		if other, ok := taken[name]; ok && other != key {
			p.report(row, ColumnUser, "%s is the name of another user in the file", name)
			return
		}
		taken[name], p.names[key] = key, name
	}
	for i := range p.Rows {
		row := &p.Rows[i]
		if row.wrong || row.left != nil {
			continue
		}
		if name, ok := p.known(row); ok {
			claim(row, name)
		}
	}
	for i := range p.Rows {
		row := &p.Rows[i]
		if _, named := p.names[foldEmail(row.Email)]; row.wrong || named || row.left != nil {
			continue
		}
		claim(row, Name(p.cluster.Organization, row.Email, func(name string) bool { return taken[name] != "" || p.byName[name] != nil }))
	}
}

// known is the name that is known of a row, before one is made.
func (p *planner) known(row *Row) (string, bool) {
	has := p.byEmail[foldEmail(row.Email)]
	if row.User == "" && len(has) == 0 {
		return "", false
	}
	var names []string
	for _, u := range has {
		if u.Name == row.User || len(has) == 1 && row.User == "" {
			return u.Name, true
		}
		names = append(names, u.Name)
	}
	slices.Sort(names)
	switch {
	case len(has) == 1:
		p.report(row, ColumnUser, "the User with the address %q is called %s: leave the name empty, or write that one", row.Email, names[0])
	case len(has) > 1:
		p.report(row, ColumnEmail, "%q is the address of the Users %s: delete all but one of them", row.Email, strings.Join(names, ", "))
	case p.byName[row.User] != nil:
		p.report(row, ColumnUser, "%s is the name of a User with another address: leave the name empty, or change the address of that User first", row.User)
	default:
		return row.User, true
	}
	return "", false
}

// reference is the name of the User that a cell means.
func (p *planner) reference(row *Row, name Column, text, own string) string {
	found := text
	if strings.Contains(text, "@") {
		key := foldEmail(text)
		if found = p.names[key]; found == "" && len(p.byEmail[key]) == 1 {
			found = p.byEmail[key][0].Name
		}
		if found == "" {
			p.report(row, name, "%q is nobody's address, neither in the file nor in organization %s", text, p.cluster.Organization)
			return ""
		}
	}
	if found == own {
		p.report(row, name, "nobody is their own %s", name)
	}
	return found
}

// values is what a row says of the spec, by column. Of columns that the table, or the row, does not have it says nothing.
func (p *planner) values(row *Row, own string, is map[string]any) map[Column]any {
	values := map[Column]any{}
	for i := range columns {
		c := &columns[i]
		if !p.says(row, c.name) || c.path == nil {
			continue
		}
		values[c.name] = p.value(row, c, own, is)
	}
	// An employee has one of the two, so that to name one takes away the other.
	if values[ColumnEmployeeNumber] != nil {
		values[ColumnNewEmployee] = nil
	} else if values[ColumnNewEmployee] != nil {
		values[ColumnEmployeeNumber] = nil
	}
	return values
}

// value is what a row says in one column; nil for nothing.
func (p *planner) value(row *Row, c *column, own string, is map[string]any) any {
	text := c.get(&row.Person)
	switch {
	case c.name == ColumnState:
		if was, ok := at(is, c.path); text == "" && ok && was != string(v1alpha1.UserActive) {
			return string(v1alpha1.UserActive) // which is what leaving it empty means
		}
	case text == "":
	case c.name == ColumnRoles:
		return anys(row.Roles)
	case c.name == ColumnNewEmployee:
		return true
	case c.name == ColumnManager, c.name == ColumnSuccessor:
		return orNil(p.reference(row, c.name, text, own))
	}
	return orNil(text)
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func anys(list []string) []any {
	all := make([]any, len(list))
	for i, text := range list {
		all[i] = text
	}
	return all
}

// change compares a row with the User that there is; nil for none.
func (p *planner) change(row *Row, is *v1alpha1.User) (Change, bool) {
	change := Change{Action: Created, Name: p.names[foldEmail(row.Email)], Email: row.Email, row: row, is: is}
	spec := map[string]any{"organization": p.cluster.Organization}
	change.Apply, change.Whole = spec, runtime.DeepCopyJSON(spec)
	if is != nil && is.Spec.Organization != p.cluster.Organization {
		p.report(row, ColumnUser, "%s is the name of a User of organization %s", change.Name, is.Spec.Organization)
		return change, false
	}
	if is != nil && !is.DeletionTimestamp.IsZero() {
		p.report(row, ColumnEmail, "User %s, who has this address, is being deleted: import again when it is gone", is.Name)
		return change, false
	}
	var was map[string]any
	if is != nil {
		var err error
		if was, err = specOf(is); err != nil {
			p.report(row, ColumnUser, "User %s cannot be read: %v", change.Name, err)
			return change, false
		}
		change.Action, change.Whole = Unchanged, runtime.DeepCopyJSON(was)
	}
	values := p.values(row, change.Name, was)
	p.grants(row)
	change.compare(was, values)
	if is != nil && len(change.Columns) > 0 {
		change.Action = Configured
		p.keep(row, &change, is, was, values)
	}
	return change, !row.wrong
}

// compare takes over what a row says, and notes where that is another value than there was.
func (c *Change) compare(was map[string]any, values map[Column]any) {
	for i := range columns {
		col := &columns[i]
		value, said := values[col.name]
		if !said {
			continue
		}
		before, _ := at(was, col.path)
		if text, ok := before.(string); ok && col.name == ColumnEmail && norm.NFC.String(text) == value {
			value = before // which it is, though accents are written in another way
		}
		put(c.Apply, col.path, value)
		put(c.Whole, col.path, value)
		if !equal(col.name, before, value) {
			c.Columns = append(c.Columns, col.name)
		}
	}
}

// specOf is the spec of a User as JSON has it.
func specOf(u *v1alpha1.User) (map[string]any, error) {
	return runtime.DefaultUnstructuredConverter.ToUnstructured(&u.Spec)
}

func at(spec map[string]any, path []string) (any, bool) {
	value, ok, err := unstructured.NestedFieldNoCopy(spec, path...)
	return value, ok && err == nil
}

// put sets a value, or takes it away when it is nil, with what is around it when nothing else is there.
func put(spec map[string]any, path []string, value any) {
	if value != nil {
		if err := unstructured.SetNestedField(spec, runtime.DeepCopyJSONValue(value), path...); err == nil {
			return
		}
	}
	unstructured.RemoveNestedField(spec, path...)
	if around, ok := spec[path[0]].(map[string]any); ok && len(around) == 0 {
		delete(spec, path[0])
	}
}

// equal says that two values of a column mean the same.
func equal(name Column, a, b any) bool {
	switch name {
	case ColumnRoles:
		x, y := texts(a), texts(b)
		slices.Sort(x)
		slices.Sort(y)
		return slices.Equal(x, y)
	case ColumnAccessUntil:
		return instant(a).Equal(instant(b))
	case ColumnState:
		return state(a) == state(b)
	}
	return a == b
}

func state(value any) any {
	if value == nil {
		return string(v1alpha1.UserActive)
	}
	return value
}

func texts(value any) []string {
	var all []string
	list, _ := value.([]any)
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// instant is a time as the API keeps it; the zero one for none.
func instant(value any) time.Time {
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.Truncate(time.Second)
}

// grants holds that the roles and teams of a row are there.
func (p *planner) grants(row *Row) {
	if p.cluster.Unknown {
		return
	}
	for _, role := range row.Roles {
		if !slices.Contains(p.cluster.Roles, role) {
			p.report(row, ColumnRoles, "organization %s has no Role %s", p.cluster.Organization, role)
		}
	}
	for _, m := range row.Teams {
		if p.teams[m.Team] == nil {
			p.report(row, ColumnTeams, "organization %s has no Team %s", p.cluster.Organization, m.Team)
		}
	}
}
