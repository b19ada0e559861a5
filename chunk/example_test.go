package chunk_test

import (
	"context"
	"fmt"
	"io"
	"strings"
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
			fmt.Println(err) // names the file; the iteration continues
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
	fmt.Println(result.Ingested, "chunks ingested")
	// Output:
	// faq.csv: Do you ship to Spain?
	// faq.csv: Do you ship to Chile?
	// guide.md: Guide > Returns
	// guide.md: Guide > Opening hours
	// 4 chunks ingested
}

func ExampleFromReader() {
	answers := strings.NewReader(`{"question": "Do you ship to Spain?", "answer": "Yes."}`)
	for c, err := range chunk.FromReader("https://example.com/faq.jsonl", answers) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Source, c.Title)
	}
	// Output:
	// https://example.com/faq.jsonl Do you ship to Spain?
}

// examples/cli/knowledge-import converts HTML in this way.
func ExampleConvert() {
	docs := fstest.MapFS{
		"guide.adoc": {Data: []byte("= Guide\n\nRead this first.\n")},
		"logo.png":   {Data: []byte("\x89PNG")},
	}
	asciiDoc := func(r io.Reader) (markdown string, err error) {
		text, err := io.ReadAll(r)
		return strings.Replace(string(text), "= ", "# ", 1), err
	}
	skipped := func(path string) { fmt.Println("skipped:", path) }
	for c, err := range chunk.FromFS(docs, chunk.Convert(".adoc", asciiDoc), chunk.Skipped(skipped)) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(c.Source, c.Title)
	}
	// Output:
	// guide.adoc Guide
	// skipped: logo.png
}
