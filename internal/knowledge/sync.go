// Package knowledge synchronizes a knowledge base with a sequence of chunks. It does not
// keep the text of chunks, so the sequence may be larger than memory.
package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

const (
	batchChunks = 100
	batchBytes  = 256 << 10
	attempts    = 4  // for a batch whose response is lost
	maxErrors   = 20 // of a sequence that are reported
)

// PageSize is the number of chunks in a page of a list.
const PageSize = 100

// Chunk is an element of a sequence.
type Chunk struct {
	Content  string
	Title    string
	Source   string
	Metadata map[string]any
}

// Stored is a chunk of the knowledge base.
type Stored struct {
	ID        string
	Content   string
	Title     string
	Source    string
	Metadata  map[string]any
	CreatedAt time.Time
}

func (s *Stored) entry() entry {
	c := Chunk{Title: s.Title, Source: s.Source, Metadata: s.Metadata}
	details, _ := c.details() // cannot fail: the chunk was decoded from JSON
	return entry{content: digestOf(s.Content), details: details, id: s.ID, stored: true}
}

// check returns the details of a chunk, or an error if it cannot be sent.
func (c *Chunk) check() (detailsDigest, error) {
	if c.Content == "" {
		return detailsDigest{}, errs.Argument("Content", "is empty")
	}
	for _, field := range [...][2]string{{"Content", c.Content}, {"Title", c.Title}, {"Source", c.Source}} {
		if err := wire.Text(field[0], field[1]); err != nil {
			return detailsDigest{}, err
		}
	}
	return c.details()
}

// Service contains the operations of a knowledge base.
type Service struct {
	// Ingest returns the IDs of the added chunks, and the number of chunks that were not
	// added because the knowledge base has their content.
	Ingest func(chunks []Chunk) (ids []string, duplicates int, err error)
	// List calls row for each chunk of a source, or of all sources if source is empty.
	List func(source string, row func(Stored)) error
	// First returns the number of chunks and the first chunk of a list.
	First  func() (total int, first Stored, err error)
	Delete func(id string) error
}

// Report counts the results of a run.
type Report struct {
	Listed, Chunks, Unchanged, Added, Replaced, Duplicates, Deleted, Failed int
}

// Run is one synchronization. Call Start, then Add for each element of the sequence, then
// End, then State.
type Run struct {
	Service  Service
	DryRun   bool
	Progress func() // called as the run proceeds, if not nil
	Report   Report

	*table
	elements   int
	batch      []item
	bytes      int            // size of the contents in the batch
	failed     map[int32]bool // sources with an error, whose chunks are kept
	keepAll    bool           // an error had no source
	dropped    int            // sent chunks that the service dropped as duplicates
	incomplete error          // error of the listing
	errors     []error        // errors of the sequence
}

// item is a chunk of the batch.
type item struct {
	Chunk
	at       int32 // index in table.entries
	source   int32
	details  detailsDigest
	replaces bool
}

// Start reads the content of the knowledge base. It uses the old state if the number of
// stored chunks and the first of them match it. Otherwise it lists all chunks.
func (r *Run) Start(old State) error {
	r.failed = make(map[int32]bool)
	if len(old.entries) > 0 {
		r.table = newTable(old)
		if ok, err := r.matches(); err != nil || ok {
			return err
		}
	}
	r.table = newTable(State{})
	err := r.Service.List("", func(c Stored) {
		e := c.entry()
		e.source = r.source(c.Source)
		r.add(e)
		if r.Report.Listed++; r.Report.Listed%PageSize == 0 {
			r.progress()
		}
	})
	if errors.Is(err, errs.ErrListIncomplete) {
		r.incomplete, err = err, nil
	}
	if err == nil {
		r.progress()
	}
	return err
}

// matches reports whether the old state matches the knowledge base.
func (r *Run) matches() (bool, error) {
	total, first, err := r.Service.First()
	if err != nil {
		return false, err
	}
	r.progress()
	now := first.entry()
	at, found := r.index[now.content]
	old := r.entries[at]
	return total == len(r.entries) && found && old.details == now.details && (old.id == "" || old.id == now.id), nil
}

func (r *Run) progress() {
	if r.Progress != nil {
		r.Progress()
	}
}

// State returns the known content of the knowledge base. The run cannot be used afterward.
func (r *Run) State() State { return r.state() }

