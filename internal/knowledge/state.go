package knowledge

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/wire"
)

// digest is a hash of a chunk's content, detailsDigest one of its source, title and
// metadata.
type (
	digest        [16]byte
	detailsDigest [8]byte
)

func digestOf(content string) digest {
	sum := sha256.Sum256([]byte(content))
	return digest(sum[:])
}

// details returns the detailsDigest of a chunk, or an error if its metadata cannot be
// encoded.
func (c *Chunk) details() (d detailsDigest, err error) {
	var metadata []byte
	if len(c.Metadata) > 0 {
		if metadata, err = canonical(c.Metadata); err != nil {
			return d, errs.Argument("Metadata", "cannot be sent as JSON: %v", err)
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %s", c.Source, c.Title, metadata))
	copy(d[:], sum[:])
	return d, nil
}

// canonical encodes metadata. Metadata that was sent and the same metadata as returned by
// a list have the same encoding.
func canonical(metadata map[string]any) ([]byte, error) {
	var sent struct {
		Metadata map[string]any `json:"metadata"`
	}
	sent.Metadata = metadata
	encoded, err := wire.Marshal(sent)
	if err != nil {
		return nil, err
	}
	sent.Metadata = nil
	if err := wire.Decode(encoded, &sent); err != nil {
		return nil, err
	}
	return json.Marshal(sent.Metadata)
}

// entry is a chunk without its text.
type entry struct {
	content digest
	details detailsDigest
	id      string // "" if unknown
	source  int32  // index in table.sources
	stored  bool   // in the knowledge base
	wanted  bool   // in the sequence given to Sync
}

// table contains the known chunks of a knowledge base, and of the sequence given to Sync.
type table struct {
	sources  []string
	bySource map[string]int32
	entries  []entry
	index    map[digest]int32 // content to the index of its first entry
}

func (t *table) source(name string) int32 {
	at, ok := t.bySource[name]
	if !ok {
		at = int32(len(t.sources))
		t.sources = append(t.sources, name)
		t.bySource[name] = at
	}
	return at
}

func (t *table) add(e entry) int32 {
	at := int32(len(t.entries))
	t.entries = append(t.entries, e)
	if _, known := t.index[e.content]; !known {
		t.index[e.content] = at
	}
	return at
}

func newTable(s State) *table {
	t := &table{bySource: make(map[string]int32), index: make(map[digest]int32, len(s.entries))}
	for _, name := range s.sources {
		t.source(name)
	}
	t.entries = make([]entry, 0, len(s.entries))
	for _, e := range s.entries {
		t.add(e)
	}
	return t
}

// state returns the stored entries. It reuses their memory, so the table cannot be used
// afterward.
func (t *table) state() State {
	s := State{entries: slices.DeleteFunc(t.entries, func(e entry) bool { return !e.stored })}
	used := make(map[int32]int32)
	for i := range s.entries {
		e := &s.entries[i]
		at, ok := used[e.source]
		if !ok {
			at = int32(len(s.sources))
			s.sources, used[e.source] = append(s.sources, t.sources[e.source]), at
		}
		e.source, e.wanted = at, false
	}
	return s
}

// State is the content of a knowledge base after a run. It is immutable.
type State struct {
	sources []string
	entries []entry
}

const version = 1

// MarshalJSON returns {"version":1,"sources":[…],"chunks":["digests source id",…]}.
func (s State) MarshalJSON() ([]byte, error) {
	sources, err := json.Marshal(append([]string{}, s.sources...))
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(sources)+80*len(s.entries)+64)
	b = fmt.Appendf(b, `{"version":%d,"sources":%s,"chunks":[`, version, sources)
	for i, e := range s.entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = base64.RawStdEncoding.AppendEncode(b, append(e.content[:], e.details[:]...))
		b = strconv.AppendInt(append(b, ' '), int64(e.source), 10)
		id, err := json.Marshal(e.id)
		if err != nil {
			return nil, err
		}
		b = append(append(b, ' '), id[1:]...) // with the closing quotation mark
	}
	return append(b, "]}"...), nil
}

// UnmarshalJSON decodes the output of MarshalJSON.
func (s *State) UnmarshalJSON(data []byte) error {
	var v struct{ Version int }
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("agento: not a state of Knowledge.Sync: %w", err)
	}
	if v.Version != version {
		return fmt.Errorf("agento: the state of Knowledge.Sync has version %d; this version of the SDK reads version %d", v.Version, version)
	}
	var all struct {
		Sources []string
		Chunks  []entry
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("agento: not a state of Knowledge.Sync: %w", err)
	}
	for i, e := range all.Chunks {
		if e.source < 0 || int(e.source) >= len(all.Sources) {
			return fmt.Errorf("agento: not a state of Knowledge.Sync: chunk %d has no source", i)
		}
	}
	s.sources, s.entries = all.Sources, all.Chunks
	return nil
}

// UnmarshalText decodes an element of chunks.
func (e *entry) UnmarshalText(text []byte) error {
	digests, rest, _ := bytes.Cut(text, []byte(" "))
	source, id, ok := bytes.Cut(rest, []byte(" "))
	raw, err := base64.RawStdEncoding.AppendDecode(nil, digests)
	at, problem := strconv.ParseInt(string(source), 10, 32)
	if !ok || err != nil || len(raw) != len(e.content)+len(e.details) || problem != nil {
		return fmt.Errorf("%q is not a chunk", errs.Line(string(text)))
	}
	*e = entry{content: digest(raw), details: detailsDigest(raw[len(e.content):]), source: int32(at), id: string(id), stored: true}
	return nil
}
