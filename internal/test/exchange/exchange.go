// Package exchange records what the SDK's tests send and what the test service
// answers, so that the contract module can hold both sides to openapi.json.
//
// Nothing is recorded unless a test binary asks for it: see package recording.
package exchange

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Variable is the environment variable that names the directory to record to.
const Variable = "AGENTO_EXCHANGES"

// Exchange is one request and, where the test service itself gave it, the answer.
type Exchange struct {
	Package   string // whose tests it comes from
	Test      string // the test function or, where that is not known, a helper of it
	Method    string
	Target    string // path and query, as they were sent
	Header    http.Header
	Body      []byte
	Answer    *Answer // nil: only the request counts
	Unlimited bool    // the service has no rate limit
}

// Answer is what the test service answered of its own accord.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Whole  bool // it was not broken off
}

const keyMask = "ak_live_********************************"

// maskKey keeps that there is a key, and not which.
func maskKey(h http.Header) http.Header {
	h = h.Clone()
	for i := range h["X-Api-Key"] {
		h["X-Api-Key"][i] = keyMask
	}
	return h
}

// recorder writes exchanges to a file of its own.
type recorder struct {
	pkg  string
	mu   sync.Mutex
	file *os.File
}

// current is nil unless this process records.
var current atomic.Pointer[recorder]

// RecordTo makes this process record to a new file in a directory. pkg names the
// tests that it runs.
func RecordTo(dir, pkg string) error {
	file, err := os.CreateTemp(dir, "exchanges-*.jsonl")
	if err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	current.Store(&recorder{pkg: pkg, file: file})
	return nil
}

func (r *recorder) write(e *Exchange) {
	line, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("exchange: %v", err)) // strings and bytes only
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		panic(fmt.Sprintf("exchange: %v", err)) // a gap in the record would prove nothing
	}
}

// Read iterates over all that was recorded to a directory.
func Read(dir string) iter.Seq2[Exchange, error] {
	return func(yield func(Exchange, error) bool) {
		names, err := filepath.Glob(filepath.Join(dir, "exchanges-*.jsonl"))
		if err != nil {
			yield(Exchange{}, err)
			return
		}
		for _, name := range names {
			if !readFile(name, yield) {
				return
			}
		}
	}
}

// readFile returns false when the iteration is over.
func readFile(name string, yield func(Exchange, error) bool) bool {
	file, err := os.Open(name)
	if err != nil {
		return yield(Exchange{}, err)
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var e Exchange
		err := decoder.Decode(&e)
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			yield(Exchange{}, fmt.Errorf("exchange: %s: %w", name, err))
			return false
		case !yield(e, nil):
			return false
		}
	}
}
