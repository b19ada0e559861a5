package pace

import (
	"context"
	"sync"
	"testing"
	"time"
)

// answers to calls that need not wait.
func ampleAnswers() map[string]Result {
	known := Result{StatusCode: 200, Known: true, Limit: 1 << 30, Remaining: 1<<30 - 1}
	known.Date = time.Now().Truncate(time.Second)
	known.Reset = known.Date.Add(time.Minute)
	return map[string]Result{"headers": known, "no headers": {StatusCode: 200}}
}

// BenchmarkOne measures a call by one goroutine against one time.Now and one
// uncontended mutex: at most 4 times that.
func BenchmarkOne(b *testing.B) {
	var mu sync.Mutex
	var last time.Time
	yardstick := func(int) {
		now := time.Now()
		mu.Lock()
		last = now
		mu.Unlock()
	}
	for name, r := range ampleAnswers() {
		b.Run(name, func(b *testing.B) {
			beside(b, 1, yardstick, pacedCall(r))
			_ = last
		})
	}
}

// BenchmarkMany measures a call by 64 goroutines against a mutex that all of
// them take: at most 4 times that.
func BenchmarkMany(b *testing.B) {
	var mu sync.Mutex
	n := 0
	yardstick := func(int) {
		mu.Lock()
		n++
		mu.Unlock()
	}
	for name, r := range ampleAnswers() {
		b.Run(name, func(b *testing.B) {
			beside(b, 64, yardstick, pacedCall(r))
		})
	}
}

// pacedCall is what a call costs that need not wait. The transport knows for
// its own use when it was granted, so the clock is read for 64 calls at once.
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

// beside runs both in turns, so that a busy machine slows both, and reports
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
	b.ReportMetric(0, "ns/op") // of all slices together: says nothing
	b.ReportMetric(float64(best[0].Nanoseconds())/calls, "yardstick-ns/call")
	b.ReportMetric(float64(best[1].Nanoseconds())/calls, "ns/call")
	b.ReportMetric(float64(best[1])/float64(best[0]), "times-yardstick")
}

// spread has so many goroutines make the calls; each call gets a number of
// which the remainder by 64 tells the goroutine.
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
