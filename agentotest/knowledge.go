package agentotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// knowledge is what an agent or a swarm can look up.
type knowledge struct {
	chunks   []*chunk        // with ascending ids
	contents map[string]bool // of the chunks
}

type chunk struct {
	id, content   string
	title, source *string
	metadata      json.RawMessage
	created       time.Time
}

type chunkWire struct {
	ID        string          `json:"id"`
	Content   string          `json:"content"`
	Title     *string         `json:"title,omitempty"`
	Source    *string         `json:"source,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	CreatedAt wireTime        `json:"createdAt"`
}

func (k *chunk) show() any {
	return chunkWire{k.id, k.content, k.title, k.source, k.metadata, wireTime(k.created)}
}

type ingestWire struct {
	Ingested   int      `json:"ingested"`
	Duplicates int      `json:"duplicates"`
	IDs        []string `json:"ids"`
}

// add takes in a chunk whose content is not there yet.
func (k *knowledge) add(s *Service, one *chunk) (added bool) {
	if k.contents[one.content] {
		return false
	}
	if k.contents == nil {
		k.contents = map[string]bool{}
	}
	k.contents[one.content] = true
	one.id, one.created = s.state.id(kindChunk), s.now()
	k.chunks = append(k.chunks, one)
	return true
}

func (s *Service) agentKnowledge(c *call) (*knowledge, error) {
	a, err := s.agentOf(c)
	if err != nil {
		return nil, err
	}
	return &a.knowledge, nil
}

func (s *Service) swarmKnowledge(c *call) (*knowledge, error) {
	w, err := s.swarmOf(c)
	if err != nil {
		return nil, err
	}
	return &w.knowledge, nil
}

// knowledgeHandler makes the handler of an operation for one kind of target.
func knowledgeHandler(
	target func(*Service, *call) (*knowledge, error),
	operation func(*Service, *call, *knowledge) (answer, error),
) handler {
	return func(s *Service, c *call) (answer, error) {
		k, err := target(s, c)
		if err != nil {
			return answer{}, err
		}
		return operation(s, c, k)
	}
}

func (s *Service) ingest(c *call, k *knowledge) (answer, error) {
	f := fieldsOf(c.body)
	var chunks []*chunk
	for _, one := range f.objects("chunks") {
		chunks = append(chunks, one.chunk())
		if f.err == nil {
			f.err = one.err
		}
	}
	if len(chunks) == 0 {
		f.complain("%s is required: a list with at least one chunk", "chunks")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	out := ingestWire{IDs: []string{}}
	for _, one := range chunks {
		if k.add(s, one) {
			out.Ingested++
			out.IDs = append(out.IDs, one.id)
		} else {
			out.Duplicates++
		}
	}
	return created(out)
}

func (f *fields) chunk() *chunk {
	out := &chunk{content: f.required("content"), title: f.text("title").pointer(nil), source: f.text("source").pointer(nil)}
	if read[map[string]any](f, "metadata", "an object").set {
		out.metadata = f.raw["metadata"]
	}
	return out
}

func (s *Service) listKnowledge(c *call, k *knowledge) (answer, error) {
	source := c.query("source")
	return list(s, c, kept(k.chunks, func(one *chunk) bool {
		return source == "" || one.source != nil && *one.source == source
	}), (*chunk).show)
}

func (s *Service) deleteKnowledge(c *call, k *knowledge) (answer, error) {
	i, found := slices.BinarySearchFunc(k.chunks, c.values["chunkId"], func(one *chunk, id string) int {
		return strings.Compare(one.id, id)
	})
	if !found {
		return answer{}, notFound("chunk")
	}
	delete(k.contents, k.chunks[i].content)
	k.chunks = slices.Delete(k.chunks, i, i+1)
	return noContent()
}

// Chunk is an entry of a knowledge base.
type Chunk struct {
	ID, Content, Title, Source string
	Metadata                   json.RawMessage
}

// AddKnowledge puts chunks into the knowledge base of an agent or a swarm and
// returns the ids of those whose content is new. The chunks' own ids are not
// used. It panics if there is no agent or swarm of that id, or if metadata is not
// a JSON object.
func (s *Service) AddKnowledge(targetID string, chunks ...Chunk) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.mustKnowledge(targetID)
	rows := make([]*chunk, len(chunks))
	for i, one := range chunks {
		rows[i] = one.row()
	}
	var ids []string
	for _, row := range rows {
		if k.add(s, row) {
			ids = append(ids, row.id)
		}
	}
	return ids
}

// row panics if the chunk could not be sent to a client.
func (one Chunk) row() *chunk {
	var object map[string]json.RawMessage // nil for null
	if len(one.Metadata) > 0 && (json.Unmarshal(one.Metadata, &object) != nil || object == nil) {
		panic(fmt.Sprintf("agentotest: AddKnowledge: the metadata of chunk %.100q is not a JSON object: %.200q", one.Content, one.Metadata))
	}
	return &chunk{content: one.Content, title: optional(one.Title), source: optional(one.Source), metadata: bytes.Clone(one.Metadata)}
}

// Knowledge returns what an agent or a swarm knows, newest first. It panics if
// there is no agent or swarm of that id.
func (s *Service) Knowledge(targetID string) []Chunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestFirst(s.mustKnowledge(targetID).chunks, func(k *chunk) Chunk {
		out := Chunk{ID: k.id, Content: k.content, Metadata: bytes.Clone(k.metadata)}
		if k.title != nil {
			out.Title = *k.title
		}
		if k.source != nil {
			out.Source = *k.source
		}
		return out
	})
}

func (s *Service) mustKnowledge(targetID string) *knowledge {
	if a, err := s.agent(targetID); err == nil {
		return &a.knowledge
	}
	if w, err := s.swarm(targetID); err == nil {
		return &w.knowledge
	}
	panic(fmt.Sprintf("agentotest: there is no agent or swarm %q", targetID))
}
