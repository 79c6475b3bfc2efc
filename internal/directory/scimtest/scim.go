// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package scimtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// store holds the accounts, or the groups.
type store struct {
	path, core, name string
	unique           bool
	all              []*object
	made             int
}

type object struct {
	id      string
	version int
	// from is the number of the request from which on it is shown.
	from int
	data map[string]any
}

func (o *object) etag() string { return fmt.Sprintf(`W/"%d"`, o.version) }

func (st *store) find(id string) *object {
	if i := slices.IndexFunc(st.all, func(o *object) bool { return o.id == id }); i >= 0 {
		return st.all[i]
	}
	return nil
}

func (st *store) add(data map[string]any, from int) *object {
	st.made++
	o := &object{id: fmt.Sprintf("%s-%d", strings.ToLower(st.path[1:2]), st.made), version: 1, from: from, data: data}
	st.all = append(st.all, o)
	return o
}

func (st *store) remove(id string) {
	st.all = slices.DeleteFunc(st.all, func(o *object) bool { return o.id == id })
}

// taken says that another has the name.
func (st *store) taken(id string, data map[string]any) bool {
	name, _ := data[st.name].(string)
	return st.unique && slices.ContainsFunc(st.all, func(o *object) bool {
		other, _ := o.data[st.name].(string)
		return o.id != id && strings.EqualFold(name, other)
	})
}

// problem is an answer that is an error.
type problem struct {
	status           int
	scimType, detail string
}

// carryOut does what a request asks for, whole.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name, secret, basic := r.BasicAuth()
	if !s.tokens[token] && !(basic && s.tokens[name+":"+secret]) {
		errorAnswer(http.StatusUnauthorized, "", "Who are you?")(w, r)
		return
	}
	if r.URL.Path == "/Bulk" && s.profile.Bulk > 0 {
		s.bulk(w, r)
		return
	}
	s.handle(w, r)
}

// bulk does what several requests ask for, until one fails.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Operations []struct {
			Method, Path, BulkID string
			Data                 json.RawMessage
		}
	}
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &asked); err != nil || len(asked.Operations) > s.profile.Bulk || len(raw) > maxBulk {
		errorAnswer(http.StatusRequestEntityTooLarge, "", "This is too much.")(w, r)
		return
	}
	var results []any
	for _, o := range asked.Operations {
		inner := r.Clone(r.Context())
		inner.Method, inner.URL.Path, inner.Body = o.Method, o.Path, io.NopCloser(bytes.NewReader(o.Data))
		recorder := httptest.NewRecorder()
		s.handle(recorder, inner)
		results = append(results, map[string]any{"method": o.Method, "bulkId": o.BulkID, "status": strconv.Itoa(recorder.Code)})
		if recorder.Code/100 != 2 {
			break
		}
	}
	reply(w, http.StatusOK, "", map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkResponse"}, "Operations": results})
}

// maxBulk is how many bytes it takes at once.
const maxBulk = 100_000

// handle does what one request asks for.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if described := s.describe(path); described != nil && s.profile.Discovery && r.Method == http.MethodGet {
		reply(w, http.StatusOK, "", described)
		return
	}
	for _, st := range []*store{s.users, s.groups} {
		id, below := strings.CutPrefix(path, st.path+"/")
		if path != st.path && !below {
			continue
		}
		if p := s.serve(w, r, st, id, below); p != nil {
			errorAnswer(p.status, p.scimType, p.detail)(w, r)
		}
		return
	}
	errorAnswer(http.StatusNotFound, "", "There is no such endpoint.")(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, st *store, id string, below bool) *problem {
	var body map[string]any
	if raw, _ := io.ReadAll(r.Body); len(raw) > 0 {
		var err error
		if body, err = decode(raw); err != nil {
			return &problem{400, "invalidSyntax", "This is not JSON."}
		}
	}
	switch {
	case below:
		return s.serveOne(w, r, st, id, body)
	case r.Method == http.MethodGet:
		return s.list(w, r, st)
	case r.Method == http.MethodPost:
		return s.post(w, st, canonical(body))
	}
	return &problem{405, "", "There is no such method here."}
}

