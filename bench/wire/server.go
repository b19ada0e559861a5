package wire

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// limit is what a minute allows: so much that nobody ever waits.
const limit = 1_000_000_000

// Server is the service. A request's path may begin with /rows-N, which says how
// many agents the list has; the text of a chat message says what is answered:
// see serveChat.
type Server struct {
	rows  rows
	ids   atomic.Pointer[answer] // the newest answer to an ingest
	spent atomic.Int64
	crowd crowd
}

// answer is one that was made for n chunks.
type answer struct {
	n    int
	body []byte
}

// NewServer makes a service with as many rows as any list asks for.
func NewServer() *Server { return &Server{rows: makeRows(maxRows)} }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, total := r.URL.Path, 100
	if rest, ok := strings.CutPrefix(path, "/rows-"); ok {
		number, tail, _ := strings.Cut(rest, "/")
		total, _ = strconv.Atoi(number)
		path = "/" + tail
	}
	if r.Header.Get("X-Api-Key") != Key {
		http.Error(w, `{"error":{"code":"unauthorized","message":"the key is not known"}}`, http.StatusUnauthorized)
		return
	}
	s.writeHead(w.Header())
	switch {
	case path == "/v1/agents" && r.Method == http.MethodGet:
		s.serveList(w, r, total)
	case path == "/v1/agents" && r.Method == http.MethodPost:
		_, _ = io.Copy(io.Discard, r.Body)
		write(w, http.StatusCreated, []byte(agentBody))
	case strings.HasSuffix(path, "/status"):
		write(w, http.StatusOK, []byte(statusBody))
	case strings.HasSuffix(path, "/chat/messages"):
		s.serveChat(w, r)
	case strings.HasSuffix(path, "/knowledge"):
		s.serveIngest(w, r)
	default:
		write(w, http.StatusOK, []byte(agentBody))
	}
}

func (s *Server) writeHead(h http.Header) {
	spent := s.spent.Add(1)
	h["X-Request-Id"] = []string{"req_5f0c2f6b9d1e"}
	h["X-Ratelimit-Limit"] = []string{strconv.Itoa(limit)}
	h["X-Ratelimit-Remaining"] = []string{strconv.FormatInt(limit-spent, 10)}
	h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(time.Now().Unix()+60, 10)}
}

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *Server) serveList(w http.ResponseWriter, r *http.Request, total int) {
	query := r.URL.Query()
	offset, _ := strconv.Atoi(query.Get("offset"))
	rows, err := strconv.Atoi(query.Get("limit"))
	if err != nil || rows < 1 {
		rows = 100
	}
	write(w, http.StatusOK, s.rows.page(min(max(total, 0), maxRows), min(rows, maxRows), offset))
}

func (s *Server) serveIngest(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	n := bytes.Count(body, []byte(`"content":`))
	known := s.ids.Load()
	if known == nil || known.n != n {
		known = &answer{n, ingested(n)}
		s.ids.Store(known)
	}
	write(w, http.StatusCreated, known.body)
}

// crowd lets those who meet in it go on when all are there.
type crowd struct {
	mu    sync.Mutex
	here  int
	ready chan struct{}
}

// meet waits until size callers are here, or until the caller's is over.
func (c *crowd) meet(size int, over <-chan struct{}) {
	c.mu.Lock()
	if c.here == 0 {
		c.ready = make(chan struct{})
	}
	ready := c.ready
	if c.here++; c.here >= size {
		close(ready)
		c.here = 0
	}
	c.mu.Unlock()
	select {
	case <-ready:
	case <-over:
	}
}
