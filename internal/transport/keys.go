package transport

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/remsyshq/agento-go/internal/errs"
)

const (
	// maxKeys is the number of keys of a client that are remembered.
	maxKeys = 8
	// shortestKey is the minimum length of a key that is searched for in arguments.
	// A shorter one, such as a test's "key", would be found in unrelated text.
	shortestKey = 16
	// maxAsking limits concurrent calls of a key source.
	maxAsking = 64
)

// keys has the API keys of a client: the newest, which is sent, and earlier ones,
// which are still redacted.
type keys struct {
	source func(context.Context) (string, error) // nil: the key never changes
	asking chan struct{}                         // one element for each running call of source
	pacer  func() Pacer
	mu     sync.Mutex
	recent atomic.Pointer[recentKeys] // replaced, never modified
}

type recentKeys struct {
	newest []string   // the key to send, as a header value
	keys   []*usedKey // newest first
	forms  Redactor   // of all keys
}

// usedKey is a key and the pacer of its rate limit.
type usedKey struct {
	key   string
	pacer Pacer
}

func (k *keys) init(cfg Config) {
	k.source, k.pacer = cfg.KeySource, cfg.NewPacer
	k.asking = make(chan struct{}, maxAsking)
	k.recent.Store(new(recentKeys))
	if cfg.KeySource == nil {
		k.use(cfg.Key)
	}
}

// next returns the key for one attempt. A new key gets a new pacer, because each
// key has its own rate limit.
func (k *keys) next(ctx context.Context) (*usedKey, error) {
	if k.source == nil {
		return k.recent.Load().keys[0], nil
	}
	key, err := k.ask(ctx)
	if err == nil {
		err = CheckKey(key)
	}
	if err != nil {
		return nil, fmt.Errorf("key source: %w", err)
	}
	return k.use(key), nil
}

// ask calls the key source. It returns when ctx ends, even if the source does not.
func (k *keys) ask(ctx context.Context) (string, error) {
	select {
	case k.asking <- struct{}{}:
	case <-ctx.Done():
		return "", errs.Context(ctx)
	}
	type answer struct {
		key      string
		err      error
		panicked any
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("did not return")} // if source calls runtime.Goexit
		defer func() {
			a.panicked = recover()
			<-k.asking
			answered <- a
		}()
		a.key, a.err = k.source(ctx)
	}()
	select {
	case a := <-answered:
		if a.panicked != nil {
			panic(a.panicked) // on the caller's goroutine
		}
		return a.key, a.err
	case <-ctx.Done():
		return "", errs.Context(ctx)
	}
}

func (k *keys) use(key string) *usedKey {
	if recent := k.recent.Load().keys; len(recent) > 0 && recent[0].key == key {
		return recent[0]
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	newest := &usedKey{key: key}
	all := []*usedKey{newest}
	for _, other := range k.recent.Load().keys {
		if other.key == key {
			newest.pacer = other.pacer
		} else if len(all) < maxKeys {
			all = append(all, other)
		}
	}
	if newest.pacer == nil && k.pacer != nil {
		newest.pacer = k.pacer()
	}
	var values []string
	for _, one := range all {
		values = append(values, one.key)
	}
	k.recent.Store(&recentKeys{newest: []string{key}, keys: all, forms: formsOf(values...)})
	return newest
}

// HoldsKey reports whether text contains one of the client's keys.
func (t *Transport) HoldsKey(text string) bool {
	for _, one := range t.keys.recent.Load().keys {
		if HoldsKey(text, one.key) {
			return true
		}
	}
	return false
}

// HoldsKey reports whether text contains the key, if the key is long enough to tell.
func HoldsKey(text, key string) bool {
	return len(key) >= shortestKey && strings.Contains(text, key)
}

// CheckKey returns an error if a key cannot be a header value. The error does not
// contain the key.
func CheckKey(key string) error {
	if key == "" {
		return errors.New("API key is empty")
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c >= 0x7f {
			return errors.New("API key contains a space, a line break or another invalid character")
		}
	}
	return nil
}
