// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ownership finds the objects of any kind that people own, and hands them over.
package ownership

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/access"
	"seatkeeper.dev/seatkeeper/internal/handover"
	"seatkeeper.dev/seatkeeper/internal/together"
)

const (
	// pageSize is how many objects one list asks for.
	pageSize = 500
	// atOnce is how many objects of one person are patched at once.
	atOnce = 8
	// batch is how many objects of one rule are moved before that is recorded.
	batch = 1000
	// rounds is how often objects are looked for anew that were changed, or came, meanwhile.
	rounds = 5
	// shown is how many names are told.
	shown = 5
	// manager is who the API server is told hands over.
	manager = "seatkeeper"
	// tries is how often an object is handed over that is found again, before somebody else is taken to want it so.
	tries = 3
)

// Estate finds and hands over what people own. It reads and writes past the cache, which would hold a copy of everything.
type Estate struct {
	// Objects are those of any kind, and Kinds tells which there are.
	Objects dynamic.Interface
	Kinds   discovery.DiscoveryInterface
	// People reads Users past the cache.
	People client.Reader
	// ByHand is the field manager of somebody who hands over with rights of their own, and of people who stay, too; empty for the
	// operator.
	ByHand string

	// lists and persons are what is read at present: a wave of people who leave shares them.
	lists   together.Reads[place, []string, map[string][]object]
	persons together.Reads[types.NamespacedName, struct{}, *v1alpha1.User]
	// turns are those of the objects that are patched; nil, and each person has all that one can use.
	turns *semaphore.Weighted
}

// place is where the owners of objects are told.
type place struct {
	resource         schema.GroupVersionResource
	namespace, field string
}

// Do looks for objects, or hands them over: a part of them, when there are many. Doing it again does what is left. With an error comes the
// report of what was moved before.
func (e *Estate) Do(ctx context.Context, task *handover.Task) (*handover.Report, error) {
	return e.each(task, false, func(w *work) (handover.Result, error) { return w.do(ctx) })
}

// Try has the API server judge, in a dry run, each object that Do would hand over, and all of them at once. What is reported as moved is
// what it would let pass.
func (e *Estate) Try(ctx context.Context, task *handover.Task) (*handover.Report, error) {
	return e.each(task, true, func(w *work) (handover.Result, error) { return w.try(ctx) })
}

