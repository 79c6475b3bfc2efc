// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package stories_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/api/v1alpha1"
	"seatkeeper.dev/seatkeeper/internal/directory/fake"
	"seatkeeper.dev/seatkeeper/test/env"
	"seatkeeper.dev/seatkeeper/test/operator"
)

// samples are the folders of config/samples that are applied as a whole.
var samples = []string{
	"axonaut", "commown", "ezus", "infast", "quickstart", "directory", "invitations",
	"activecampaign/starter", "activecampaign/plus", "activecampaign/professional", "activecampaign/enterprise",
}

// What a GitOps tool does with each of the samples: it applies it over and over, in an order of its own, prunes it and brings it back.
func TestSamplesInGit(t *testing.T) {
	t.Parallel()
	for _, sample := range samples {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			f := inGit(t, sample)
			f.sync(f.objects)
			f.settleFolder()
			f.appliedAgain()
			applied := f.state()
			f.restored(f.pruneAll) // and without a mail to anybody

			seed := rand.Uint64()
			shuffled := inGit(t, sample)
			shuffled.shuffle(seed)
			if diff := cmp.Diff(applied, shuffled.state()); diff != "" {
				t.Errorf("with seed %d it ends otherwise (-in order +shuffled):\n%s", seed, diff)
			}
		})
	}
}

// appliedAgain holds that applying what is applied changes nothing, and has the operator do nothing.
func (f *folder) appliedAgain() {
	f.Helper()
	before, _ := f.versionsOf()
	letters, then := f.letters(), time.Now()
	f.traffic.Reset()
	for _, o := range f.objects {
		was := o.DeepCopy()
		f.must(f.Get(f.Context(), client.ObjectKeyFromObject(o), was), "reading %s", name(o))
		now, err := f.put(o)
		f.must(err, "applying the sample a second time")
		if diff := cmp.Diff(was.Object, now.Object); diff != "" {
			f.Errorf("%s was written (-before +after):\n%s", name(o), diff)
		}
	}
	f.distract()
	after, _ := f.versionsOf()
	if diff := cmp.Diff(before, after); diff != "" {
		f.Errorf("objects were written (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(letters, f.letters()); diff != "" {
		f.Errorf("mails were sent (-before +after):\n%s", diff)
	}
	if events := f.eventsSince(then); len(events) > 0 {
		f.Errorf("there are events: %q", events)
	}
	writes := slices.DeleteFunc(f.traffic.Writes(), func(r operator.Request) bool {
		return strings.HasPrefix(r.Name, probe) || r.Resource == "events" || r.Resource == "subjectaccessreviews"
	})
	if len(writes) > 0 {
		f.Errorf("the operator makes the requests %v", writes)
	}
}

// shuffle applies the folder in an order that follows from the seed. After some objects the operator comes to rest before the next,
// which it does not while it tries again and again to read a Secret that is still to come.
func (f *folder) shuffle(seed uint64) {
	f.Helper()
	f.Cleanup(func() {
		if f.Failed() {
			f.Logf("the seed is %d", seed)
		}
	})
	random := rand.New(rand.NewPCG(seed, 0))
	objects := slices.Clone(f.objects)
	random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	for i := range objects {
		if _, err := f.put(objects[i]); err != nil {
			f.Logf("at first: %v", err)
		}
		secret := func(o *unstructured.Unstructured) bool { return o.GetKind() == "Secret" }
		if random.IntN(4) == 0 && !slices.ContainsFunc(objects[i+1:], secret) {
			f.settleFolder()
		}
	}
	f.sync(objects)
	f.settleFolder()
}

// pruneAll deletes the folder, and what is refused once more, until nothing is left.
func (f *folder) pruneAll() {
	f.Helper()
	deadline := time.After(time.Minute)
	for {
		refused := f.prune(everything)
		left := f.of("User")
		left = append(left, f.of("SeatPool")...)
		left = append(left, f.of("Organization")...)
		if len(left) == 0 {
			return
		}
		select {
		case <-deadline:
			f.Fatalf("still there: %v, refused: %v", fmt.Sprint(f.state()), refused)
		default:
			f.distract()
		}
	}
}

// Flux deletes a folder once, and Organizations last: while there is one, its owner stays, and the pool whose seat the owner holds. They
// go when they are deleted again, which an Organization that went first would have spared.
func TestPruneOfAWholeSampleOnce(t *testing.T) {
	t.Parallel()
	for how, want := range map[string][]string{"as it comes": {"User marie", "SeatPool standard"}, "the Organization first": nil} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := inGit(t, "quickstart")
			f.sync(f.objects)
			f.settleFolder()
			if want == nil {
				f.prune(func(o *unstructured.Unstructured) bool { return o.GetKind() == "Organization" })
				f.distract() // the webhooks know it
			}
			var stay []string
			for _, err := range f.prune(everything) {
				words, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "deleting "), ":")
				stay = append(stay, words)
			}
			if diff := cmp.Diff(want, stay); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			f.remain(want...)
			for _, err := range f.prune(everything) {
				t.Errorf("without an Organization: %v", err)
			}
			f.remain()
		})
	}
}

