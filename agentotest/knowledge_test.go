package agentotest

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkAddKnowledge reports how much more time a chunk takes in a knowledge base
// of 30,000 chunks than in one of 3,000: near 1 if the time is linear.
func BenchmarkAddKnowledge(b *testing.B) {
	const few, many = 3_000, 30_000
	chunks := make([]Chunk, many)
	for i := range chunks {
		chunks[i].Content = fmt.Sprintf("fact number %d", i)
	}
	var perChunk [2]time.Duration
	for b.Loop() {
		for i, n := range []int{few, many} {
			for range many / n { // the same number of chunks for both
				s := New()
				id := s.AddAgent(AgentSeed{})
				began := time.Now()
				for batch := range n / 100 {
					s.AddKnowledge(id, chunks[batch*100:batch*100+100]...)
				}
				perChunk[i] += time.Since(began)
			}
		}
	}
	b.ReportMetric(float64(perChunk[1])/float64(perChunk[0]), "ratio")
	b.ReportMetric(float64(perChunk[1])/float64(b.N*many), "ns/chunk")
}
