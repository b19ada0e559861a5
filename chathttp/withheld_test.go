package chathttp_test

import (
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remsyshq/agento-go/internal/test/harness"
	"github.com/stretchr/testify/require"
)

// compressing is a middleware's writer that compresses. Its variants expose
// different methods of the wrapped writer.
type compressing struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w *compressing) WriteHeader(status int) {
	w.Header().Set("Content-Encoding", "gzip")
	w.ResponseWriter.WriteHeader(status)
}

func (w *compressing) Write(p []byte) (int, error) { return w.z.Write(p) }

type compressingUnwrap struct{ *compressing }

func (w compressingUnwrap) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type compressingFlush struct{ *compressing }

func (w compressingFlush) Flush() {
	_ = w.z.Flush()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

type compressingBoth struct{ compressingFlush }

func (w compressingBoth) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func compress(show func(*compressing) http.ResponseWriter, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &compressing{w, gzip.NewWriter(w)}
		next.ServeHTTP(show(c), r)
		_ = c.z.Close()
	})
}

// TestMiddlewareWithholdsEvents checks that the handler warns once, with the cause.
func TestMiddlewareWithholdsEvents(t *testing.T) {
	unwrap := func(c *compressing) http.ResponseWriter { return compressingUnwrap{c} }
	flush := func(c *compressing) http.ResponseWriter { return compressingFlush{c} }
	both := func(c *compressing) http.ResponseWriter { return compressingBoth{compressingFlush{c}} }
	record := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrappedWriter{w}, r) })
	}
	for name, c := range map[string]struct {
		wrap  func(http.Handler) http.Handler
		names string // in the warning; "": none
	}{
		"compress with Unwrap alone": {func(h http.Handler) http.Handler { return compress(unwrap, h) }, "compressingUnwrap around *http.response"},
		"the same under a recorder":  {func(h http.Handler) http.Handler { return compress(unwrap, record(h)) }, "wrappedWriter around chathttp_test.compressingUnwrap"},
		"compress under a time limit": {func(h http.Handler) http.Handler {
			return http.TimeoutHandler(compress(both, h), time.Minute, "")
		}, "*http.timeoutWriter"},
		"compress and flush":               {func(h http.Handler) http.Handler { return compress(both, h) }, ""},
		"compress and flush, under record": {func(h http.Handler) http.Handler { return compress(both, record(h)) }, ""},
		"record":                           {record, ""},
		"compress with Flush alone":        {func(h http.Handler) http.Handler { return compress(flush, h) }, "has no deadlines"},
	} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
				w.swap(c.wrap(w.handler))
				for range 2 {
					resp := w.post(body("Hello", ""), "Accept-Encoding", "")
					require.Equal(t, "Hi! ", read(t, resp).text)
				}
				if c.names == "" {
					require.NotContains(t, w.log.String(), "WARN")
					return
				}
				require.Equal(t, 1, strings.Count(w.log.String(), "WARN"))
				require.Contains(t, w.log.String(), c.names)
			})
		})
	}
}
