package agentotest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxRequests = 10_000   // kept for Requests
	maxBody     = 32 << 20 // of a request
	maxKeptBody = 1 << 20  // of a request, in Requests
)

// Request is what came in and how it was answered.
type Request struct {
	Time      time.Time // by the service's clock
	Operation string    // its name, such as "createAgent"; "" when the service has none such
	Method    string
	Path      string      // as it was sent, escaped, with the query
	Header    http.Header // with a mask in place of the value of X-Api-Key
	Body      []byte      // at most the first MiB
	Status    int         // of the answer; 0 while there is none, or when the connection was dropped before it
}

// Requests returns what came in, in order of arrival, refused requests
// included: the newest 10,000.
func (s *Service) Requests() []Request { return s.requests.all() }

// RequestsTo returns what came in for one operation; see [Service.Next] for
// its name.
func (s *Service) RequestsTo(operation string) []Request {
	names := operationNames(operation)
	return slices.DeleteFunc(s.requests.all(), func(r Request) bool {
		return !slices.Contains(names, r.Operation)
	})
}

// ForgetRequests empties what [Service.Requests] returns.
func (s *Service) ForgetRequests() { s.requests.clear() }

const keyMask = "ak_live_********"

type requestLog struct {
	mu      sync.Mutex
	entries []*Request
}

func newRequest(r *http.Request, body []byte, now time.Time) *Request {
	header := r.Header.Clone()
	for i := range header["X-Api-Key"] {
		header["X-Api-Key"][i] = keyMask
	}
	return &Request{
		Time: now, Method: r.Method, Path: r.URL.RequestURI(), Header: header,
		Body: bytes.Clone(body[:min(len(body), maxKeptBody)]),
	}
}

func (l *requestLog) add(entry *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = appendBounded(l.entries, entry, maxRequests)
}

// appendBounded appends and, now and then, lets go of all but the newest rows:
// at least limit of them are kept, and never more than twice as many.
func appendBounded[T any](rows []T, row T, limit int) []T {
	if len(rows) >= 2*limit {
		rows = slices.Clone(rows[len(rows)-limit+1:])
	}
	return append(rows, row)
}

// newest returns the last rows, limit of them at most.
func newest[T any](rows []T, limit int) []T { return rows[max(0, len(rows)-limit):] }

func (l *requestLog) matched(entry *Request, operation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Operation = operation
}

func (l *requestLog) answered(entry *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status = status
}

func (l *requestLog) get(entry *Request) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *entry
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := newest(l.entries, maxRequests)
	out := make([]Request, len(kept))
	for i, entry := range kept {
		out[i] = *entry
	}
	return out
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

// arrival is what ServeHTTP hands through the middleware to serve.
type arrival struct {
	entry *Request
	err   error // why the body could not be read
}

type arrivalKey struct{}

// arrivalOf returns what was noted of a request. If a middleware has put a
// context of its own in the way, the note can no longer be completed.
func (s *Service) arrivalOf(ctx context.Context, r *http.Request, body []byte) *arrival {
	if a, ok := ctx.Value(arrivalKey{}).(*arrival); ok {
		return a
	}
	return &arrival{entry: newRequest(r, body, s.now())}
}

// readBody takes the whole body at once: it is recorded, a handler that waits
// then notices when the client goes away, and a middleware finds it unread.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, bodyOf(r), maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return body, &apiError{status: http.StatusRequestEntityTooLarge, code: "payload_too_large", message: "the body is larger than 32 MiB"}
	}
	if err != nil {
		return body, invalid("the body could not be read")
	}
	return body, nil
}

// bodyOf returns a body even where there is none: only a request that came
// through a server is sure to have one.
func bodyOf(r *http.Request) io.ReadCloser {
	if r.Body == nil {
		return http.NoBody
	}
	return r.Body
}

// statusWriter notes the status of the answer.
type statusWriter struct {
	http.ResponseWriter
	note  func(status int)
	noted bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.noted && status >= 200 {
		w.noted = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.noted {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Flush sends what has been written, for middleware that asks for a Flusher.
func (w *statusWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush is not buffered for long
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
