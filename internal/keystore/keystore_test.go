// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package keystore_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"seatkeeper.dev/seatkeeper/internal/invitation"
	"seatkeeper.dev/seatkeeper/internal/keystore"
	"seatkeeper.dev/seatkeeper/test/env"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	env.Main(m)
}

// Whoever had keys of its own would make links that the others refuse.
func TestLoadersAtOnceAgree(t *testing.T) {
	const rounds, loaders = 10, 16
	c := env.Client(t)
	for range rounds {
		namespace := env.Namespace(t)
		keys := make([]invitation.Keyring, loaders)
		var running sync.WaitGroup
		for i := range loaders {
			running.Go(func() {
				var err error
				if keys[i], err = keystore.Load(t.Context(), c, namespace); err != nil {
					t.Errorf("loader %d: %v", i, err)
				}
			})
		}
		running.Wait()
		stored := secret(t, namespace).Data[invitation.SecretKeyCurrent]
		if len(stored) < invitation.KeySize {
			t.Fatalf("the key that is stored has %d bytes", len(stored))
		}
		for i, k := range keys {
			if !bytes.Equal(k.Current, stored) || len(k.Previous) != 0 {
				t.Errorf("loader %d has other keys than those that are stored", i)
			}
		}
	}
}

func TestNamespacesHaveKeysOfTheirOwn(t *testing.T) {
	one, err := keystore.Load(t.Context(), env.Client(t), env.Namespace(t))
	if err != nil {
		t.Fatal(err)
	}
	other, err := keystore.Load(t.Context(), env.Client(t), env.Namespace(t))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one.Current, other.Current) {
		t.Error("two operators made the same key")
	}
}

func TestKeysThatAreThereAreKept(t *testing.T) {
	namespace := env.Namespace(t)
	want := invitation.Keyring{Current: bytes.Repeat([]byte("c"), 40), Previous: bytes.Repeat([]byte("p"), invitation.KeySize)}
	write(t, namespace, map[string][]byte{
		invitation.SecretKeyCurrent: want.Current, invitation.SecretKeyPrevious: want.Previous, "note": []byte("ours"),
	})
	before := secret(t, namespace)
	for range 2 {
		got, err := keystore.Load(t.Context(), env.Client(t), namespace)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(before, secret(t, namespace)); diff != "" {
		t.Errorf("the Secret was written to (-before +after):\n%s", diff)
	}
}

func TestBrokenSecrets(t *testing.T) {
	good, short := bytes.Repeat([]byte("g"), invitation.KeySize), []byte("too-short-to-be-a-key")
	for why, tc := range map[string]struct {
		data map[string][]byte
		want []string
	}{
		"empty":              {nil, []string{`no key "current"`, "put 32 random bytes there, or delete the Secret to have it made anew"}},
		"an empty key":       {map[string][]byte{"current": {}}, []string{`no key "current"`, "delete the Secret"}},
		"another name":       {map[string][]byte{"key": good}, []string{`no key "current"`, "put 32 random bytes there"}},
		"a short key":        {map[string][]byte{"current": short}, []string{`"current" has 21 bytes`, "put at least 32 random ones there"}},
		"a short former key": {map[string][]byte{"current": good, "previous": short}, []string{`"previous" has 21 bytes`, "put at least 32 random ones there"}},
	} {
		t.Run(why, func(t *testing.T) {
			namespace := env.Namespace(t)
			write(t, namespace, tc.data)
			before := secret(t, namespace)
			keys, err := keystore.Load(t.Context(), env.Client(t), namespace)
			if err == nil {
				t.Fatal("it was taken for good")
			}
			for _, want := range append(tc.want, "Secret "+namespace+"/"+keystore.SecretName) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
			for _, key := range tc.data {
				if len(key) > 0 && strings.Contains(err.Error(), string(key)) {
					t.Errorf("the error shows a key: %v", err)
				}
			}
			if len(keys.Current)+len(keys.Previous) > 0 {
				t.Error("keys come beside the error")
			}
			if diff := cmp.Diff(before, secret(t, namespace)); diff != "" {
				t.Errorf("the Secret was written to (-before +after):\n%s", diff)
			}
		})
	}
}

func TestNamespaceThatIsNotThere(t *testing.T) {
	_, err := keystore.Load(t.Context(), env.Client(t), "nowhere")
	if want := "Secret nowhere/" + keystore.SecretName; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error that names %s", err, want)
	}
}

func write(t *testing.T, namespace string, data map[string][]byte) {
	t.Helper()
	err := env.Client(t).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: keystore.SecretName}, Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func secret(t *testing.T, namespace string) *corev1.Secret {
	t.Helper()
	var s corev1.Secret
	if err := env.Client(t).Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: keystore.SecretName}, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}
