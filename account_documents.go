package agento

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Document is an agent's personality, SOUL.md, or its workflow, WORKFLOW.md. Its
// fields are inferred.
type Document struct {
	Content   string          `json:"content,omitempty"` // Markdown
	Version   DocumentVersion `json:"version,omitempty"`
	UpdatedAt *time.Time      `json:"updatedAt"`

	damaged bool // Content had something that is not valid UTF-8, which was replaced
}

// UnmarshalJSON reads a document. Under which name its content comes is not
// known: content, and the names that a new agent's documents have, are all read.
func (d *Document) UnmarshalJSON(data []byte) error {
	var fields struct {
		Content    json.RawMessage `json:"content"`
		SoulMD     json.RawMessage `json:"soulMd"`
		WorkflowMD json.RawMessage `json:"workflowMd"`
		Version    DocumentVersion `json:"version"`
		UpdatedAt  *time.Time      `json:"updatedAt"`
	}
	if err := wire.Decode(data, &fields); err != nil {
		return err
	}
	*d = Document{Version: fields.Version, UpdatedAt: fields.UpdatedAt}
	for _, content := range []json.RawMessage{fields.Content, fields.SoulMD, fields.WorkflowMD} {
		if content != nil && string(content) != "null" {
			err := json.Unmarshal(content, &d.Content)
			d.damaged = wire.Replaced(content, d.Content)
			return err
		}
	}
	return nil
}

func (d *Document) identity(bool) (bool, string) {
	return d.Content != "", "content soulMd workflowMd"
}

// DocumentVersion is the version of a document, by which the service notices
// that it has changed in the meantime. It is opaque: the JSON of what the service
// gave, a string or a number, and sent back as it came. Empty is no version.
type DocumentVersion string

// MarshalJSON writes the version as it came. One that did not come from the
// service and is no JSON is written as a string.
func (v DocumentVersion) MarshalJSON() ([]byte, error) {
	if json.Valid([]byte(v)) {
		return []byte(v), nil
	}
	return wire.Marshal(string(v))
}

// UnmarshalJSON keeps the version's JSON; null and "" are no version.
func (v *DocumentVersion) UnmarshalJSON(data []byte) error {
	*v = DocumentVersion(data)
	if *v == `""` || *v == "null" {
		*v = ""
	}
	return nil
}

// same reports whether the service would be sent the same.
func (v DocumentVersion) same(as DocumentVersion) bool {
	one, _ := v.MarshalJSON() // a string can always be marshalled
	other, _ := as.MarshalJSON()
	return bytes.Equal(one, other)
}

// UpdateDocumentParams is a new content for a document. Its fields are inferred;
// that the service refuses concurrent edits is documented.
type UpdateDocumentParams struct {
	// Content is the whole new Markdown. Required.
	Content string `json:"content"`
	// Version is the [Document.Version] that the new content is based on: if
	// the document has changed since, the service refuses the update with
	// [ErrConflict]. Empty overwrites whatever is there.
	Version DocumentVersion `json:"version,omitempty"`
}

// documentFile is one of an agent's documents: how it is read and written.
type documentFile struct{ read, update *route.Route }

func personality() documentFile { return documentFile{route.GetPersonality, route.UpdatePersonality} }
func workflow() documentFile    { return documentFile{route.GetWorkflow, route.UpdateWorkflow} }

// Personality returns an agent's personality, SOUL.md.
//
// GET /v1/agents/{id}/personality, inferred from the title. Scope: agents:read
// (the scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Personality(ctx context.Context, t Target, opts ...Option) (*Document, error) {
	return s.readDocument(ctx, personality(), t, opts)
}

// Workflow returns an agent's workflow, WORKFLOW.md.
//
// GET /v1/agents/{id}/workflow, inferred from the title. Scope: agents:read (the
// scope is inferred too). Errors: those of every call; [ErrNotFound].
func (s *AccountService) Workflow(ctx context.Context, t Target, opts ...Option) (*Document, error) {
	return s.readDocument(ctx, workflow(), t, opts)
}

// UpdatePersonality replaces an agent's personality, SOUL.md. It takes effect
// with [AgentsService.Restart]. The agent itself may edit the file: give the
// Version that was read, or use [AccountService.EditPersonality], lest its change
// be lost. When the answer is lost the document is read back; if it has the new
// content, the update has succeeded.
//
// PUT /v1/agents/{id}/personality, inferred from the title. Scope: agents:write.
// Errors: those of every call; [ErrNotFound]; [ErrConflict] when Version is not
// the current one; [ErrOutcomeUnknown] when the answer is lost and the document
// holds something else, or cannot be read back. When the answer is lost, or the
// service confirms the update without the document, the document is read, with
// the scope agents:read.
func (s *AccountService) UpdatePersonality(ctx context.Context, t Target, p UpdateDocumentParams, opts ...Option) (*Document, error) {
	return s.updateDocument(ctx, personality(), t, p, opts)
}

