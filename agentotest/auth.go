package agentotest

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"

	"github.com/remsyshq/agento-go/internal/route"
)

// AddKey makes up one more API key that has the given scopes and no others.
func (s *Service) AddKey(scopes ...string) string {
	key := newKey()
	s.keys.add(key, scopes)
	return key
}

// RevokeKey makes every later request with the key fail with 401.
func (s *Service) RevokeKey(key string) { s.keys.revoke(key) }

// newKey returns a key of the documented form.
func newKey() string {
	digits := make([]byte, 16)
	_, _ = rand.Read(digits) // never fails
	return "ak_live_" + hex.EncodeToString(digits)
}

// AllScopes returns every scope that an operation of the API needs, for
// [WithKey] and [Service.AddKey].
func AllScopes() []string {
	var scopes []string
	for _, r := range route.All() {
		if r.Scope != route.NoScope {
			scopes = append(scopes, string(r.Scope))
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

type keyring struct {
	mu   sync.Mutex
	keys map[string]*apiKey
}

type apiKey struct {
	scopes []string
	budget budget
}

func (k *keyring) add(key string, scopes []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]*apiKey{}
	}
	k.keys[key] = &apiKey{scopes: slices.Clone(scopes)}
}

func (k *keyring) revoke(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, key)
}

func (k *keyring) check(key string) (*apiKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.keys[key]
	switch {
	case key == "":
		return nil, unauthorized("the X-Api-Key header is missing")
	case found == nil:
		return nil, unauthorized("the API key is invalid, expired or revoked")
	}
	return found, nil
}

func unauthorized(message string) error {
	return &apiError{status: http.StatusUnauthorized, code: "unauthorized", message: message}
}

// allows tells whether the key may do an operation; nil is a path that has none.
func (k *apiKey) allows(r *route.Route) error {
	if r == nil || r.Scope == route.NoScope || slices.Contains(k.scopes, string(r.Scope)) {
		return nil
	}
	return forbidden("the API key lacks the scope %s", r.Scope)
}
