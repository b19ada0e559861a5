package redispacer

import (
	"context"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remsyshq/agento-go"
)

// trips counts the commands that a client sends to Redis.
type trips struct{ n atomic.Int64 }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// BenchmarkAcquire compares a call that need not wait with a PING, with Redis on loopback.
func BenchmarkAcquire(b *testing.B) {
	client := connectTo(b, startRedis(b))
	s := &service{limit: 100000, window: time.Minute}
	p := newTestPacer(b, client, WithTimeout(time.Second))
	call := func() error { return p.Acquire(b.Context(), agento.PaceRequest{}) }
	b.Run("ping", func(b *testing.B) {
		times(b, client, func() error { return client.Ping(b.Context()).Err() })
	})
	for range 3 {
		if err := call(); err != nil {
			b.Fatal(err)
		}
		p.Observe(s.call())
	}
	b.Run("acquire", func(b *testing.B) {
		times(b, client, func() error {
			err := call()
			p.Observe(agento.PaceResult{Granted: time.Now(), StatusCode: 200, RateLimit: agento.RateLimit{Limit: 100000, Remaining: 99000, Known: true}})
			return err
		})
	})
}

func times(b *testing.B, client *redis.Client, call func() error) {
	var count trips
	client.AddHook(&count)
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		begun := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(count.n.Load())/float64(len(took)), "trips/op")
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}
