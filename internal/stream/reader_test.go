package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/sse"
)

// body is a response body that a test writes through a pipe.
type body struct {
	*io.PipeReader
	w      *io.PipeWriter
	read   int
	closed bool
}

func newBody() *body {
	r, w := io.Pipe()
	return &body{PipeReader: r, w: w}
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	b.read += n
	return n, err
}

func (b *body) Close() error {
	b.closed = true
	return b.PipeReader.Close()
}

// reads returns the data of the events until an error, and the error.
func reads(r *Reader) (all []string, err error) {
	for {
		ev, err := next(r)
		if err != nil {
			return all, err
		}
		all = append(all, string(ev.Data))
	}
}

func TestReaderEnds(t *testing.T) {
	broken := errors.New("connection reset")
	for name, tt := range map[string]struct {
		body   string
		err    error
		events []string
		want   error
	}{
		"between events":          {"data: a\n\ndata: b\n\n", io.EOF, []string{"a", "b"}, io.EOF},
		"empty":                   {"", io.EOF, nil, io.EOF},
		"only a comment":          {": wait\n\n", io.EOF, nil, io.EOF},
		"inside an event":         {"data: a\n\ndata: b\n", io.EOF, []string{"a"}, errs.ErrStreamTruncated},
		"inside a line":           {"data: a\n\nda", io.EOF, []string{"a"}, errs.ErrStreamTruncated},
		"broken between events":   {"data: a\n\n", broken, []string{"a"}, errs.ErrStreamTruncated},
		"broken with an event":    {"data: a\n\ndata: b\n\n", broken, []string{"a", "b"}, errs.ErrStreamTruncated},
		"unexpected EOF":          {"data: a\n\n", io.ErrUnexpectedEOF, []string{"a"}, io.ErrUnexpectedEOF},
		"event above the limit":   {"data: a\n\ndata: " + strings.Repeat("x", 200) + "\n\n", io.EOF, []string{"a"}, errs.ErrEventTooLarge},
		"JSON":                    {`{"error":{}}`, io.EOF, nil, errs.ErrNotEventStream},
		"list":                    {` [1]`, io.EOF, nil, errs.ErrNotEventStream},
		"HTML after a BOM":        {"\xEF\xBB\xBF\n<html>", io.EOF, nil, errs.ErrNotEventStream},
		"text":                    {"Bad Gateway\n\n", io.EOF, nil, errs.ErrNotEventStream},
		"unknown field first":     {"vendor: x\n\ndata: a\n\n", io.EOF, []string{"a"}, io.EOF},
		"beginning of a field":    {"dat", io.EOF, nil, errs.ErrStreamTruncated},
		"text, broken connection": {"Bad Gateway", broken, nil, errs.ErrNotEventStream},
	} {
		t.Run(name, func(t *testing.T) {
			input := io.MultiReader(strings.NewReader(tt.body), failing{tt.err})
			r := NewReader(context.Background(), input, io.NopCloser(nil), *sse.NewDecoder(100), time.Minute)
			defer r.Finish(false)
			events, err := reads(r)
			require.Equal(t, tt.events, events)
			require.ErrorIs(t, err, tt.want)
			var other *NotEventStreamError
			if errors.As(err, &other) {
				require.Equal(t, tt.body, string(other.Body))
			}
			_, again := next(r)
			require.Equal(t, err, again)
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReaderIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody()
		r := NewReader(t.Context(), b, b, *sse.NewDecoder(100), time.Minute)
		go func() {
			_, _ = io.WriteString(b.w, "data: a\n\n")
			for range 3 { // comments reset the timer
				time.Sleep(59 * time.Second)
				_, _ = io.WriteString(b.w, ":\n")
			}
		}()
		begun := time.Now()
		_, err := next(r)
		require.NoError(t, err)
		time.Sleep(time.Hour) // a slow caller does not cause a timeout
		slept := time.Since(begun)
		_, err = next(r)
		require.ErrorIs(t, err, errs.ErrStreamIdle)
		require.Equal(t, slept+2*59*time.Second+time.Minute, time.Since(begun))
		r.Finish(false)
	})
}

func TestReaderContext(t *testing.T) {
	left := errors.New("the user left")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		b := newBody()
		context.AfterFunc(ctx, func() { _ = b.Close() })
		r := NewReader(ctx, b, b, *sse.NewDecoder(100), time.Minute)
		time.AfterFunc(time.Second, func() { cancel(left) })
		_, err := next(r)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, left)
		r.Finish(false)
	})
	t.Run("event before the error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		r := NewReader(ctx, strings.NewReader("data: a\n\ndata: b\n\n"), io.NopCloser(nil), *sse.NewDecoder(100), time.Minute)
		_, err := next(r)
		require.NoError(t, err)
		cancel()
		ev, err := next(r)
		require.NoError(t, err)
		require.Equal(t, "b", string(ev.Data))
		_, err = next(r)
		require.ErrorIs(t, err, context.Canceled)
		r.Finish(false)
	})
}