// UpdateWorkflow replaces an agent's workflow, WORKFLOW.md. It takes effect with
// [AgentsService.Restart]. Versions and lost answers are dealt with as by
// [AccountService.UpdatePersonality].
//
// PUT /v1/agents/{id}/workflow, inferred from the title. Scope: agents:write.
// Errors: those of [AccountService.UpdatePersonality].
func (s *AccountService) UpdateWorkflow(ctx context.Context, t Target, p UpdateDocumentParams, opts ...Option) (*Document, error) {
	return s.updateDocument(ctx, workflow(), t, p, opts)
}

func (s *AccountService) readDocument(ctx context.Context, f documentFile, t Target, opts []Option) (*Document, error) {
	return do[Document](ctx, s.core, t.request(f.read, nil), opts)
}

func (s *AccountService) updateDocument(ctx context.Context, f documentFile, t Target, p UpdateDocumentParams, opts []Option) (*Document, error) {
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	return s.writeDocument(ctx, f, t, p, settings)
}

// writeDocument writes a document. Where the outcome is unknown it reads it back.
func (s *AccountService) writeDocument(ctx context.Context, f documentFile, t Target, p UpdateDocumentParams, settings *settings) (*Document, error) {
	change := t.request(f.update, nil)
	change.body = p
	read := request{route: f.read, path: change.path}
	doc, err := update[Document](ctx, s.core, change, read, settings)
	var e *Error
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.As(err, &e) || e.confirmed {
		return doc, err
	}
	now, problem := readBack(ctx, s.core, read, settings, func(now *Document) bool { return now.Content == p.Content })
	switch {
	case problem != nil:
		e.unknown, e.hint = true, "reading it back failed: "+errs.Line(problem.Error())
	case now.Content == p.Content:
		return now, nil
	case p.Version != "" && now.Version.same(p.Version):
		e.hint = "read back, the document is unchanged"
	default:
		e.hint = "read back, the document has other content"
	}
	return nil, err
}

// editRounds is how often an edit is begun at most.
const editRounds = 10

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
	settings, err := s.core.settings.with(opts)
	if err != nil {
		return nil, err
	}
	unlock, err := s.editing.Lock(ctx, editKey{f.update, t.id})
	if err != nil {
		return nil, fmt.Errorf("agento: waiting for another edit of the document: %w", err)
	}
	defer unlock()
	for round := 1; ; round++ {
		begun := time.Now()
		doc, changed, err := s.editOnce(ctx, f, t, edit, settings)
		switch {
		case !changed:
			return doc, err
		case round == editRounds:
			return nil, fmt.Errorf("agento: the document was changed by others in each of %d rounds: %w", editRounds, err)
		case !wait.Sleep(ctx, wait.AfterRound(round-1, time.Since(begun))):
			return nil, fmt.Errorf("agento: edit not done after %d rounds: %w: %w", round, errs.Context(ctx), err)
		}
	}
}

// editOnce is one round of an edit. changed reports that the document was changed by
// somebody else meanwhile, and that nothing was written.
func (s *AccountService) editOnce(ctx context.Context, f documentFile, t Target, edit func(string) (string, error), settings *settings) (doc *Document, changed bool, err error) {
	old, err := doWith[Document](ctx, s.core, t.request(f.read, nil), settings.forRead())
	if err != nil {
		return nil, false, err
	}
	if old.Version == "" {
		return nil, false, errNoVersion
	}
	if old.damaged {
		return nil, false, errDamaged
	}
	content, err := edit(old.Content)
	switch {
	case err != nil:
		return nil, false, err
	case content == old.Content:
		return old, false, nil
	}
	doc, err = s.writeDocument(ctx, f, t, UpdateDocumentParams{Content: content, Version: old.Version}, settings)
	return doc, errors.Is(err, ErrConflict) && !errors.Is(err, ErrOutcomeUnknown), err
}

var errDamaged = errors.New("agento: the document is not valid UTF-8, so that an edit would change more than was asked; " +
	"UpdatePersonality and UpdateWorkflow replace it")

var errNoVersion = errors.New("agento: the document has no version, so that an edit could undo another's; " +
	"UpdatePersonality and UpdateWorkflow overwrite without one")
