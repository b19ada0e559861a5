package errs

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContext(t *testing.T) {
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	err := Context(ctx)
	require.ErrorIs(t, err, cause)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "context canceled: cause")

	plain, stop := context.WithCancel(t.Context())
	stop()
	require.Equal(t, context.Canceled, Context(plain))
}

// endsBetween is a context that ends between two calls of its methods.
type endsBetween struct {
	context.Context
	end  func()
	once sync.Once
}

func (c *endsBetween) Err() error {
	defer c.once.Do(c.end)
	return c.Context.Err()
}

func (c *endsBetween) Value(key any) any {
	defer c.once.Do(c.end)
	return c.Context.Value(key)
}

func TestContextEndsDuringCall(t *testing.T) {
	inner, cancel := context.WithCancelCause(t.Context())
	err := Context(&endsBetween{Context: inner, end: func() { cancel(errors.ErrUnsupported) }})
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, err.Error())
	require.ErrorIs(t, Context(inner), errors.ErrUnsupported)
}

func TestSeveral(t *testing.T) {
	err := Several("2 of 3 failed", []error{ErrStreamIdle, errors.ErrUnsupported})
	require.EqualError(t, err, "2 of 3 failed")
	require.ErrorIs(t, err, ErrStreamIdle)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
