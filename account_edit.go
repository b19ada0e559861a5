package agento

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// editRounds is how often an edit is begun at most.
const editRounds = 10

// editKey is a document of a target.
type editKey struct {
	file *route.Route
	id   string
}

// EditPersonality changes an agent's personality, SOUL.md, whoever else changes
// it meanwhile, such as the agent itself. It reads the document, gives its
// content to edit, and writes what edit returns, provided that the document has
// not changed since; otherwise it begins again, at most 10 times. The edits of
// one document through one client wait for each other. The change takes effect
// with [AgentsService.Restart].
//
// An error of edit ends it and is returned as it is. What edit returns unchanged
// is not written. edit may be called more than once, but never again after a
// write that may have been applied: when the answer to a write is lost, the
// document is read back, and if it does not hold what was written the error
// matches [ErrOutcomeUnknown]. The write is then not under way any more, unless
// the document could not be read back or is as it was, which the error says: read
// the document, see whether the change is in it, and if it is not, edit again.
// edit must not itself edit the same document.
//
// GET and PUT /v1/agents/{id}/personality, inferred from the titles. Scope:
// agents:read (inferred too) and agents:write. Errors: those of [AccountService.Personality] and
// [AccountService.UpdatePersonality]; [ErrConflict] after 10 rounds; an error
// when the service gives no version, without which a change of another could be
// lost. [WithResponse] tells of the last call.
func (s *AccountService) EditPersonality(ctx context.Context, t Target, edit func(old string) (string, error), opts ...Option) (*Document, error) {
	return s.editDocument(ctx, personality(), t, edit, opts)
}

// EditWorkflow changes an agent's workflow, WORKFLOW.md, as
// [AccountService.EditPersonality] changes its personality. The change takes
// effect with [AgentsService.Restart].
//
// GET and PUT /v1/agents/{id}/workflow, inferred from the titles. Scope:
// agents:read (inferred too) and agents:write. Errors: those of
// [AccountService.EditPersonality].
func (s *AccountService) EditWorkflow(ctx context.Context, t Target, edit func(old string) (string, error), opts ...Option) (*Document, error) {
	return s.editDocument(ctx, workflow(), t, edit, opts)
}

func (s *AccountService) editDocument(ctx context.Context, f documentFile, t Target, edit func(string) (string, error), opts []Option) (*Document, error) {
	switch {
	case ctx == nil:
		return nil, errs.Argument("ctx", "is nil")
	case edit == nil:
		return nil, errs.Argument("edit", "is nil")
	}
	own, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	unlock, err := s.editing.lock(ctx, editKey{f.update, t.id})
	if err != nil {
		return nil, fmt.Errorf("agento: waiting for another edit of the document: %w", err)
	}
	defer unlock()
	w := documentWrite{service: s, file: f, target: t, opts: append(slices.Clip(opts), lookFirst), repeats: own.maxRetries}
	for round := 1; ; round++ {
		begun := time.Now()
		doc, changed, err := w.editOnce(ctx, edit)
		switch {
		case !changed:
			return doc, err
		case round == editRounds:
			return nil, fmt.Errorf("agento: another changed the document in each of %d rounds: %w", editRounds, err)
		case !sleep(ctx, editPause(round-1, time.Since(begun))):
			return nil, fmt.Errorf("agento: edit not done after %d rounds: %w: %w", round, errs.Context(ctx), err)
		}
	}
}

// editOnce is one round of an edit. changed says that another was faster, and
// that nothing was written.
func (w *documentWrite) editOnce(ctx context.Context, edit func(string) (string, error)) (doc *Document, changed bool, err error) {
	old, err := w.service.readDocument(ctx, w.file, w.target, asRead(w.opts))
	if err != nil {
		return nil, false, err
	}
	if old.Version == "" {
		return nil, false, errNoVersion
	}
	content, err := edit(old.Content)
	switch {
	case err != nil:
		return nil, false, err
	case content == old.Content:
		return old, false, nil
	case content == "":
		return nil, false, errs.Argument("edit", "returned an empty document, which the service does not take")
	}
	w.body = UpdateDocumentParams{Content: content, Version: old.Version}
	doc, err = w.carryOut(ctx) // a conflict of a read that follows the write is not in err
	return doc, errors.Is(err, ErrConflict) && !errors.Is(err, ErrOutcomeUnknown), err
}

var errNoVersion = errors.New("agento: the document has no version, so that an edit could undo another's; " +
	"UpdatePersonality and UpdateWorkflow overwrite without one")

// lookFirst keeps a write from being sent again before somebody has looked.
var lookFirst = Option{"", onCall, func(s *settings) error {
	s.lookFirst = true
	return nil
}}
