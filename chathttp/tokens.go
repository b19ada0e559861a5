package chathttp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// TokenKey is a secret that signs the session tokens of a [Handler]. Printing it
// shows only its ID.
type TokenKey struct {
	id     string
	secret func() []byte // a function, so that fmt cannot print the secret
}

const minTokenSecret = 32 // bytes

// NewTokenKey returns a key with a secret of at least 32 random bytes. The ID is
// at most 32 letters, digits, - and _. It is part of each token, so that keys can
// be rotated; see [Config].TokenKeys. [NewHandler] rejects an
// invalid key in TokenKeys; [Config].TokenKeysFunc is checked at each use.
func NewTokenKey(id string, secret []byte) TokenKey {
	own := bytes.Clone(secret)
	return TokenKey{id: id, secret: func() []byte { return own }}
}

// String returns the type and the key's ID.
func (k TokenKey) String() string { return "chathttp.TokenKey(" + k.id + ")" }

func (k TokenKey) check() error {
	switch {
	case k.secret == nil:
		return errs.Argument("TokenKeys", "contain a key that NewTokenKey did not return")
	case k.id == "" || len(k.id) > 32 || strings.Trim(k.id, tokenKeyIDCharacters) != "":
		return errs.Argument("TokenKeys", "contain an ID that is not 1 to 32 letters, digits, - and _")
	case len(k.secret()) < minTokenSecret:
		return errs.Argument("TokenKeys", "contain a secret of fewer than %d bytes: %s", minTokenSecret, k.id)
	}
	return nil
}

const tokenKeyIDCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// tokens issues and verifies session tokens. A token contains the session and
// proves that it was issued to one visitor for one agent.
type tokens struct {
	keys     []TokenKey
	lifetime time.Duration
}

// tokenSource returns a *tokens with the current keys.
type tokenSource func(context.Context) (*tokens, error)

// newTokenSource uses f if it is not nil, keys otherwise.
func newTokenSource(keys []TokenKey, f func(context.Context) ([]TokenKey, error), lifetime time.Duration) (tokenSource, error) {
	if f == nil {
		t, err := newTokens(keys, lifetime)
		return func(context.Context) (*tokens, error) { return t, nil }, err
	}
	if keys != nil {
		return nil, errs.Argument("TokenKeys", "are set together with TokenKeysFunc")
	}
	return func(ctx context.Context) (*tokens, error) {
		keys, err := f(ctx)
		if err != nil {
			return nil, fmt.Errorf("TokenKeysFunc: %w", err)
		}
		return newTokens(keys, lifetime)
	}, nil
}

func newTokens(keys []TokenKey, lifetime time.Duration) (*tokens, error) {
	if len(keys) == 0 {
		return nil, errs.Argument("TokenKeys", "are empty")
	}
	seen := map[string]bool{}
	for _, k := range keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		if seen[k.id] {
			return nil, errs.Argument("TokenKeys", "contain two keys with the ID %s", k.id)
		}
		seen[k.id] = true
	}
	return &tokens{keys: append([]TokenKey(nil), keys...), lifetime: lifetime}, nil
}

// issue returns a token for a session.
func (t *tokens) issue(now time.Time, agent, peer, session string) string {
	return t.keys[0].sign(now.Add(t.lifetime).Unix(), agent, peer, session)
}

// open returns the session of a token. It reports false unless the token was
// issued for this agent and visitor and has not expired.
func (t *tokens) open(now time.Time, agent, peer, token string) (session string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return "", false
	}
	key, known := t.key(parts[0])
	expires, err := strconv.ParseInt(parts[1], 10, 64)
	raw, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if !known || err != nil || err2 != nil {
		return "", false
	}
	// Compare the whole token: different base64 texts can decode to the same session.
	genuine := key.sign(expires, agent, peer, string(raw))
	if !hmac.Equal([]byte(genuine), []byte(token)) || now.Unix() >= expires {
		return "", false
	}
	return string(raw), true
}

func (t *tokens) key(id string) (TokenKey, bool) {
	for _, k := range t.keys {
		if k.id == id {
			return k, true
		}
	}
	return TokenKey{}, false
}

// sign returns a token: the key's ID, the expiry, the session, and a MAC over
// these, the agent and the visitor.
func (k TokenKey) sign(expires int64, agent, peer, session string) string {
	mac := hmac.New(sha256.New, k.secret())
	for _, field := range []string{"agento chat session 1", k.id, agent, peer, session} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		mac.Write(length[:])
		mac.Write([]byte(field))
	}
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(expires))
	mac.Write(at[:])
	encode := base64.RawURLEncoding.EncodeToString
	return strings.Join([]string{k.id, strconv.FormatInt(expires, 10), encode([]byte(session)), encode(mac.Sum(nil))}, ".")
}
