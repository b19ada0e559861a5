package pace

import (
	"context"
	"sync"
	"testing"
	"time"
)

// ampleResults are results of calls that need not wait.
func ampleResults() map[string]Result {
	known := Result{StatusCode: 200, Known: true, Limit: 1 << 30, Remaining: 1<<30 - 1}
	known.Date = time.Now().Truncate(time.Second)
	known.Reset = known.Date.Add(time.Minute)
	return map[string]Result{"headers": known, "no headers": {StatusCode: 200}}
}

// BenchmarkOne measures a call by one goroutine against one time.Now and one
// uncontended mutex: at most 4 times that.
func BenchmarkOne(b *testing.B) {
	for name, r := range ampleResults() {
		b.Run(name, func(b *testing.B) {
			beside(b, 1, clockAndMutex(), pacedCall(r))
		})
	}
}

// BenchmarkMany measures a call by 64 goroutines against a mutex that all of
// them take: at most 8 times that.
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

// BenchmarkLearn is BenchmarkOne where each response says something new: at most
// 16 times the yardstick.
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

// BenchmarkQueue measures a waiter, from entering the queue until it gives up, in
// a queue of 4,000 against one in a queue of 1,000: at most twice that.
func BenchmarkQueue(b *testing.B) {
	best := map[int]time.Duration{1000: 1 << 62, 4000: 1 << 62}
	for b.Loop() {
		for range 20 {
			for n := range best {
				best[n] = min(best[n], waitAndGiveUp(n)/time.Duration(n))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of all slices together, which says nothing
	b.ReportMetric(float64(best[1000].Nanoseconds()), "ns/waiter")
	b.ReportMetric(float64(best[4000])/float64(best[1000]), "times-at-4000")
}

func waitAndGiveUp(n int) time.Duration {
	p := New()
	for range 120 {
		p.window.grant(p.now(), false)
	}
	p.window.probing = false
	ctx, cancel := context.WithCancel(context.Background())
	waiters := make([]*waiter, n)
	start := time.Now()
	for i := range waiters {
		p.mu.Lock()
		waiters[i], _ = p.enqueue(ctx, Request{}, p.now())
		p.mu.Unlock()
	}
	cancel()
	for _, w := range waiters {
		_ = p.giveUp(ctx, w)
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

// pacedCall is what pacing adds to a call that need not wait. The transport reads
// the clock for its own use when the call is granted, so it is read for 64 calls
// at once here.
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

// beside alternates between both, so that a busy machine slows both, and reports
// the best of each and their ratio.
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
	b.ReportMetric(0, "ns/op") // of all slices together, which says nothing
	b.ReportMetric(float64(best[0].Nanoseconds())/calls, "yardstick-ns/call")
	b.ReportMetric(float64(best[1].Nanoseconds())/calls, "ns/call")
	b.ReportMetric(float64(best[1])/float64(best[0]), "times-yardstick")
}

// spread has so many goroutines make the calls. The remainder by 64 of a call's
// number is the number of its goroutine.
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
