package redispacer

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// replicaGroup is a number of replicas that share a key through one Redis, in virtual time.
type replicaGroup struct {
	service  *service
	redis    *virtualRedis
	replicas int
	each     int           // callers of a replica
	until    time.Duration // when the last call may begin
	via      func() *Pacer // nil: a Pacer on redis

	mu     sync.Mutex
	begun  time.Time
	took   time.Duration
	done   []int // calls of each replica
	waits  map[bool][]time.Duration
	steady map[bool]int // calls after the first two windows and before the end
}

func (c *replicaGroup) pacer() *Pacer {
	if c.via != nil {
		return c.via()
	}
	return onVirtual(c.redis, 2*time.Millisecond)
}

// call makes one call, and retries a 429 as the SDK does.
func (c *replicaGroup) call(ctx context.Context, p *Pacer, replica int, bulk bool) error {
	for {
		asked := time.Now()
		if err := p.Acquire(ctx, agento.PaceRequest{Bulk: bulk}); err != nil {
			return err
		}
		waited := time.Since(asked)
		r := c.service.call()
		p.Observe(r)
		if r.StatusCode == 200 {
			c.mu.Lock()
			c.done[replica]++
			c.waits[bulk] = append(c.waits[bulk], waited)
			if at := time.Since(c.begun); at > 2*c.service.window && at < c.until {
				c.steady[bulk]++
			}
			c.mu.Unlock()
			return nil
		}
	}
}

// run makes calls from all callers until the time is over. The first bulks replicas
// make bulk calls.
func (c *replicaGroup) run(t *testing.T, bulks int) {
	c.done, c.waits, c.steady = make([]int, c.replicas), make(map[bool][]time.Duration), make(map[bool]int)
	c.begun = time.Now()
	var all sync.WaitGroup
	for i := range c.replicas {
		p := c.pacer()
		for range c.each {
			all.Go(func() {
				for time.Since(c.begun) < c.until {
					if err := c.call(t.Context(), p, i, i < bulks); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	c.took = time.Since(c.begun)
	time.Sleep(time.Second) // reports in the background
}

func (c *replicaGroup) total() (n int) {
	for _, k := range c.done {
		n += k
	}
	return n
}

func TestHundredReplicas(t *testing.T) {
	for name, fixed := range map[string]bool{"sliding": false, "fixed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &replicaGroup{
					service: &service{limit: 120, window: time.Minute, fixed: fixed, delay: 100 * time.Millisecond},
					redis:   newVirtualRedis(), replicas: 100, each: 4, until: 20 * time.Minute,
				}
				c.run(t, 0)
				took := c.took
				ideal := time.Duration((c.total()-1)/120) * time.Minute
				least, most := slices.Min(c.done), slices.Max(c.done)
				longest := slices.Max(c.waits[false])
				t.Logf("%d calls of %d to %d a replica in %v, ideal %v (%.3f); longest wait %v; %d 429s; %.2f trips a call",
					c.total(), least, most, took, ideal, took.Seconds()/ideal.Seconds(), longest, c.service.limited,
					float64(c.redis.inspect().takes+c.redis.inspect().reports)/float64(c.total()))
				require.Zero(t, c.service.limited)
				require.LessOrEqual(t, most-least, 3*c.each) // the order of the first and last calls is random
				require.LessOrEqual(t, took.Seconds(), 1.03*ideal.Seconds())
				require.LessOrEqual(t, longest, 4*time.Minute+15*time.Second) // 400 callers, 120 a minute
			})
		})
	}
}

func TestChatAheadOfBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &replicaGroup{
			service: &service{limit: 120, window: time.Minute, delay: 100 * time.Millisecond},
			redis:   newVirtualRedis(), replicas: 20, each: 8, until: 10 * time.Minute,
		}
		chats := onVirtual(c.redis, 2*time.Millisecond)
		var waits []time.Duration
		var all sync.WaitGroup
		all.Go(func() { // ten chats a minute, next to 160 bulk callers
			for range 100 {
				time.Sleep(6 * time.Second)
				asked := time.Now()
				if err := chats.Acquire(t.Context(), agento.PaceRequest{}); err != nil {
					t.Error(err)
				}
				waits = append(waits, time.Since(asked))
				chats.Observe(c.service.call())
			}
		})
		c.run(t, c.replicas)
		all.Wait()
		slices.Sort(waits)
		t.Logf("chats: p50 %v, p99 %v; bulk: %d calls; %d 429s", waits[50], waits[98], c.total(), c.service.limited)
		require.Zero(t, c.service.limited)
		require.LessOrEqual(t, waits[98], time.Second)
		require.GreaterOrEqual(t, c.total(), 9*106) // nine tenths of the limit, minus the lag
	})
}

func TestBulkNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &replicaGroup{
			service: &service{limit: 120, window: time.Minute, delay: 100 * time.Millisecond},
			redis:   newVirtualRedis(), replicas: 20, each: 10, until: 10 * time.Minute,
		}
		c.run(t, c.replicas/2)
		chats, bulks := c.steady[false], c.steady[true]
		t.Logf("%d chats, %d bulk calls; %d 429s", chats, bulks, c.service.limited)
		require.Zero(t, c.service.limited)
		require.InDelta(t, 0.2, float64(bulks)/float64(chats+bulks), 0.03) // every fifth request
	})
}

// TestOtherClients adds a client without Redis that sends forty requests a minute.
func TestOtherClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &replicaGroup{
			service: &service{limit: 120, window: time.Minute, delay: 100 * time.Millisecond},
			redis:   newVirtualRedis(), replicas: 10, each: 20, until: 20 * time.Minute,
		}
		var all sync.WaitGroup
		theirs, denied := 0, 0
		all.Go(func() {
			for range 40 * 20 {
				time.Sleep(1500 * time.Millisecond)
				if c.service.call().StatusCode == 200 {
					theirs++
				} else {
					denied++
				}
			}
		})
		c.run(t, 0)
		all.Wait()
		took, ours := c.took, c.total()
		limited := c.service.limited - denied
		t.Logf("%d calls of ours, %d of 800 of theirs in %v; %d 429s of ours", ours, theirs, took, limited)
		require.LessOrEqual(t, float64(limited), 0.02*float64(ours))
		require.GreaterOrEqual(t, float64(ours), 0.9*80*took.Minutes())
		require.Positive(t, theirs)
	})
}

func TestRedisLosesKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &replicaGroup{
			service: &service{limit: 120, window: time.Minute, delay: 100 * time.Millisecond},
			redis:   newVirtualRedis(), replicas: 10, each: 20, until: 10 * time.Minute,
		}
		for _, at := range []time.Duration{150 * time.Second, 200 * time.Second, 301 * time.Second} {
			time.AfterFunc(at, c.redis.deleteKeys)
		}
		c.run(t, 0)
		t.Logf("%d calls in %v; %d 429s", c.total(), c.took, c.service.limited)
		require.LessOrEqual(t, c.service.limited, 3) // probes
		require.GreaterOrEqual(t, float64(c.total()), 0.8*120*c.took.Minutes())
	})
}
