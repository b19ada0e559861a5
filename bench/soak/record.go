package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// told is what the SDK told its caller of a call or a stream.
type told string

const (
	success  told = "success"  // it took effect
	unknown  told = "unknown"  // it may have taken effect
	failure  told = "failure"  // it did not
	complete told = "complete" // the stream is complete
	lost     told = "lost"     // the stream is not, which its error says
	left     told = "left"     // the caller closed it
)

// record is a line from the load to the service, which keeps the books: what a
// caller was told, or what the service is to do next.
type record struct {
	Kind     kind
	Call     string `json:",omitempty"` // the id that its requests carried
	Told     told   `json:",omitempty"`
	Received int    `json:",omitempty"` // events of a chat, lines of a log
	Agent    string `json:",omitempty"` // of an edit or a log
	First    int    `json:",omitempty"` // line of a log,
	Last     int    `json:",omitempty"` // and the last one that came
	Lost     int    `json:",omitempty"` // lines that markers stand for
}

type kind string

const (
	aWrite   kind = "write"
	aChat    kind = "chat"
	anEdit   kind = "edit"
	aLog     kind = "log"
	beQuiet  kind = "quiet"  // no faults and no more lines
	closeAll kind = "close"  // end all log streams, until there are no more
	settle   kind = "settle" // end, and say what the books say
)

// courier writes records, from many goroutines.
type courier struct {
	mu sync.Mutex
	to *json.Encoder
}

func newCourier(to io.Writer) *courier { return &courier{to: json.NewEncoder(to)} }

func (c *courier) send(r record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.to.Encode(r); err != nil {
		return fmt.Errorf("the service's process has gone: %w", err)
	}
	return nil
}

// problems keeps what does not add up: all of it is counted, the first few are
// told.
type problems struct {
	Count int
	First []string
}

const mostProblems = 30

func (p *problems) add(format string, args ...any) {
	p.Count++
	if len(p.First) < mostProblems {
		p.First = append(p.First, fmt.Sprintf(format, args...))
	}
}

func (p *problems) merge(other problems) {
	p.Count += other.Count
	p.First = append(p.First, other.First[:min(len(other.First), mostProblems-len(p.First))]...)
}
