package chunk_test

import (
	"context"
	"fmt"
	"testing/fstest"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/chunk"
)

func ExampleFromFS() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := agento.ForAgent(server.AddAgent(agentotest.AgentSeed{}))
	docs := fstest.MapFS{ // or os.DirFS("docs")
		"faq.csv":  {Data: []byte("question,answer\nDo you ship to Spain?,Yes.\nDo you ship to Chile?,Yes.\n")},
		"guide.md": {Data: []byte("# Guide\n\n## Returns\n\nSend it back within 14 days.\n\n## Opening hours\n\n9 to 5.\n")},
	}

	var chunks []agento.ChunkParams
	for c, err := range chunk.FromFS(docs) {
		if err != nil {
			fmt.Println(err) // names the file; the others go on
			continue
		}
		fmt.Printf("%s: %s\n", c.Source, c.Title)
		chunks = append(chunks, c)
	}
	result, err := server.Client().Knowledge.Ingest(context.Background(), agent, agento.IngestParams{Chunks: chunks}, agento.WithBulk(true))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Ingested, "chunks taken in")
	// Output:
	// faq.csv: Do you ship to Spain?
	// faq.csv: Do you ship to Chile?
	// guide.md: Guide > Returns
	// guide.md: Guide > Opening hours
	// 4 chunks taken in
}
