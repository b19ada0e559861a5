package agento

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/remsyshq/agento-go/internal/errs"
)

// documentWrite is one update of a document, whose outcome is settled by reading
// back where the answer is lost.
type documentWrite struct {
	service *AccountService
	file    documentFile
	target  Target
	body    UpdateDocumentParams
	opts    []Option
	// repeats bounds how often it is sent again after it turned out not to have
	// been applied. The version sees to it that only one of them ever is.
	repeats int
}

func (w *documentWrite) carryOut(ctx context.Context) (*Document, error) {
	lost := false
	for n := 0; ; n++ {
		begun := time.Now()
		doc, err := w.send(ctx)
		lost = lost || errors.Is(err, ErrOutcomeUnknown)
		var made *madeError // settled, though not read
		if err == nil || !lost || errors.As(err, &made) {
			return doc, err
		}
		now, problem := w.readBack(ctx)
		switch {
		case problem != nil:
			return nil, unsettled(err, "it could not be read back: "+errs.Line(problem.Error()))
		case now.Content == w.body.Content:
			return now, nil
		case w.body.Version == "" || !now.Version.same(w.body.Version): // without one, who knows what there was
			return nil, unsettled(err, "read back, the document holds something else")
		case n >= w.repeats || !sleep(ctx, editPause(n, time.Since(begun))):
			return nil, unsettled(err, "read back, the document is as it was")
		}
	}
}

func (w *documentWrite) send(ctx context.Context) (*Document, error) {
	r, err := w.target.request(w.file.update, nil)
	if err != nil {
		return nil, err
	}
	r.body = w.body
	told := func(*Document) bool { return true }
	return changed(ctx, w.service.core, r, w.opts, told, func(opts []Option) (*Document, error) {
		return w.service.readDocument(ctx, w.file, w.target, opts)
	})
}

// readBack reads what there is now. Where that is the answer, the caller's
// WithResponse tells of it; otherwise it keeps telling of the write.
func (w *documentWrite) readBack(ctx context.Context) (*Document, error) {
	own, err := w.service.core.settings.with(w.opts)
	if err != nil {
		return nil, err
	}
	var response Response
	now, err := w.service.readDocument(ctx, w.file, w.target, append(asRead(w.opts), WithResponse(&response)))
	if err == nil && now.Content == w.body.Content && own.response != nil {
		*own.response = response
	}
	return now, err
}

// unsettled says of a failed write that it may have been applied, and why it is
// not known.
func unsettled(err error, why string) error {
	var e *Error
	if errors.As(err, &e) {
		e.unknown, e.hint = true, why
	}
	return err
}

const (
	editPauseMin = 50 * time.Millisecond
	editPauseMax = 30 * time.Second
)

// editPause is the wait after the nth round that another editor won, counted from
// 0. It grows from the time that a round took, so that of many editors some get
// through, and it is never the same for two of them.
func editPause(n int, took time.Duration) time.Duration {
	most := min(max(took, editPauseMin)<<min(n, editRounds), editPauseMax)
	return most/2 + rand.N(most/2)
}
