// Package exchange records the requests of the SDK's tests and the fake service's
// responses, so that the contract module can check both against openapi.json. Nothing is
// recorded unless a test binary requests it: see package recording.
package exchange

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Variable is the environment variable that names the directory for records.
const Variable = "AGENTO_EXCHANGES"

// Exchange is one request and, if the fake service itself responded, the response.
type Exchange struct {
	Package   string // the package whose tests sent it
	Test      string // the test function; empty: unknown
	Method    string
	Target    string // path and query, as sent
	Header    http.Header
	Body      []byte
	Answer    *Answer // nil if a test wrote the response
	Unlimited bool    // the service has no rate limit
}

// Answer is a response of the fake service.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Whole  bool // not truncated
}

const keyMask = "ak_live_********************************"

// maskKey returns the headers with the API key masked.
func maskKey(h http.Header) http.Header {
	h = h.Clone()
	for i := range h["X-Api-Key"] {
		h["X-Api-Key"][i] = keyMask
	}
	return h
}

// recorder writes exchanges to one file.
type recorder struct {
	pkg  string
	mu   sync.Mutex
	file *os.File
}

// current is nil unless this process records.
var current atomic.Pointer[recorder]

// RecordTo makes this process record to a new file in dir. pkg is the package whose tests
// it runs.
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
		panic(fmt.Sprintf("exchange: %v", err)) // cannot fail for strings and bytes
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		panic(fmt.Sprintf("exchange: %v", err)) // an incomplete record is useless
	}
}

// Read calls see for each of the exchanges recorded to a directory.
func Read(dir string, see func(*Exchange)) error {
	names, err := filepath.Glob(filepath.Join(dir, "exchanges-*.jsonl"))
	if err != nil {
		return err
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		for decoder := json.NewDecoder(bufio.NewReader(file)); ; {
			var e Exchange
			if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("exchange: %s: %w", name, err)
			}
			see(&e)
		}
	}
	return nil
}
