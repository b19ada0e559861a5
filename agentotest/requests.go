package agentotest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	maxRequests     = 10_000  // kept for Requests
	maxRecordedBody = 1 << 20 // of a request
)

// Request is a request that the service received.
type Request struct {
	Time      time.Time // by the service's clock
	Account   string    // the name of the account whose key it had; "" for an invalid key
	Operation string    // its name, such as "createAgent"; "" if the API has no such operation
	Method    string
	Path      string      // as it was sent, escaped, with the query
	Header    http.Header // with a mask in place of the value of X-Api-Key
	Body      []byte      // at most the first MiB
	Status    int         // of the response; 0 before it, and if the connection was dropped before it
}

// Decode decodes the JSON body of the request into v. The error names the operation.
func (r Request) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("agentotest: decode the body of %s: %w", cmp.Or(r.Operation, r.Method+" "+r.Path), err)
	}
	return nil
}

// Requests returns the newest 10,000 requests in order of arrival, rejected ones
// included.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	for _, entry := range newest(s.requests, maxRequests) {
		all = append(all, *entry)
	}
	return all
}

// RequestsTo returns the requests of one operation; see [Service.Next] for its name.
func (s *Service) RequestsTo(operation string) []Request {
	names := operationNames(operation)
	return filter(s.Requests(), func(r Request) bool { return slices.Contains(names, r.Operation) })
}

// ForgetRequests empties what [Service.Requests] returns.
func (s *Service) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

const keyMask = "ak_live_********"

func (s *Service) record(r *http.Request, body []byte) *Request {
	entry := &Request{
		Time: s.now(), Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(),
		Body: bytes.Clone(body[:min(len(body), maxRecordedBody)]),
	}
	if entry.Header.Get("X-Api-Key") != "" {
		entry.Header.Set("X-Api-Key", keyMask)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = appendLimited(s.requests, entry, maxRequests)
	return entry
}

// arrival is what ServeHTTP passes through the middleware to serve.
type arrival struct {
	entry  *Request
	cancel context.CancelFunc // ends the request
}

type arrivalKey struct{}

// statusWriter notes the status of the response.
type statusWriter struct {
	http.ResponseWriter
	service *Service
	entry   *Request
}

func (w *statusWriter) WriteHeader(status int) {
	w.service.mu.Lock()
	w.entry.Status = status
	w.service.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// Flush is for middleware that asks for an http.Flusher.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
