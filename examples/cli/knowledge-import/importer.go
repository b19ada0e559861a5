package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/schollz/progressbar/v3"

	agento "github.com/remsyshq/agento-go"
)

// The bounds of one call, and how often it is made when its answer is lost.
const (
	batchChunks   = 100
	batchBytes    = 256 << 10
	batchAttempts = 4
)

type importer struct {
	knowledge     *agento.KnowledgeService
	target        agento.Target
	chunks        iter.Seq2[agento.ChunkParams, error] // reads the files anew each time
	dry           bool
	out, progress io.Writer
}

// key tells chunks apart as the service does, by their content alone. It is all
// that is kept of one.
type key [16]byte

func keyOf(content string) key {
	sum := sha256.Sum256([]byte(content))
	return key(sum[:])
}

// run compares the folder with the knowledge base and sends what that has not.
func (i *importer) run(ctx context.Context) error {
	there, err := i.read(ctx)
	if err != nil {
		return err
	}
	total, missing, err := i.plan(there)
	if err != nil {
		return err
	}
	fmt.Fprintf(i.out, "%d chunks, %d of them new.\n", total, missing)
	if i.dry {
		return nil
	}
	sent, err := i.send(ctx, there, missing)
	if err != nil {
		fmt.Fprintf(i.out, "Stopped: at least %d of %d new chunks are in. Run it again to go on.\n", sent, missing)
		return err
	}
	fmt.Fprintf(i.out, "Done: %d chunks sent, %d were there.\n", sent, total-missing)
	return nil
}

// read returns the keys of what is there. A list that may have gaps will do: the
// service drops content that it has.
func (i *importer) read(ctx context.Context) (map[key]bool, error) {
	there := make(map[key]bool)
	for chunk, err := range i.knowledge.All(ctx, i.target, &agento.KnowledgeListParams{Limit: 100}) {
		if err != nil && !errors.Is(err, agento.ErrListIncomplete) {
			return nil, err
		}
		there[keyOf(chunk.Content)] = true
	}
	return there, nil
}

// plan reads all files before anything is sent, and names each that is no good.
func (i *importer) plan(there map[key]bool) (total, missing int, err error) {
	var bad []error
	for chunk, err := range i.chunks {
		if err != nil {
			bad = append(bad, err)
			continue
		}
		total++
		k := keyOf(chunk.Content)
		if _, known := there[k]; known {
			continue
		}
		there[k] = false // wanted, and counted once
		missing++
		if i.dry {
			fmt.Fprintf(i.out, "would take in %q %q\n", chunk.Source, chunk.Title)
		}
	}
	if total == 0 && bad == nil {
		return 0, 0, errors.New("nothing to import: no file has text, or none is of a known kind")
	}
	return total, missing, errors.Join(bad...)
}

// send sends in batches what is not there, and returns how many chunks it sent.
func (i *importer) send(ctx context.Context, there map[key]bool, missing int) (sent int, err error) {
	bar := progressbar.NewOptions(missing, // which would write to standard output
		progressbar.OptionSetWriter(cmp.Or(i.progress, io.Discard)), progressbar.OptionSetVisibility(i.progress != nil && missing > 0),
		progressbar.OptionSetDescription("Taking in"), progressbar.OptionShowCount(),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionClearOnFinish())
	defer func() { _ = bar.Clear() }()
	var batch []agento.ChunkParams
	bytes := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := i.ingest(ctx, batch); err != nil {
			return err
		}
		sent += len(batch)
		_ = bar.Add(len(batch))
		batch, bytes = batch[:0], 0
		return nil
	}
	for chunk, err := range i.chunks {
		k := keyOf(chunk.Content)
		if err == nil && !there[k] {
			there[k] = true
			if len(batch) == batchChunks || bytes+len(chunk.Content) > batchBytes {
				err = flush()
			}
			batch, bytes = append(batch, chunk), bytes+len(chunk.Content)
		}
		if err != nil {
			return sent, err
		}
	}
	err = flush()
	return sent, err
}

// ingest sends a batch, again if the answer is lost: nothing is taken in twice.
func (i *importer) ingest(ctx context.Context, batch []agento.ChunkParams) error {
	for attempt := 1; ; attempt++ {
		_, err := i.knowledge.Ingest(ctx, i.target, agento.IngestParams{Chunks: batch}, agento.WithBulk(true))
		if !errors.Is(err, agento.ErrOutcomeUnknown) || attempt == batchAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(attempt) * time.Second):
		}
	}
}