// each does something by each rule of a task.
func (e *Estate) each(task *handover.Task, dry bool, do func(*work) (handover.Result, error)) (*handover.Report, error) {
	report := &handover.Report{ID: task.ID}
	for _, rule := range task.Rules {
		w := &work{
			Estate: e, namespace: task.Namespace, organization: task.Organization, rule: &rule, dry: dry, stuck: map[types.UID]string{}, tries: map[types.UID]int{},
		}
		result, err := do(w)
		result.Moved = w.moved
		report.Rules = append(report.Rules, result)
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// work is what is done about the objects of one rule.
type work struct {
	*Estate

	namespace    string
	organization string
	rule         *handover.TaskRule
	// dry has the API server keep nothing.
	dry   bool
	moved int
	// stuck are objects that cannot be moved, and why.
	stuck map[types.UID]string
	// tries is how often an object was to be handed over.
	tries map[types.UID]int
}

// object is what has to be known of an object.
type object struct {
	name, owner, version string
	uid                  types.UID
	// tracked says who declares it in Git, and would set it back; empty when nobody does.
	tracked string
}

func (w *work) resource() schema.GroupVersionResource {
	r := w.rule.Rule.Resource
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
}

func (w *work) kind() string { return w.resource().GroupResource().String() }

func (w *work) do(ctx context.Context) (handover.Result, error) {
	result := handover.Result{Rule: w.rule.Rule.Name}
	from, err := w.leavers(ctx)
	if err != nil {
		return result, err
	}
	w.rule.From = from
	left, err := w.list(ctx)
	for range rounds {
		movable := w.movable(left)
		if err != nil || len(movable) == 0 {
			break
		}
		if err := w.move(ctx, &result, movable); err != nil {
			return result, err
		}
		if result.Absent {
			break
		}
		left, err = w.list(ctx)
	}
	if err != nil {
		return w.unknown(result, err)
	}
	if w.moved > 0 && !result.Absent { // a successor who left meanwhile may have looked before the last one came
		if result.Absent, err = w.deserted(ctx); err != nil {
			return result, err
		}
	}
	w.sumUp(&result, left)
	return result, nil
}

// try has the API server judge every object once.
func (w *work) try(ctx context.Context) (handover.Result, error) {
	result := handover.Result{Rule: w.rule.Rule.Name}
	found, err := w.list(ctx)
	if err != nil {
		return w.unknown(result, err)
	}
	if err := w.attend(ctx, &result); err != nil || result.Absent {
		result.Left = len(found)
		return result, err
	}
	if err := w.handOver(ctx, w.free(found)); err != nil {
		return result, err
	}
	w.sumUp(&result, slices.DeleteFunc(found, func(o object) bool { return w.stuck[o.uid] == "" }))
	return result, nil
}

// movable are the objects that are handed over now.
func (w *work) movable(left []object) []object {
	if len(w.rule.To) == 0 || w.moved >= batch {
		return nil
	}
	free := w.free(left)
	return free[:min(len(free), batch-w.moved)]
}

// free are the objects that nothing is known to keep.
func (w *work) free(left []object) []object {
	return slices.DeleteFunc(slices.Clone(left), func(o object) bool { return w.stuck[o.uid] != "" })
}

// sumUp says what is left, and why.
func (w *work) sumUp(result *handover.Result, left []object) {
	result.Left = len(left)
	for _, o := range left[:min(len(left), shown)] {
		result.Names = append(result.Names, o.name)
	}
	reasons := map[string][]string{}
	for _, o := range left {
		if why := w.stuck[o.uid]; why != "" {
			reasons[why] = append(reasons[why], o.name)
		} else if len(w.rule.To) > 0 && !result.Absent {
			result.More = true
		}
	}
	var said []string
	for why, names := range reasons {
		said = append(said, fmt.Sprintf("%s %s", listed(w.kind(), names), why))
	}
	slices.Sort(said)
	result.Trouble = strings.Join(said[:min(len(said), shown)], "; ")
}

// listed names the first of several objects.
func listed(kind string, names []string) string {
	text := kind + " " + strings.Join(names[:min(len(names), shown)], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// leavers are those whose objects are to move. Who took over before may have come back, and then keeps them, as does who is only to be
// removed, as long as somebody has to decide on that, and who is parked.
func (w *work) leavers(ctx context.Context) ([]string, error) {
	from := w.rule.From[:1:1]
	for _, name := range w.rule.From[1:] {
		left, err := w.left(ctx, name)
		if err != nil {
			return nil, err
		}
		if left && !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	return from, nil
}

// left says that somebody has gone for good.
func (w *work) left(ctx context.Context, name string) (bool, error) {
	u, err := w.person(ctx, name)
	if err != nil || u != nil {
		return u != nil && access.Archiving(u) && u.Status.AccessRevokedAt != nil, err
	}
	var records v1alpha1.ArchivedUserList
	err = w.People.List(ctx, &records, client.InNamespace(w.namespace), client.MatchingFields{"record.spec.organization": w.organization})
	if err != nil {
		return false, fmt.Errorf("looking for who is parked: %w", err)
	}
	return !slices.ContainsFunc(records.Items, func(a v1alpha1.ArchivedUser) bool {
		return a.Record.User == name && a.Parked() && !a.Ended()
	}), nil
}

// attend finds out whether who leaves does not any more, or a successor cannot take over. The cache may not know yet, so they are read
// as of now.
func (w *work) attend(ctx context.Context, result *handover.Result) error {
	leaver, err := w.person(ctx, w.rule.From[0])
	if err != nil {
		return err
	}
	if w.ByHand == "" && leaver != nil && !access.Archiving(leaver) { // who is back keeps the rest
		result.Absent = true
		return nil
	}
	result.Absent, err = w.deserted(ctx)
	return err
}

// deserted says that a successor cannot take over any more.
func (w *work) deserted(ctx context.Context) (bool, error) {
	for _, s := range w.rule.To {
		u, err := w.person(ctx, s.User)
		if err != nil {
			return false, err
		}
		if !handover.Available(u) || u.UID != s.UID {
			return true, nil
		}
	}
	return false, nil
}

// person reads a user as of now; nil when there is none. Many who leave at once ask for the same successor.
func (w *work) person(ctx context.Context, name string) (*v1alpha1.User, error) {
	key := types.NamespacedName{Namespace: w.namespace, Name: name}
	return w.persons.Do(ctx, key, struct{}{}, func(ctx context.Context, _ []struct{}) (*v1alpha1.User, error) {
		var u v1alpha1.User
		switch err := w.People.Get(ctx, key, &u); {
		case apierrors.IsNotFound(err):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("looking for user %s: %w", name, err)
		}
		return &u, nil
	})
}

// list finds the objects that those who leave own, with what others have asked for meanwhile: one list costs the API server a look at
// every object of the kind in the namespace, for however many people.
func (w *work) list(ctx context.Context) ([]object, error) {
	at := place{w.resource(), w.namespace, w.rule.Rule.OwnerField}
	found, err := w.lists.Do(ctx, at, w.rule.From, func(ctx context.Context, wants [][]string) (map[string][]object, error) {
		return w.owned(ctx, slices.Concat(wants...))
	})
	if err != nil {
		return nil, err
	}
	return w.weigh(found), nil
}

// weigh takes those of the objects that were found that are those who leave, and says what keeps them.
func (w *work) weigh(found map[string][]object) []object {
	var all []object
	for _, name := range w.rule.From {
		for _, o := range found[name] {
			switch {
			case o.tracked != "":
				w.stuck[o.uid] = o.tracked
			case w.tries[o.uid] >= tries:
				w.stuck[o.uid] = "are set back, or changed all the time, by somebody else"
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b object) int { return strings.Compare(a.name, b.name) })
	return all
}

// owned finds the objects that some people own, by owner, page by page.
func (w *work) owned(ctx context.Context, people []string) (map[string][]object, error) {
	options := metav1.ListOptions{Limit: pageSize}
	if w.rule.Rule.OwnerField == "" {
		if options.LabelSelector = selector(people); options.LabelSelector == "" {
			return nil, nil
		}
	}
	found := map[string][]object{}
	for _, name := range people {
		found[name] = nil
	}
	err := w.every(ctx, options, func() {
		for name := range found {
			found[name] = nil
		}
	}, func(u *unstructured.Unstructured) bool {
		o := w.of(u)
		if _, asked := found[o.owner]; asked {
			o.tracked = w.tracked(u)
			found[o.owner] = append(found[o.owner], o)
		}
		return true
	})
	return found, err
}

// every goes through the objects page by page, until that is enough. When it takes too long, it begins again, as it says before.
func (w *work) every(ctx context.Context, options metav1.ListOptions, again func(), more func(*unstructured.Unstructured) bool) error {
	for {
		page, err := w.Objects.Resource(w.resource()).Namespace(w.namespace).List(ctx, options)
		if apierrors.IsResourceExpired(err) && options.Continue != "" {
			again()
			options.Continue = ""
			continue
		}
		if err != nil {
			return err
		}
		for i := range page.Items {
			if !more(&page.Items[i]) {
				return nil
			}
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

// Owners finds which of several people own anything by a rule, and returns their names in order. It holds no more than a page.
func (e *Estate) Owners(ctx context.Context, namespace string, rule *v1alpha1.OwnershipRule, people []string) ([]string, error) {
	w := &work{Estate: e, namespace: namespace, rule: &handover.TaskRule{Rule: *rule, From: people}}
	options := metav1.ListOptions{Limit: pageSize}
	if rule.OwnerField == "" {
		if options.LabelSelector = selector(people); options.LabelSelector == "" {
			return nil, nil
		}
	}
	asked, found := map[string]bool{}, map[string]bool{}
	for _, name := range people {
		asked[name] = true
	}
	err := w.every(ctx, options, func() {}, func(u *unstructured.Unstructured) bool {
		if owner := w.of(u).owner; asked[owner] {
			found[owner] = true
		}
		return len(found) < len(asked)
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", w.kind(), err)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// selector selects the objects of people by label. Who has a name that is too long for one owns nothing by label, and of more people
// than fit into a request, everything that anybody owns is looked through.
func selector(people []string) string {
	const longest, fit = 63, 64
	names := slices.DeleteFunc(slices.Clone(people), func(name string) bool { return len(name) > longest })
	slices.Sort(names)
	switch names = slices.Compact(names); {
	case len(names) == 0:
		return ""
	case len(names) > fit:
		return v1alpha1.LabelOwner
	}
	return fmt.Sprintf("%s in (%s)", v1alpha1.LabelOwner, strings.Join(names, ","))
}

func (w *work) path() []string {
	if w.rule.Rule.OwnerField == "" {
		return []string{"metadata", "labels", v1alpha1.LabelOwner}
	}
	return strings.Split(w.rule.Rule.OwnerField, ".")
}

func (w *work) of(u *unstructured.Unstructured) object {
	owner, _, _ := unstructured.NestedString(u.Object, w.path()...) // what is no name is nobody's
	return object{name: u.GetName(), owner: owner, version: u.GetResourceVersion(), uid: u.GetUID()}
}

// tracked says who declares an object in Git, and would set it back; empty when nobody does.
func (w *work) tracked(u *unstructured.Unstructured) string {
	tool, place := Tracker(u)
	if tool == "" {
		return ""
	}
	return fmt.Sprintf("are declared in Git, as %s has it (%s): set %s there", tool, place, strings.Join(w.path(), "."))
}

// move hands objects over, if all are there who take over.
func (w *work) move(ctx context.Context, result *handover.Result, objects []object) error {
	if err := w.attend(ctx, result); err != nil || result.Absent {
		return err
	}
	return w.handOver(ctx, objects)
}

// handOver hands objects over, several at once. What was changed meanwhile is left for the next round.
func (w *work) handOver(ctx context.Context, objects []object) error {
	errs := make([]error, len(objects))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, o := range objects {
		group.Go(func() error {
			end, err := w.turn(ctx)
			if err == nil {
				defer end()
				err = w.patch(ctx, &o)
			}
			errs[i] = err
			return nil
		})
	}
	_ = group.Wait()
	var failed error
	for i, err := range errs {
		w.tries[objects[i].uid]++
		switch {
		case err == nil:
			w.moved++
		case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		case refused(err):
			w.stuck[objects[i].uid] = "cannot be handed over (" + words(err) + ")"
		case failed == nil: // the others count all the same
			failed = fmt.Errorf("handing over %s %s: %w", w.kind(), objects[i].name, err)
		}
	}
	return failed
}

// turn waits for one, and returns what ends it.
func (e *Estate) turn(ctx context.Context) (end func(), err error) {
	if e.turns == nil {
		return func() {}, nil
	}
	if err := e.turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { e.turns.Release(1) }, nil
}

// refused says that the API server understood, and will not do it.
func refused(err error) bool {
	var status *apierrors.StatusError
	if !errors.As(err, &status) {
		return false
	}
	switch code := status.ErrStatus.Code; code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests: // it passes
		return false
	default:
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError
	}
}

// patch gives an object to its heir, unless somebody else has changed it.
func (w *work) patch(ctx context.Context, o *object) error {
	var value any = handover.Heir(w.rule.To, o.uid).User
	path := w.path()
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	patch := value.(map[string]any)
	metadata, _ := patch["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		patch["metadata"] = metadata
	}
	metadata["resourceVersion"], metadata["uid"] = o.version, o.uid
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{FieldManager: cmp.Or(w.ByHand, manager)}
	if w.dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	_, err = w.Objects.Resource(w.resource()).Namespace(w.namespace).Patch(ctx, o.name, types.MergePatchType, data, options)
	return err
}

// unknown says why the objects cannot be listed, if that does not pass by itself.
func (w *work) unknown(result handover.Result, err error) (handover.Result, error) {
	switch {
	case apierrors.IsForbidden(err) && w.ByHand != "":
		result.Trouble = fmt.Sprintf("you may not list %s: ask for the rights list and patch", w.kind())
		return result, nil
	case apierrors.IsForbidden(err):
		result.Trouble = fmt.Sprintf("the operator may not list %s: allow it list and patch, by a ClusterRole with the label seatkeeper.dev/aggregate-to-operator: \"true\"", w.kind())
		return result, nil
	case apierrors.IsMethodNotSupported(err):
		result.Trouble = w.kind() + " cannot be listed: correct spec.offboarding.ownership of the organization"
		return result, nil
	case apierrors.IsNotFound(err):
		return w.unserved(result, err)
	}
	return result, fmt.Errorf("listing %s: %w", w.kind(), err)
}

// unserved says what there is in the place of a resource that is not served: none of a kind that is not installed.
func (w *work) unserved(result handover.Result, cause error) (handover.Result, error) {
	groups, err := w.Kinds.ServerGroups()
	if err != nil {
		return result, fmt.Errorf("looking for %s: %w", w.kind(), err)
	}
	r := w.rule.Rule.Resource
	var versions []string
	for i := range groups.Groups {
		if groups.Groups[i].Name != r.Group {
			continue
		}
		for _, version := range groups.Groups[i].Versions {
			is, err := w.served(version.GroupVersion)
			switch {
			case err != nil:
				return result, err
			case is == nil:
			case !is.Namespaced:
				result.Trouble = fmt.Sprintf("%s are in no namespace, and what people own is in that of their organization: remove rule %s", w.kind(), w.rule.Rule.Name)
				return result, nil
			case version.Version == r.Version:
				return result, fmt.Errorf("listing %s: %w", w.kind(), cause) // it has just come
			default:
				versions = append(versions, version.Version)
			}
		}
	}
	if len(versions) > 0 {
		result.Trouble = fmt.Sprintf("%s are served as %s, not %s: correct spec.offboarding.ownership of the organization (rule %s)",
			w.kind(), strings.Join(versions, ", "), r.Version, w.rule.Rule.Name)
		return result, nil
	}
	result.Note = fmt.Sprintf("%s are not installed (rule %s)", w.kind(), w.rule.Rule.Name)
	return result, nil
}

// served finds the resource in one version of its group; nil when it is not served in that.
func (w *work) served(version string) (*metav1.APIResource, error) {
	list, err := w.Kinds.ServerResourcesForGroupVersion(version)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for %s in %s: %w", w.kind(), version, err)
	}
	i := slices.IndexFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == w.rule.Rule.Resource.Resource })
	if i < 0 {
		return nil, nil
	}
	return &list.APIResources[i], nil
}

// words are those of the API server, without more than fits.
func words(err error) string {
	const most = 300
	text := err.Error()
	if refusal := (*apierrors.StatusError)(nil); errors.As(err, &refusal) {
		text = refusal.ErrStatus.Message
	}
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), most)])
}
