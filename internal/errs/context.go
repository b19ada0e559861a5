package errs

import (
	"context"
	"errors"
)

// Context returns the error of a context that has ended. It matches both the
// context's Err and its Cause.
func Context(ctx context.Context) error {
	cause := context.Cause(ctx) // not after Err: between the calls, a context without error could end
	err := ctx.Err()
	switch {
	case cause == nil:
		return err
	case errors.Is(cause, err):
		return cause
	}
	return &contextError{err: err, cause: cause}
}

type contextError struct{ err, cause error }

func (e *contextError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }
