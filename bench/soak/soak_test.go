package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

// soakInMemory checks a short load in virtual time.
func soakInMemory(t *testing.T, opts ...agentotest.Option) (text string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, l := soak(ctx, append(opts, agentotest.WithInMemory())...)
		text, err = l.check()
	})
	return text, err
}

func TestSoak(t *testing.T) {
	text, err := soakInMemory(t)
	require.NoError(t, err, text)
	require.Regexp(t, `violations +0\n`, text)
}

func TestSoakPOSTAppliedTwice(t *testing.T) {
	_, err := soakInMemory(t, agentotest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/chat/sessions") {
				body, _ := io.ReadAll(r.Body)
				first := r.Clone(r.Context())
				first.Body, r.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
				discard(next, first)
			}
			next.ServeHTTP(w, r)
		})
	}))
	require.ErrorContains(t, err, "createSession, took effect 2 times")
}

// discard serves a request and ignores how the response ends.
func discard(h http.Handler, r *http.Request) {
	defer func() { _ = recover() }() // http.ErrAbortHandler
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestSoakLostWrite(t *testing.T) {
	_, err := soakInMemory(t, agentotest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				_, _ = io.WriteString(w, `{"data":null}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	require.ErrorContains(t, err, "was reported as a success and took no effect")
}

func TestSoakLostEvents(t *testing.T) {
	for events, violation := range map[string]string{
		`"type":"text"`: "chat w",
		linePrefix:      "a log has line",
	} {
		_, err := soakInMemory(t, agentotest.WithMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(&lossy{ResponseWriter: w, events: []byte(events)}, r)
			})
		}))
		require.ErrorContains(t, err, violation)
	}
}

// lossy loses every tenth event of a kind.
type lossy struct {
	http.ResponseWriter
	events []byte
	n      int
}

func (l *lossy) Write(p []byte) (int, error) {
	if bytes.Contains(p, l.events) {
		if l.n++; l.n%10 == 0 {
			return len(p), nil
		}
	}
	return l.ResponseWriter.Write(p)
}

func (l *lossy) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func TestWriteViolation(t *testing.T) {
	for name, tt := range map[string]struct {
		write     write
		violation string
	}{
		"succeeded, once":         {write{effects: 1, outcome: succeeded}, ""},
		"succeeded, PUT twice":    {write{effects: 2, idempotent: true, outcome: succeeded}, ""},
		"succeeded, POST twice":   {write{effects: 2, outcome: succeeded}, "took effect 2 times"},
		"succeeded, never":        {write{outcome: succeeded}, "was reported as a success and took no effect"},
		"failed, never":           {write{outcome: failed}, ""},
		"failed, once":            {write{effects: 1, outcome: failed}, "was reported as a failure and took effect"},
		"failed, DELETE twice":    {write{effects: 2, idempotent: true, outcome: failed}, "was reported as a failure and took effect"},
		"unknown outcome, never":  {write{outcome: unknown}, ""},
		"unknown outcome, once":   {write{effects: 1, outcome: unknown}, ""},
		"unknown outcome, 3 POST": {write{effects: 3, outcome: unknown}, "took effect 3 times"},
	} {
		require.Equal(t, tt.violation, tt.write.violation(), name)
	}
}

func TestLedgerFindsIdleRun(t *testing.T) {
	_, err := newLedger().check()
	for _, name := range required {
		require.ErrorContains(t, err, "no "+name)
	}
}

func TestLogReader(t *testing.T) {
	for name, tt := range map[string]struct {
		lines     string // "-" is a marker
		received  int
		violation string
	}{
		"in order":            {"5 6 7", 3, ""},
		"gap at a mark":       {"5 - 8 9", 3, ""},
		"mark without a gap":  {"5 - 6", 2, ""},
		"mark at the start":   {"- 5 6", 2, ""},
		"gap without a mark":  {"5 7", 2, "line 7 after line 5"},
		"gap later":           {"5 - 6 8", 3, "line 8 after line 6"},
		"duplicate":           {"5 6 6", 3, "line 6 after line 6"},
		"duplicate at a mark": {"5 6 - 6", 3, "line 6 after line 6"},
		"damaged":             {"5 x6", 2, `the damaged line "soak line x6"`},
	} {
		var r logReader
		for _, line := range strings.Fields(tt.lines) {
			r.entry(agento.LogEntry{Line: linePrefix + line, Reconnected: line == "-"})
		}
		require.Equal(t, tt, struct {
			lines     string
			received  int
			violation string
		}{tt.lines, r.received, r.violation}, name)
	}
}
