package pace

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChatsBesideBulk(t *testing.T) {
	const bulkCalls, ideal = 1200, 600 * time.Second // 110 a window leave room for 10 chats
	for _, m := range meanings {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(m)
				c := client{New(), s}
				stop := make(chan struct{})
				var waits []time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					for {
						select {
						case <-stop:
							return
						case <-time.After(6 * time.Second):
						}
						start := time.Now()
						if !noError(t, c.Acquire(context.Background(), Request{})) {
							return
						}
						waits = append(waits, time.Since(start))
						c.finish()
					}
				}()
				took, err := c.run(bulkCalls, 64, Request{Bulk: true})
				close(stop)
				<-done
				require.NoError(t, err)
				slices.Sort(waits)
				p99 := waits[len(waits)*99/100]
				_, refused := s.totals()
				t.Logf("bulk took %v (%.3f of its ideal), %d chats waited at most %v, p99 %v", took, took.Seconds()/ideal.Seconds(), len(waits), waits[len(waits)-1], p99)
				require.Zero(t, refused)
				require.LessOrEqual(t, took, ideal*115/100)
				require.LessOrEqual(t, p99, time.Second)
				require.Greater(t, len(waits), 95)
			})
		})
	}
}
