package agentotest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// Chunk is a chunk of a knowledge base.
type Chunk struct {
	ID, Content, Title, Source string
	Metadata                   json.RawMessage // a JSON object
}

// knowledge is the knowledge base of an agent or a swarm.
type knowledge struct {
	chunks   []*chunk        // in order of ID
	contents map[string]bool // contents of the chunks
}

type chunk struct {
	Chunk
	created time.Time
}

func (k *chunk) wire() any {
	return objectOf[agento.Chunk](object{
		"ID": k.ID, "Content": k.Content, "Title": orNull(k.Title), "Source": orNull(k.Source),
		"Metadata": k.Metadata, "CreatedAt": wireTime(k.created),
	})
}

var (
	agentKnowledge = part(agentOf, func(a *agent) *knowledge { return &a.knowledge })
	swarmKnowledge = part(swarmOf, func(w *swarm) *knowledge { return &w.knowledge })
)

// add adds the chunks with new content and returns their IDs.
func (k *knowledge) add(s *Service, chunks []Chunk) []string {
	if k.contents == nil {
		k.contents = map[string]bool{}
	}
	ids := []string{}
	for _, one := range chunks {
		if k.contents[one.Content] {
			continue
		}
		k.contents[one.Content] = true
		one.ID = s.newID(kindChunk)
		k.chunks = append(k.chunks, &chunk{one, s.now()})
		ids = append(ids, one.ID)
	}
	return ids
}

func ingest(c *call, k *knowledge) (response, error) {
	f := fieldsOf[agento.IngestParams](c)
	var chunks []Chunk
	for _, one := range objects[agento.ChunkParams](f, "Chunks") {
		chunks = append(chunks, one.chunk())
		if f.err == nil {
			f.err = one.err
		}
	}
	if len(chunks) == 0 {
		f.fail("Chunks", "must contain at least one chunk")
	}
	if f.err != nil {
		return response{}, f.err
	}
	ids := k.add(c.service, chunks)
	return created(objectOf[agento.IngestResult](object{"Ingested": len(ids), "Duplicates": len(chunks) - len(ids), "IDs": ids}))
}

func (f *fields) chunk() Chunk {
	out := Chunk{Content: f.required("Content"), Title: f.text("Title").value, Source: f.text("Source").value}
	if read[map[string]any](f, "Metadata", "an object").set {
		out.Metadata = f.raw[f.name("Metadata")]
	}
	return out
}

func listKnowledge(c *call, k *knowledge) (response, error) {
	source := c.query(jsonname.Of[agento.Chunk]("Source"))
	if source == "" {
		return list(c, k.chunks)
	}
	return list(c, filter(k.chunks, func(one *chunk) bool { return one.Source == source }))
}

func deleteChunk(c *call, k *knowledge) (response, error) {
	i, found := slices.BinarySearchFunc(k.chunks, c.values["chunkId"], func(one *chunk, id string) int {
		return strings.Compare(one.ID, id)
	})
	if !found {
		return response{}, notFound("chunk")
	}
	delete(k.contents, k.chunks[i].Content)
	k.chunks = slices.Delete(k.chunks, i, i+1)
	return noContent()
}

// AddKnowledge adds chunks to the knowledge base of an agent or a swarm. It skips chunks
// whose content is already there and returns the IDs of the others. It ignores the IDs
// in chunks. It panics if there is no agent or swarm with that ID.
func (s *Service) AddKnowledge(targetID string, chunks ...Chunk) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mustKnowledge(targetID).add(s, chunks)
}

// Knowledge returns the chunks of an agent or a swarm, newest first. It panics if there
// is no agent or swarm with that ID.
func (s *Service) Knowledge(targetID string) []Chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.mustKnowledge(targetID).chunks, func(k *chunk) Chunk { return k.Chunk })
}

func (s *Service) mustKnowledge(targetID string) *knowledge {
	for _, account := range s.accounts {
		if a, err := account.agent(targetID); err == nil {
			return &a.knowledge
		}
		if w, err := account.swarm(targetID); err == nil {
			return &w.knowledge
		}
	}
	panic(fmt.Sprintf("agentotest: no agent or swarm %q", targetID))
}
