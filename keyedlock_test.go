package agento

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestKeyedLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l keyedLock[string]
		unlock, err := l.lock(t.Context(), "a")
		require.NoError(t, err)
		other, err := l.lock(t.Context(), "b")
		require.NoError(t, err, "another key is free")
		other()

		var order []int
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				unlock, err := l.lock(t.Context(), "a")
				if err != nil {
					return
				}
				order = append(order, i)
				unlock()
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			_, err := l.lock(ctx, "a")
			if err == nil {
				t.Error("got a lock that is held")
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.Empty(t, order)
		unlock()
		all.Wait()
		require.Equal(t, []int{0, 1, 2}, order)
		require.Empty(t, l.locks, "nothing is kept for keys that nobody uses")
	})
}
