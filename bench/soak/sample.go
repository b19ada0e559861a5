package main

import (
	"math"
	"runtime"
	"time"
)

// sample is what the process holds while it is at rest.
type sample struct {
	At          time.Duration
	Heap        uint64 // bytes of what is alive after a collection
	Goroutines  int    // besides the workers
	Connections int
}

// settleFor bounds the wait for what is ending.
const settleFor = 5 * time.Second

// sample halts the load and looks at what is left.
func (l *load) sample(begun time.Time) sample {
	l.gate.Lock()
	defer l.gate.Unlock()
	waitFor(func() bool {
		for range l.streams.Load() {
			select {
			case l.halts <- halt{}:
			default: // it is just ending
			}
		}
		for _, t := range l.targets {
			t.client.CloseIdleConnections()
		}
		return l.streams.Load() == 0 && l.conns.Load() == 0
	})
	return sample{time.Since(begun), liveHeap(), runtime.NumGoroutine() - int(l.crew.Load()), int(l.conns.Load())}
}

// liveHeap is the least of some collections: what is just ending still holds
// memory at the first.
func liveHeap() uint64 {
	var m runtime.MemStats
	least := uint64(math.MaxUint64)
	for range 5 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		least = min(least, m.HeapAlloc)
		time.Sleep(20 * time.Millisecond)
	}
	return least
}

// waitFor waits until a condition holds, within bounds, and tells whether it does.
func waitFor(holds func() bool) bool {
	for end := time.Now().Add(settleFor); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

const (
	mostGrowth    = 1.10             // of the heap, from the first sample to the last
	warm          = 10 * time.Second // a first sample before that is no measure
	fewGoroutines = 2                // that are just ending
)

// flat compares the last sample with the first.
func flat(samples []sample, p *problems) {
	first, last := samples[0], samples[len(samples)-1]
	if growth := growth(samples); first.At >= warm && growth > mostGrowth {
		p.add("the heap has grown by the factor %.2f", growth)
	}
	if last.Goroutines > first.Goroutines+fewGoroutines {
		p.add("goroutines have grown from %d to %d", first.Goroutines, last.Goroutines)
	}
	for _, s := range samples {
		if s.Connections > 0 {
			p.add("%d connections at %v, with nothing under way", s.Connections, s.At.Round(time.Second))
		}
	}
}

func growth(samples []sample) float64 {
	return float64(samples[len(samples)-1].Heap) / float64(samples[0].Heap)
}
