package transport

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stuckBody never says anything. Reading it ends with the request's context, or
// when it is closed.
type stuckBody struct {
	ctx    context.Context
	once   sync.Once
	closed chan struct{}
}

func (b *stuckBody) Read([]byte) (int, error) {
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-b.closed:
		return 0, http.ErrBodyReadAfterClose
	}
}

func (b *stuckBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// TestWhichBoundEndsAnAttempt: the first of the caller's deadline and the limits
// of the SDK ends an attempt, wherever it is stuck.
func TestWhichBoundEndsAnAttempt(t *testing.T) {
	const headers, failure, success = 0, http.StatusBadRequest, http.StatusOK // what it is stuck in
	for name, c := range map[string]struct {
		stuckIn  int
		deadline time.Duration // 0: none
		took     time.Duration
		err      error // nil: the answer's status is told
	}{
		"headers":                                 {headers, 0, time.Minute, &TimeoutError{time.Minute}},
		"headers, a late deadline":                {headers, time.Hour, time.Minute, &TimeoutError{time.Minute}},
		"headers, an early deadline":              {headers, 3 * time.Second, 3 * time.Second, context.DeadlineExceeded},
		"body, no deadline":                       {success, 0, time.Minute, &TimeoutError{time.Minute}},
		"body, a late deadline":                   {success, time.Hour, time.Minute, &TimeoutError{time.Minute}},
		"body, an early deadline":                 {success, 3 * time.Second, 3 * time.Second, context.DeadlineExceeded},
		"body of an error, no deadline":           {failure, 0, errorBodyFor, nil},
		"body of an error, a late deadline":       {failure, time.Hour, errorBodyFor, nil},
		"body of an error, deadline in the limit": {failure, 20 * time.Second, errorBodyFor, nil},
		"body of an error, an early deadline":     {failure, 3 * time.Second, 3 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline > 0 {
					within, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = within
				}
				rt := &limits{next: roundTrip(func(r *http.Request) (*http.Response, error) {
					if c.stuckIn == headers {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return &http.Response{StatusCode: c.stuckIn, Body: &stuckBody{ctx: r.Context(), closed: make(chan struct{})}, ContentLength: -1}, nil
				})}
				req := requestIn(ctx)
				begun := time.Now()
				_, err := rt.RoundTrip(req)
				require.Equal(t, c.took, time.Since(begun))
				require.Equal(t, c.err, err)
				if c.err == nil {
					require.Equal(t, c.stuckIn, stateOf(req.Context()).last.StatusCode)
				}
			})
		})
	}
}

// pastDeadline is a context by another clock: its deadline is over, and it is not.
type pastDeadline struct{ context.Context }

func (pastDeadline) Deadline() (time.Time, bool) { return time.Unix(0, 0), true }

func TestADeadlineByAnotherClockBoundsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		_, err := (&limits{next: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}).RoundTrip(requestIn(pastDeadline{t.Context()}))
		require.Equal(t, &TimeoutError{time.Minute}, err)
		require.Equal(t, time.Minute, time.Since(begun))
	})
}

// deafBody gives a byte now and then, for ever, whatever ends and closes.
type deafBody struct{}

func (deafBody) Read(p []byte) (int, error) {
	time.Sleep(700 * time.Millisecond)
	return copy(p, "x"), nil
}

func (deafBody) Close() error { return nil }

// TestABodyThatHeedsNothingIsLeft: the end of an attempt is found between two
// reads, and is told as where the body heeds it.
func TestABodyThatHeedsNothingIsLeft(t *testing.T) {
	const failure, success = http.StatusBadRequest, http.StatusOK
	for name, c := range map[string]struct {
		status            int
		deadline, timeout time.Duration // 0: none
		took              time.Duration
		err               error // nil: the answer's status is told
	}{
		"body":                    {success, 0, 0, 60200 * time.Millisecond, &TimeoutError{time.Minute}},
		"body, a timeout":         {success, 0, 3 * time.Second, 3500 * time.Millisecond, &TimeoutError{3 * time.Second}},
		"body, a late deadline":   {success, time.Hour, 0, 60200 * time.Millisecond, &TimeoutError{time.Minute}},
		"body, an early deadline": {success, 3 * time.Second, 0, 3500 * time.Millisecond, context.DeadlineExceeded},
		"body of an error":        {failure, 0, 0, 5600 * time.Millisecond, nil},
		"body of an error, deadline in the limit": {failure, 20 * time.Second, 0, 5600 * time.Millisecond, nil},
		"body of an error, an early deadline":     {failure, 3 * time.Second, 0, 3500 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline > 0 {
					within, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = within
				}
				req := requestIn(ctx)
				stateOf(req.Context()).call.Timeout = c.timeout
				begun := time.Now()
				_, err := (&limits{foreign: true, next: roundTrip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: c.status, Body: deafBody{}, ContentLength: -1}, nil
				})}).RoundTrip(req)
				require.Equal(t, c.took, time.Since(begun))
				require.Equal(t, c.err, err)
				require.Equal(t, c.status, stateOf(req.Context()).last.StatusCode)
			})
		})
	}
}