func (s *Server) serveOne(w http.ResponseWriter, r *http.Request, st *store, id string, body map[string]any) *problem {
	o := st.find(id)
	if o == nil || s.arrived < o.from {
		return &problem{404, "", "There is no " + id + "."}
	}
	if match := r.Header.Get("If-Match"); s.profile.ETag && match != "" && match != o.etag() {
		return &problem{412, "", "It is " + o.etag() + " now."}
	}
	switch {
	case r.Method == http.MethodGet:
		s.show(w, http.StatusOK, st, o)
		return nil
	case r.Method == http.MethodPut:
		return s.replace(w, st, o, canonical(body))
	case r.Method == http.MethodPatch && s.profile.Patch:
		data := clone(o.data)
		if err := patch(data, body); err != nil {
			return err
		}
		return s.replace(w, st, o, data)
	case r.Method == http.MethodDelete:
		st.remove(id)
		delete(s.passwords, id)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return &problem{501, "", "This is not implemented."}
}

func (s *Server) post(w http.ResponseWriter, st *store, data map[string]any) *problem {
	if st.taken("", data) {
		return &problem{409, "uniqueness", "There is one already."}
	}
	secret, p := s.admit(st, data)
	if p != nil {
		return p
	}
	o := st.add(data, s.arrived+1+s.profile.Lag)
	if secret != nil {
		s.passwords[o.id] = *secret
	}
	w.Header().Set("Location", s.URL()+st.path+"/"+o.id)
	s.show(w, http.StatusCreated, st, o)
	return nil
}

// admit says what is wrong with what is to be kept, and takes the password out of it.
func (s *Server) admit(st *store, data map[string]any) (secret *string, p *problem) {
	if name, _ := data[st.name].(string); name == "" {
		return nil, &problem{400, "invalidValue", st.name + " is required."}
	}
	for _, name := range []string{"id", "meta", "schemas", "groups"} {
		delete(data, name)
	}
	if members, _ := data["members"].([]any); !s.profile.Nested {
		for _, m := range members {
			if entry, _ := m.(map[string]any); s.groups.find(fmt.Sprint(entry["value"])) != nil {
				return nil, &problem{400, "invalidValue", "Groups have accounts as members, and no groups."}
			}
		}
	}
	if given, ok := data["password"].(string); ok {
		uid, _ := data["externalId"].(string)
		if words := s.rejected[uid]; words != "" {
			return nil, &problem{400, "invalidValue", words}
		}
		secret = &given
	}
	delete(data, "password")
	if s.profile.IgnoreExternalID {
		delete(data, "externalId")
	}
	if !s.profile.Enterprise {
		delete(data, enterprise)
	}
	return secret, nil
}

func (s *Server) replace(w http.ResponseWriter, st *store, o *object, data map[string]any) *problem {
	if st.taken(o.id, data) {
		return &problem{409, "uniqueness", "There is one already."}
	}
	secret, p := s.admit(st, data)
	if p != nil {
		return p
	}
	if secret != nil {
		s.passwords[o.id] = *secret
	}
	o.data = data
	o.version++
	if s.profile.Terse {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s.show(w, http.StatusOK, st, o)
	return nil
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, st *store) *problem {
	matches, p := s.filter(r.URL.Query().Get("filter"))
	if p != nil {
		return p
	}
	var all []any
	for _, o := range st.all {
		if s.arrived >= o.from && matches(o) {
			shown := s.rendered(st, o)
			if s.profile.BriefLists {
				delete(shown, "members")
				delete(shown, "nickName")
			}
			all = append(all, shown)
		}
	}
	start, shown := s.onPage(r, all)
	said := map[string]any{"Resources": append([]any{}, shown...)}
	if !s.profile.Terse {
		said["schemas"] = []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}
		said["totalResults"], said["startIndex"], said["itemsPerPage"] = len(all), start, len(shown)
	}
	reply(w, http.StatusOK, "", said)
	return nil
}

// onPage are those on the page that is asked for, and the number of the first.
func (s *Server) onPage(r *http.Request, all []any) (start int, shown []any) {
	if s.profile.IgnorePaging {
		return 1, all
	}
	start, count := 1, len(all)
	if n, err := strconv.Atoi(r.URL.Query().Get("startIndex")); err == nil && !s.profile.IgnoreStart {
		start = max(n, 1)
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("count")); err == nil {
		count = max(n, 0)
	}
	if s.profile.MaxPage > 0 {
		count = min(count, s.profile.MaxPage)
	}
	return start, all[min(start-1, len(all)):min(start-1+count, len(all))]
}

func (s *Server) show(w http.ResponseWriter, status int, st *store, o *object) {
	etag := ""
	if s.profile.ETag {
		etag = o.etag()
	}
	reply(w, status, etag, s.rendered(st, o))
}

// rendered is what the server shows of something.
func (s *Server) rendered(st *store, o *object) map[string]any {
	data := clone(o.data)
	data["id"] = o.id
	if !s.profile.Terse {
		schemas := []any{st.core}
		if _, ok := data[enterprise]; ok {
			schemas = append(schemas, enterprise)
		}
		data["schemas"] = schemas
		meta := map[string]any{"resourceType": st.core[strings.LastIndexByte(st.core, ':')+1:], "location": s.URL() + st.path + "/" + o.id}
		if s.profile.ETag {
			meta["version"] = o.etag()
		}
		data["meta"] = meta
	}
	if s.profile.OtherCase {
		data, _ = otherCase(data).(map[string]any)
	}
	return data
}

func reply(w http.ResponseWriter, status int, etag string, body any) {
	w.Header().Set("Content-Type", "application/scim+json")
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// names are those of attributes that clients write, in their canonical case by the lower one.
var names = func() map[string]string {
	m := map[string]string{}
	for _, name := range strings.Fields("id schemas meta externalId userName displayName name givenName familyName title active emails phoneNumbers value type " +
		"primary display locale timezone roles entitlements password groups members employeeNumber manager nickName department") {
		m[strings.ToLower(name)] = name
	}
	return m
}()

// canonical gives attributes the case of the RFC.
func canonical(data map[string]any) map[string]any {
	changed, _ := renamed(data, func(k string) string {
		if name, ok := names[strings.ToLower(k)]; ok {
			return name
		}
		return k
	}).(map[string]any)
	return changed
}

// otherCase gives attributes that the server knows a case that nobody else has.
func otherCase(v any) any {
	return renamed(v, func(k string) string {
		if names[strings.ToLower(k)] == "" {
			return k
		}
		return strings.ToUpper(k[:1]) + strings.ToLower(k[1:])
	})
}

func renamed(v any, name func(string) string) any {
	switch v := v.(type) {
	case map[string]any:
		changed := map[string]any{}
		for k, inner := range v {
			changed[name(k)] = renamed(inner, name)
		}
		return changed
	case []any:
		changed := make([]any, len(v))
		for i := range v {
			changed[i] = renamed(v[i], name)
		}
		return changed
	}
	return v
}

// describe is what the server says of itself; nil where it says nothing.
func (s *Server) describe(path string) any {
	supported := func(yes bool) map[string]any { return map[string]any{"supported": yes} }
	list := func(resources ...any) map[string]any {
		return map[string]any{"totalResults": len(resources), "Resources": resources}
	}
	switch path {
	case "/ServiceProviderConfig":
		return map[string]any{
			"patch": supported(s.profile.Patch != s.profile.Lies), "etag": supported(s.profile.ETag), "changePassword": supported(true), "bulk": map[string]any{"supported": s.profile.Bulk > 0, "maxOperations": s.profile.Bulk, "maxPayloadSize": maxBulk},
			"sort": supported(false), "filter": map[string]any{"supported": s.profile.Filter != FilterNone, "maxResults": max(s.profile.MaxPage, 1)},
		}
	case "/ResourceTypes":
		extensions := []any{}
		if s.profile.Enterprise {
			extensions = append(extensions, map[string]any{"schema": enterprise, "required": false})
		}
		return list(
			map[string]any{"id": "User", "name": "User", "endpoint": "/Users", "schema": s.users.core, "schemaExtensions": extensions},
			map[string]any{"id": "Group", "name": "Group", "endpoint": "/Groups", "schema": s.groups.core},
		)
	case "/Schemas":
		all := []any{schema(s.users.core, "userName displayName name title active emails phoneNumbers locale timezone roles entitlements password"), schema(s.groups.core, "displayName")}
		all[1].(map[string]any)["attributes"] = append(all[1].(map[string]any)["attributes"].([]any), s.members())
		if s.profile.Enterprise {
			all = append(all, schema(enterprise, "employeeNumber manager department"))
		}
		return list(all...)
	}
	return nil
}

// members is the attribute of groups as RFC 7643 (8.7.1) has it.
func (s *Server) members() any {
	takes := []any{"User"}
	if s.profile.Nested {
		takes = append(takes, "Group")
	}
	return map[string]any{"name": "members", "mutability": "readWrite", "returned": "default", "subAttributes": []any{
		map[string]any{"name": "value"}, map[string]any{"name": "$ref", "referenceTypes": takes}, map[string]any{"name": "type", "canonicalValues": takes},
	}}
}

func schema(id, attributes string) map[string]any {
	var all []any
	for _, name := range strings.Fields(attributes) {
		returned := "default"
		if name == "password" {
			returned = "never"
		}
		all = append(all, map[string]any{"name": name, "mutability": "readWrite", "returned": returned})
	}
	return map[string]any{"id": id, "attributes": all}
}
