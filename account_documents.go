package agento

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
)

// Document is an agent's personality, SOUL.md, or its workflow, WORKFLOW.md. Its
// fields are inferred.
type Document struct {
	Content   string          `json:"content"` // Markdown
	Version   DocumentVersion `json:"version"`
	UpdatedAt *time.Time      `json:"updatedAt"`
}

// UnmarshalJSON reads a document. Under which name its content comes is not
// known: content, and the names that a new agent's documents have, are all read.
// Without any of them it is an error, since an edit of what looks empty would
// lose what is there.
func (d *Document) UnmarshalJSON(data []byte) error {
	var fields struct {
		Content    json.RawMessage `json:"content"`
		SoulMD     json.RawMessage `json:"soulMd"`
		WorkflowMD json.RawMessage `json:"workflowMd"`
		Version    DocumentVersion `json:"version"`
		UpdatedAt  *time.Time      `json:"updatedAt"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*d = Document{Version: fields.Version, UpdatedAt: fields.UpdatedAt}
	known := false
	for _, content := range []json.RawMessage{fields.Content, fields.SoulMD, fields.WorkflowMD} {
		if content != nil && string(content) != "null" {
			return json.Unmarshal(content, &d.Content)
		}
		known = known || content != nil
	}
	if !known {
		return errNoContent
	}
	return nil // empty
}

var errNoContent = errors.New("the document in the answer has no content")

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
	return marshal(string(v))
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
	r, err := t.request(f.read, nil)
	if err != nil {
		return nil, err
	}
	return do[Document](ctx, s.core, r, opts)
}

func (s *AccountService) updateDocument(ctx context.Context, f documentFile, t Target, p UpdateDocumentParams, opts []Option) (*Document, error) {
	if p.Content == "" {
		return nil, errs.Argument("Content", "is empty, which the service does not take")
	}
	w := documentWrite{service: s, file: f, target: t, body: p, opts: opts}
	return w.carryOut(ctx)
}
