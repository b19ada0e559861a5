package wait

import (
	"context"
	"sync"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Locks has a lock for each key. The zero value is ready for use.
type Locks struct{ locks sync.Map } // key to chan struct{}

// Lock waits for the lock of a key, or until ctx ends.
func (l *Locks) Lock(ctx context.Context, key any) (unlock func(), err error) {
	value, _ := l.locks.LoadOrStore(key, make(chan struct{}, 1))
	held := value.(chan struct{})
	select {
	case held <- struct{}{}:
		return func() { <-held }, nil
	case <-ctx.Done():
		return nil, errs.Context(ctx)
	}
}