// remain waits until nothing but these is left of what people write, and none of it is being deleted.
func (f *folder) remain(want ...string) {
	f.Helper()
	env.Eventually(f, func() error {
		var left []string
		for _, kind := range []string{"User", "Team", "SeatPool", "Role", "Organization"} {
			for _, o := range f.of(kind) {
				left = append(left, name(&o))
				if o.GetDeletionTimestamp() != nil {
					left = append(left, "which is being deleted")
				}
			}
		}
		if diff := cmp.Diff(want, left); diff != "" {
			return fmt.Errorf("left are (-want +got):\n%s", diff)
		}
		return nil
	})
	f.distract()
}

// Where the Organization is not pruned, its protection holds: who is one too many stays, and so do the pools whose seats are held. When
// the folder is back, all is as it was.
func TestPruneOfASampleIsRefused(t *testing.T) {
	t.Parallel()
	f := inGit(t, "activecampaign/enterprise")
	f.restored(func() {
		refused := f.prune(pruned)
		want := []string{"User olivia", "User mia", "SeatPool users", "SeatPool sales-engagement", "SeatPool pipelines"}
		for i, err := range refused {
			if i >= len(want) || !strings.Contains(err.Error(), want[i]) {
				t.Errorf("refused: %v", err)
			}
		}
		if len(refused) != len(want) {
			t.Errorf("%d deletions are refused, want those of %v", len(refused), want)
		}
	})
}

// What was pruned around admission is held, and comes back: whether the deletions that are held are rejected or approved.
func TestPruneOfASampleIsHeld(t *testing.T) {
	t.Parallel()
	for how, annotation := range map[string]string{"rejected": v1alpha1.AnnotationRejectRemovals, "approved": v1alpha1.AnnotationApproveRemovals} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := &folder{stage: empty(t), accounts: &fake.Directory{}}
			f.read("activecampaign/enterprise")
			f.start(operator.Options{Directory: f.accounts})
			f.restored(func() {
				f.prune(func(o *unstructured.Unstructured) bool { return o.GetKind() == "User" && o.GetName() != "olivia" })
				org := await(f.stage, "agency", func(o *v1alpha1.Organization) error {
					if r := &o.Status.Removals; r.HeldCount != 1 || r.Token == "" {
						return fmt.Errorf("%d removals are held, want 1", r.HeldCount)
					}
					return nil
				})
				edit(f.stage, "agency", func(o *v1alpha1.Organization) {
					metav1.SetMetaDataAnnotation(&o.ObjectMeta, annotation, org.Status.Removals.Token)
				})
				f.gone("mia")
				f.gone("noah")
			})
		})
	}
}

// restored applies a folder, has everybody accept, and holds that what happens then is undone by applying it again.
func (f *folder) restored(what func()) {
	f.Helper()
	f.sync(f.objects)
	f.settleFolder()
	f.acceptAll()
	f.settleFolder()
	before, letters := f.state(), f.letters()
	what()
	f.settleFolder()
	f.sync(f.inOrder())
	f.settleFolder()
	if diff := cmp.Diff(before, f.state()); diff != "" {
		f.Errorf("after the restore (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(letters, f.letters()); diff != "" {
		f.Errorf("mails (-before +after):\n%s", diff)
	}
}