// Add adds the next element of the sequence, a chunk or an error. If Add returns an error,
// the run ends.
func (r *Run) Add(ctx context.Context, c Chunk, err error) error {
	if ctx.Err() != nil {
		return errs.Context(ctx)
	}
	r.elements++
	var details detailsDigest
	if err == nil {
		if details, err = c.check(); err != nil {
			err = fmt.Errorf("%w (index %d of the sequence, source %q)", err, r.elements-1, errs.Line(c.Source))
		}
	}
	if err != nil {
		r.fail(c.Source, err)
		return nil
	}
	r.Report.Chunks++
	source, content := r.source(c.Source), digestOf(c.Content)
	at, found := r.index[content]
	switch {
	case !found:
		at = r.add(entry{content: content, source: source})
	case r.entries[at].wanted:
		r.Report.Duplicates++
		return nil
	case r.entries[at].details == details:
		r.entries[at].wanted = true
		r.Report.Unchanged++
		return nil
	}
	r.entries[at].wanted = true
	if len(r.batch) == batchChunks || len(r.batch) > 0 && r.bytes+len(c.Content) > batchBytes {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	c.Content = strings.Clone(c.Content) // it may be a substring of a large file
	r.batch = append(r.batch, item{c, at, source, details, found})
	r.bytes += len(c.Content)
	return nil
}

func (r *Run) fail(source string, err error) {
	r.Report.Failed++
	if len(r.errors) < maxErrors {
		r.errors = append(r.errors, err)
	}
	if source == "" {
		r.keepAll = true
	} else {
		r.failed[r.source(source)] = true
	}
}

// keeps reports whether to keep the stored chunk that an item would replace: the
// chunk's source has failed, or an error had no source and the item has another source.
func (r *Run) keeps(it item) bool {
	e := &r.entries[it.at]
	keeps := it.replaces && (r.failed[e.source] || r.keepAll && e.source != it.source)
	if keeps {
		r.Report.Duplicates++
	}
	return keeps
}

// flush sends the batch.
func (r *Run) flush(ctx context.Context) error {
	batch := slices.DeleteFunc(r.batch, r.keeps)
	r.batch, r.bytes = r.batch[:0], 0
	if len(batch) == 0 {
		return nil
	}
	var ids []string
	if !r.DryRun {
		var err error
		if ids, err = r.send(ctx, batch); err != nil {
			return err
		}
	}
	for i, it := range batch {
		if it.replaces {
			r.Report.Replaced++
		} else {
			r.Report.Added++
		}
		if r.DryRun {
			continue
		}
		e := &r.entries[it.at]
		e.source, e.details, e.stored = it.source, it.details, true
		if len(ids) == len(batch) {
			e.id = ids[i]
		}
	}
	if !r.DryRun {
		r.progress()
	}
	return nil
}

// send sends a batch and returns the IDs, if the service returns them. It first deletes
// the chunks that the batch replaces: the service drops chunks whose content it has.
func (r *Run) send(ctx context.Context, batch []item) ([]string, error) {
	var chunks []Chunk
	for _, it := range batch {
		if it.replaces {
			if err := r.remove(it.at); err != nil {
				return nil, err
			}
			r.progress()
		}
		chunks = append(chunks, it.Chunk)
	}
	for attempt := 1; ; attempt++ {
		ids, duplicates, err := r.Service.Ingest(chunks)
		switch {
		case err == nil:
			if attempt == 1 {
				r.dropped += duplicates
			}
			return ids, nil
		case !errors.Is(err, errs.ErrOutcomeUnknown) || attempt == attempts || !wait.Sleep(ctx, time.Duration(attempt)*time.Second):
			first, last := batch[0].Source, batch[len(batch)-1].Source
			return nil, fmt.Errorf("%w (%d chunks, from source %q to %q)", err, len(batch), errs.Line(first), errs.Line(last))
		}
		r.progress()
	}
}

func (r *Run) remove(at int32) error {
	e := &r.entries[at]
	if e.id == "" {
		if err := r.identify(e.source); err != nil {
			return err
		}
	}
	if e.id != "" {
		if err := r.Service.Delete(e.id); err != nil && !errors.Is(err, errs.ErrNotFound) {
			return err
		}
	}
	e.stored, e.id = false, ""
	return nil
}

// identify reads the IDs of the chunks of a source.
func (r *Run) identify(source int32) error {
	return r.Service.List(r.sources[source], func(c Stored) {
		at, found := r.index[digestOf(c.Content)]
		if found && r.entries[at].stored && r.entries[at].id == "" {
			r.entries[at].id = c.ID
		}
	})
}

// End sends the last batch and deletes the chunks that are not in the sequence. If stopped
// is not nil, End does neither. It returns the first errors of
// the sequence and the number of the others, joined with the error that ended the run.
func (r *Run) End(ctx context.Context, stopped error) error {
	if stopped == nil {
		stopped = r.flush(ctx)
	}
	if stopped == nil {
		stopped = r.deleteRest()
	}
	all := r.errors
	if more := r.Report.Failed - len(all); more > 0 {
		all = append(all, fmt.Errorf("agento: the sequence has %d more errors", more))
	}
	return errors.Join(append(all, r.incomplete, stopped)...)
}

func (r *Run) deleteRest() error {
	var rest []int32
	for i, e := range r.entries {
		if e.stored && !e.wanted && !r.failed[e.source] {
			rest = append(rest, int32(i))
		}
	}
	switch {
	case r.elements == 0:
		return errs.Argument("chunks", "has no elements; nothing was deleted")
	case r.keepAll || r.Report.Chunks == 0:
		return nil
	case len(rest) > 0 && r.dropped > 0 && r.incomplete == nil:
		// A duplicate was dropped because its content is stored, maybe in one of these chunks.
		return fmt.Errorf("agento: knowledge base dropped %d new chunks as duplicates; the %d chunks to be deleted were kept, because they may have the content of these duplicates",
			r.dropped, len(rest))
	}
	for _, at := range rest {
		if !r.DryRun {
			if err := r.remove(at); err != nil {
				return err
			}
		}
		if r.Report.Deleted++; !r.DryRun {
			r.progress()
		}
	}
	return nil
}
