// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scimtest

import "encoding/json"

// Handler is a directory that somebody else serves, at base, for as long as anybody likes: it does not remember what it was asked.
// It is not to be closed.
func Handler(p Profile, base string) *Server {
	s := empty(p)
	s.base, s.forgets = base, true
	return s
}

// kept is what outlives a server. Passwords do not: nobody signs in.
type kept struct {
	Users, Groups keptStore
}

type keptStore struct {
	Made int
	All  []keptObject
}

type keptObject struct {
	ID      string
	Version int
	Data    map[string]any
}

// Save returns everything that the directory has, for Load.
func (s *Server) Save() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.MarshalIndent(kept{s.users.save(), s.groups.save()}, "", "  ")
}

// Load has the directory be as one was whose Save this is.
func (s *Server) Load(saved []byte) error {
	var k kept
	if err := json.Unmarshal(saved, &k); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users.load(k.Users)
	s.groups.load(k.Groups)
	return nil
}

func (st *store) save() keptStore {
	k := keptStore{Made: st.made}
	for _, o := range st.all {
		k.All = append(k.All, keptObject{o.id, o.version, o.data})
	}
	return k
}

func (st *store) load(k keptStore) {
	st.made, st.all = k.Made, nil
	for _, o := range k.All {
		st.all = append(st.all, &object{id: o.ID, version: o.Version, data: fromGo(o.Data)})
	}
}
