// Package ctxerr says why a context ended.
package ctxerr

import (
	"context"
	"errors"
)

// Of returns an error that says that a context ended: it matches both its Err and
// the Cause that was given to it.
func Of(ctx context.Context) error {
	cause := context.Cause(ctx) // first: the context may end in between, and is to have an error then
	err := ctx.Err()
	switch {
	case cause == nil:
		return err
	case errors.Is(cause, err): // unlike ==, for any type of error
		return cause
	}
	return &endedError{err: err, cause: cause}
}

type endedError struct{ err, cause error }

func (e *endedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *endedError) Unwrap() []error { return []error{e.err, e.cause} }
