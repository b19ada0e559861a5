package agentotest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKnowledge(t *testing.T) {
	for _, kind := range []string{"agents", "swarms"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t)
			id, swarm := seeded(s.Service)
			if kind == "swarms" {
				id = swarm
			}
			path := "/v1/" + kind + "/" + id + "/knowledge"
			g := ask(t, s, "POST", path, `{"chunks":[{"content":"one","title":"T","source":"a.md","metadata":{"k":[1]}},
				{"content":"two"},{"content":"one"}]}`).want(201, "")
			require.EqualValues(t, []any{2.0, 1.0}, []any{g.at("data", "ingested"), g.at("data", "duplicates")})
			ids := g.at("data", "ids").([]any)
			require.Len(t, ids, 2)
			g = ask(t, s, "POST", path, `{"chunks":[{"content":"two","source":"b.md"},{"content":"three","source":"b.md"}]}`).want(201, "")
			require.EqualValues(t, []any{1.0, 1.0}, []any{g.at("data", "ingested"), g.at("data", "duplicates")})

			g = ask(t, s, "GET", path, "").want(200, "")
			require.Equal(t, []any{"three", "two", "one"}, g.column("content"))
			require.Equal(t, map[string]any{"k": []any{1.0}}, g.at("data", 2, "metadata"))
			require.Equal(t, []any{"one"}, ask(t, s, "GET", path+"?source=a.md", "").column("content"))
			require.Equal(t, []any{"two"}, ask(t, s, "GET", path+"?limit=1&offset=1", "").column("content"))
			require.Equal(t, Chunk{ID: ids[0].(string), Content: "one", Title: "T", Source: "a.md", Metadata: []byte(`{"k":[1]}`)}, s.Knowledge(id)[2])

			ask(t, s, "DELETE", path+"/"+ids[0].(string), "").want(204, "")
			ask(t, s, "DELETE", path+"/"+ids[0].(string), "").want(404, "chunk_not_found")
			g = ask(t, s, "POST", path, `{"chunks":[{"content":"one"}]}`)
			require.EqualValues(t, 1, g.at("data", "ingested"), "a deleted chunk can be added again")
		})
	}
}

func TestIngestInvalid(t *testing.T) {
	s := start(t)
	id, _ := seeded(s.Service)
	for body, message := range map[string]string{
		`{}`:                "chunks must contain at least one chunk",
		`{"chunks":[]}`:     "chunks must contain at least one chunk",
		`{"chunks":{}}`:     "chunks must be a list of objects",
		`{"chunks":["x"]}`:  "chunks must be a list of objects",
		`{"chunks":[null]}`: "chunks[0].content is required",
		`{"chunks":[{"content":"x"},{"content":" "}]}`:           "chunks[1].content is required",
		`{"chunks":[{"content":"x"},{"content":"y","title":1}]}`: "chunks[1].title must be a string",
		`{"chunks":[{"content":"x","metadata":[1]}]}`:            "chunks[0].metadata must be an object",
	} {
		g := ask(t, s, "POST", "/v1/agents/"+id+"/knowledge", body).want(400, "validation_error")
		require.Equal(t, message, g.text("error", "message"), body)
	}
	require.Empty(t, s.Knowledge(id))
	require.Len(t, s.AddKnowledge(id, Chunk{Content: "x"}, Chunk{Content: "x"}), 1)
}

// BenchmarkAddKnowledge reports the time per chunk in a knowledge base of 30,000 chunks
// relative to one of 3,000. The ratio is near 1 if the total time is linear.
func BenchmarkAddKnowledge(b *testing.B) {
	const few, many = 3_000, 30_000
	chunks := make([]Chunk, many)
	for i := range chunks {
		chunks[i].Content = fmt.Sprintf("fact number %d", i)
	}
	var perChunk [2]time.Duration
	for b.Loop() {
		for i, n := range []int{few, many} {
			for range many / n { // add the same number of chunks in both cases
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
