package agento_test

import (
	"context"
	"fmt"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleKnowledgeService_Ingest() {
	server := agentotest.NewServer()
	defer server.Close()
	swarm := agento.ForSwarm(server.AddSwarm(agentotest.SwarmSeed{Name: "Shop"})) // or agento.ForAgent
	client := server.Client()
	ctx := context.Background()

	result, err := client.Knowledge.Ingest(ctx, swarm, agento.IngestParams{Chunks: []agento.ChunkParams{
		{Content: "We are open from 9 to 5.", Title: "Opening hours", Source: "faq"},
		{Content: "Returns take 14 days.", Source: "faq"},
		{Content: "We are open from 9 to 5.", Source: "website"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Ingested, "new,", result.Duplicates, "known already")

	for chunk, err := range client.Knowledge.All(ctx, swarm, &agento.KnowledgeListParams{Source: "faq"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("-", chunk.Content)
	}
	// Unordered output:
	// 2 new, 1 known already
	// - We are open from 9 to 5.
	// - Returns take 14 days.
}
