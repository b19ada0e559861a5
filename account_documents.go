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

// Document is an agent's personality (SOUL.md) or workflow (WORKFLOW.md). Its fields are
// inferred.
type Document struct {
	Content   string          `json:"content,omitempty"` // Markdown
	Version   DocumentVersion `json:"version,omitempty"`
	UpdatedAt *time.Time      `json:"updatedAt"`

	damaged bool // invalid UTF-8 in Content was replaced
}

// UnmarshalJSON decodes a document. The JSON name of the content is inferred: "content",
// "soulMd" and "workflowMd" are accepted.
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

// DocumentVersion is the version of a document, by which the service detects concurrent
// changes. It is the JSON of a string or a number, and is sent back unchanged. Empty means
// no version.
type DocumentVersion string

// MarshalJSON returns the version's JSON. A version that is not JSON becomes a string.
func (v DocumentVersion) MarshalJSON() ([]byte, error) {
	if json.Valid([]byte(v)) {
		return []byte(v), nil
	}
	return wire.Marshal(string(v))
}

// UnmarshalJSON keeps the version's JSON. A null and "" become an empty version.
func (v *DocumentVersion) UnmarshalJSON(data []byte) error {
	*v = DocumentVersion(data)
	if *v == `""` || *v == "null" {
		*v = ""
	}
	return nil
}

// same reports whether two versions have the same JSON.
func (v DocumentVersion) same(as DocumentVersion) bool {
	one, _ := v.MarshalJSON() // a string can always be marshaled
	other, _ := as.MarshalJSON()
	return bytes.Equal(one, other)
}

// UpdateDocumentParams is the new content of a document. Its fields are inferred. It is
// documented that the service rejects concurrent edits.
type UpdateDocumentParams struct {
	// Content is the whole Markdown text.
	Content string `json:"content"`
	// Version is the version that the new content is based on. If the document has
	// another one, the update fails with [ErrConflict]. Empty: overwrite any version.
	Version DocumentVersion `json:"version,omitempty"`
}

// documentFile has the routes of one of an agent's documents.
type documentFile struct{ read, update *route.Route }

func personality() documentFile { return documentFile{route.GetPersonality, route.UpdatePersonality} }
func workflow() documentFile    { return documentFile{route.GetWorkflow, route.UpdateWorkflow} }

// Personality returns an agent's personality (SOUL.md).
//
//   - API: GET /v1/agents/{id}/personality (path inferred from the reference's title)
//   - Scope: agents:read (inferred)
func (s *AccountService) Personality(ctx context.Context, t Target, opts ...Option) (*Document, error) {
	return s.readDocument(ctx, personality(), t, opts)
}

// Workflow returns an agent's workflow (WORKFLOW.md).
//
//   - API: GET /v1/agents/{id}/workflow (path inferred from the reference's title)
//   - Scope: agents:read (inferred)
func (s *AccountService) Workflow(ctx context.Context, t Target, opts ...Option) (*Document, error) {
	return s.readDocument(ctx, workflow(), t, opts)
}

// UpdatePersonality replaces an agent's personality (SOUL.md). It takes effect on
// [AgentsService.Restart]. The agent may edit the file too: pass the version that was read,
// or use [AccountService.EditPersonality], so that its changes are not lost.
//
// If the response is lost, or does not have the document, the document is read. If it has
// the new content, the update has succeeded.
//
//   - API: PUT /v1/agents/{id}/personality (path inferred from the reference's title)
//   - Scope: agents:write; agents:read to read the document
//   - Errors: [ErrConflict] if Version is not the current version
func (s *AccountService) UpdatePersonality(ctx context.Context, t Target, p UpdateDocumentParams, opts ...Option) (*Document, error) {
	return s.updateDocument(ctx, personality(), t, p, opts)
}

// UpdateWorkflow replaces an agent's workflow (WORKFLOW.md), as
// [AccountService.UpdatePersonality] replaces its personality. The new workflow takes
// effect on [AgentsService.Restart].
//
//   - API: PUT /v1/agents/{id}/workflow (path inferred from the reference's title)
//   - Scope: agents:write; agents:read to read the document
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

// writeDocument writes a document. If the outcome is unknown, it reads the document back.
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
		e.hint = "the SDK read the document back: it is unchanged"
	default:
		e.hint = "the SDK read the document back: it has other content"
	}
	return nil, err
}

// editRounds is the limit of attempts of an edit.
const editRounds = 10

// EditPersonality changes an agent's personality (SOUL.md) without losing concurrent
// changes. It reads the document, calls edit with the content, and writes the result. If
// the document has changed meanwhile, it starts again: at most 10 attempts. Edits of the
// same document by one client run one after the other. The change takes effect on
// [AgentsService.Restart].
//
// If edit returns an error, EditPersonality returns that error. It does not write a result
// that is equal to the content. It may call edit more than once, but not after a write that
// may have been applied. If the response to a write is lost, it reads the document. If that
// does not have the result, the error matches [ErrOutcomeUnknown]. In that case read the
// document, and edit again if it does not have the change. edit must not call an Edit
// method for the same document.
//
//   - API: GET and PUT /v1/agents/{id}/personality (paths inferred from the reference's titles)
//   - Scope: agents:read (inferred), agents:write
//   - Errors: [ErrConflict] after 10 attempts; an error if the document has no version
//     or is not UTF-8
func (s *AccountService) EditPersonality(ctx context.Context, t Target, edit func(old string) (string, error), opts ...Option) (*Document, error) {
	return s.editDocument(ctx, personality(), t, edit, opts)
}

// EditWorkflow changes an agent's workflow (WORKFLOW.md), as
// [AccountService.EditPersonality] changes its personality. The change takes effect on
// [AgentsService.Restart].
//
//   - API: GET and PUT /v1/agents/{id}/workflow (paths inferred from the reference's titles)
//   - Scope: agents:read (inferred), agents:write
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
			return nil, fmt.Errorf("agento: the document was changed by other clients during each of %d attempts: %w", editRounds, err)
		case !wait.Sleep(ctx, wait.AfterRound(round-1, time.Since(begun))):
			return nil, fmt.Errorf("agento: edit not done after %d attempts: %w: %w", round, errs.Context(ctx), err)
		}
	}
}

// editOnce is one attempt of an edit. changed reports that another client has changed the
// document meanwhile, and that nothing was written.
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

var errDamaged = errors.New("agento: the document is not valid UTF-8, so an edit would also change other characters; " +
	"use UpdatePersonality or UpdateWorkflow to replace it")

var errNoVersion = errors.New("agento: the document has no version, so an edit could overwrite a concurrent change; " +
	"use UpdatePersonality or UpdateWorkflow to overwrite it")
