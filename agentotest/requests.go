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
	maxRequests     = 10_000
	maxRecordedBody = 1 << 20
)

// Request is a request that the service received.
type Request struct {
	Time      time.Time // according to the service's clock
	Account   string    // name of the account that the key belongs to; "" if the key is invalid
	Operation string    // such as "createAgent"; "" if the API has no such operation
	Method    string
	Path      string      // escaped, with the query, as sent
	Header    http.Header // with the value of X-Api-Key masked
	Body      []byte      // at most the first MiB
	Status    int         // status of the response; 0 if none has been sent
}

// Decode decodes the JSON body of the request into v.
func (r Request) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("agentotest: decode the body of %s: %w", cmp.Or(r.Operation, r.Method+" "+r.Path), err)
	}
	return nil
}

// Requests returns the newest 10,000 requests in order of arrival, including rejected
// ones.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Request
	for _, entry := range newest(s.requests, maxRequests) {
		all = append(all, *entry)
	}
	return all
}

// RequestsTo returns the recorded requests of one operation, named as in
// [Service.Next].
func (s *Service) RequestsTo(operation string) []Request {
	names := operationNames(operation)
	return filter(s.Requests(), func(r Request) bool { return slices.Contains(names, r.Operation) })
}

// ForgetRequests deletes the recorded requests.
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

// arrival is a value in the request's context.
type arrival struct {
	entry  *Request
	cancel context.CancelFunc // ends the request
}

type arrivalKey struct{}

// statusWriter records the status of the response.
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

// Flush implements http.Flusher, which some middleware needs.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap returns the wrapped writer for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
