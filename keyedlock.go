package agento

import (
	"context"
	"sync"

	"github.com/remsyshq/agento-go/internal/errs"
)

// keyedLock is a lock for each key. Those who wait get it in the order in which
// they came. A key takes memory only while somebody holds it or waits for it. The
// zero value is ready for use.
type keyedLock[K comparable] struct {
	mu    sync.Mutex
	locks map[K]*sharedLock
}

// sharedLock is held by whoever has put a value into the channel.
type sharedLock struct {
	held  chan struct{}
	users int
}

// lock waits until the lock of a key is free, or the context ends.
func (l *keyedLock[K]) lock(ctx context.Context, key K) (unlock func(), err error) {
	one := l.enter(key)
	select {
	case one.held <- struct{}{}:
		return func() { <-one.held; l.leave(key, one) }, nil
	case <-ctx.Done():
		l.leave(key, one)
		return nil, errs.Context(ctx)
	}
}

func (l *keyedLock[K]) enter(key K) *sharedLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.locks[key]
	if one == nil {
		if l.locks == nil {
			l.locks = make(map[K]*sharedLock)
		}
		one = &sharedLock{held: make(chan struct{}, 1)}
		l.locks[key] = one
	}
	one.users++
	return one
}

func (l *keyedLock[K]) leave(key K, one *sharedLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(l.locks, key)
	}
}