// The idle timeout also applies if the context has a later deadline.
func TestReaderIdleTimeoutAndDeadline(t *testing.T) {
	for deadline, want := range map[time.Duration]error{30 * time.Second: context.DeadlineExceeded, time.Hour: errs.ErrStreamIdle} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			b := newBody()
			context.AfterFunc(ctx, func() { _ = b.Close() })
			r := NewReader(ctx, b, b, *sse.NewDecoder(100), time.Minute)
			begun := time.Now()
			_, err := next(r)
			require.ErrorIs(t, err, want)
			require.Equal(t, min(deadline, time.Minute), time.Since(begun).Truncate(time.Second))
			r.Finish(false)
		})
	}
}

func TestReaderInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBody()
		r := NewReader(t.Context(), b, b, *sse.NewDecoder(100), time.Hour)
		time.AfterFunc(time.Second, r.Interrupt)
		begun := time.Now()
		_, err := next(r)
		require.ErrorIs(t, err, errs.ErrStreamTruncated)
		require.Equal(t, time.Second, time.Since(begun))
		r.Finish(false)
	})
}

func TestReaderFinishDrains(t *testing.T) {
	first := "data: a\n\n"
	for name, tt := range map[string]struct {
		complete bool
		rest     string
		ends     bool // the server closes the response
		read     int
		took     time.Duration
	}{
		"to the end":          {true, "\r\n", true, 2, 0},
		"not if incomplete":   {false, "", false, 0, 0},
		"at most 4 KiB":       {true, strings.Repeat("x", 5<<10), true, 4 << 10, 0},
		"at most 100 ms":      {true, "", false, 0, 100 * time.Millisecond},
		"at most 100 ms more": {true, ":", false, 1, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBody()
				r := NewReader(t.Context(), b, b, *sse.NewDecoder(100), time.Minute)
				go func() {
					_, _ = io.WriteString(b.w, first)
					_, _ = io.WriteString(b.w, tt.rest)
					if tt.ends {
						_ = b.w.Close()
					}
				}()
				_, err := next(r)
				require.NoError(t, err)
				begun := time.Now()
				r.Finish(tt.complete)
				require.Equal(t, tt.took, time.Since(begun))
				require.Equal(t, len(first)+tt.read, b.read)
				require.True(t, b.closed)
			})
		})
	}
}

func TestExcerptLimits(t *testing.T) {
	require.Len(t, Excerpt(bytes.NewReader(make([]byte, 1<<20)), io.NopCloser(nil)), 64<<10)
	synctest.Test(t, func(t *testing.T) {
		b := newBody()
		go func() { _, _ = io.WriteString(b.w, "<html>") }()
		begun := time.Now()
		require.Equal(t, "<html>", string(Excerpt(b, b)))
		require.Equal(t, time.Second, time.Since(begun))
		require.True(t, b.closed)
	})
}

func next(r *Reader) (ev sse.Event, err error) {
	for err == nil && !r.Buffered(&ev) {
		err = r.Fill()
	}
	return ev, err
}
