package pace

import (
	"context"
	"sync"
	"testing"
	"time"
)

// ampleResults are results for calls that need not wait.
func ampleResults() map[string]Result {
	known := Result{StatusCode: 200, Known: true, Limit: 1 << 30, Remaining: 1<<30 - 1}
	known.Date = time.Now().Truncate(time.Second)
	known.Reset = known.Date.Add(time.Minute)
	return map[string]Result{"headers": known, "no headers": {StatusCode: 200}}
}

// BenchmarkOne measures a call by one goroutine, relative to one time.Now and one
// uncontended mutex. The limit is 4.
func BenchmarkOne(b *testing.B) {
	for name, r := range ampleResults() {
		b.Run(name, func(b *testing.B) {
			beside(b, 1, clockAndMutex(), pacedCall(r))
		})
	}
}

// BenchmarkMany measures a call by 64 goroutines, relative to a mutex that all of them
// lock. The limit is 8.
func BenchmarkMany(b *testing.B) {
	var mu sync.Mutex
	n := 0
	yardstick := func(int) {
		mu.Lock()
		n++
		mu.Unlock()
	}
	for name, r := range ampleResults() {
		b.Run(name, func(b *testing.B) {
			beside(b, 64, yardstick, pacedCall(r))
		})
	}
}

// BenchmarkLearn is BenchmarkOne with a response that differs each time. The limit is
// 16.
func BenchmarkLearn(b *testing.B) {
	r := ampleResults()["headers"]
	r.Remaining = r.Limit / 4
	p := New()
	ctx := context.Background()
	beside(b, 1, clockAndMutex(), func(int) {
		if p.Acquire(ctx, Request{}) != nil {
			return
		}
		r := r
		r.Granted = time.Now()
		p.Observe(r)
	})
}

// BenchmarkQueue measures a waiter, from entering the queue until it leaves, in a queue
// of 4,000 relative to one of 1,000. The limit is 2.
func BenchmarkQueue(b *testing.B) {
	best := map[int]time.Duration{1000: 1 << 62, 4000: 1 << 62}
	for b.Loop() {
		for range 20 {
			for n := range best {
				best[n] = min(best[n], waitAndCancel(n)/time.Duration(n))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // the total of all slices is not meaningful
	b.ReportMetric(float64(best[1000].Nanoseconds()), "ns/waiter")
	b.ReportMetric(float64(best[4000])/float64(best[1000]), "times-at-4000")
}

func waitAndCancel(n int) time.Duration {
	p := New()
	for range 120 {
		p.window.own.add(int64(time.Since(p.start)), p.window.grain, false)
	}
	p.window.probing = false
	ctx, cancel := context.WithCancel(context.Background())
	waiters := make([]*waiter, n)
	start := time.Now()
	for i := range waiters {
		p.mu.Lock()
		waiters[i], _ = p.enqueue(ctx, Request{}, int64(time.Since(p.start)))
		p.mu.Unlock()
	}
	cancel()
	for _, w := range waiters {
		_ = p.stopWaiting(ctx, w)
	}
	return time.Since(start)
}

func clockAndMutex() func(int) {
	var mu sync.Mutex
	var last time.Time
	return func(int) {
		now := time.Now()
		mu.Lock()
		last = now
		mu.Unlock()
		_ = last
	}
}

// pacedCall is the overhead of pacing for a call that need not wait. The clock is read
// only once for 64 calls, because the transport reads it for each call anyway.
func pacedCall(r Result) func(i int) {
	p := New()
	ctx := context.Background()
	var granted [64]time.Time
	return func(i int) {
		g := &granted[i%64]
		if p.Acquire(ctx, Request{}) != nil {
			return
		}
		if i/64%64 == 0 {
			*g = time.Now()
		}
		r := r
		r.Granted = *g
		p.Observe(r)
	}
}

// beside alternates between both, so that load affects both, and reports the best time
// of each and their ratio.
func beside(b *testing.B, goroutines int, yardstick, subject func(i int)) {
	const slices, calls = 20, 64 * 1024
	best := [2]time.Duration{1 << 62, 1 << 62}
	for b.Loop() {
		for range slices {
			for i, f := range [2]func(int){yardstick, subject} {
				best[i] = min(best[i], spread(goroutines, calls, f))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // the total of all slices is not meaningful
	b.ReportMetric(float64(best[0].Nanoseconds())/calls, "yardstick-ns/call")
	b.ReportMetric(float64(best[1].Nanoseconds())/calls, "ns/call")
	b.ReportMetric(float64(best[1])/float64(best[0]), "times-yardstick")
}

// spread makes the calls from the given number of goroutines. A call's number modulo 64
// is the number of its goroutine.
func spread(goroutines, calls int, f func(i int)) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range calls / goroutines {
				f(64*i + g)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
