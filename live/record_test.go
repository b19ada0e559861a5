//go:build live

package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/wire"
)

// recorder records the responses of one operation as received.
type recorder struct {
	mu        sync.Mutex
	exchanges []*exchange
}

// exchange is a request and its response.
type exchange struct {
	method    string
	status    int
	mediaType string
	body      []byte
	complete  bool // the body was read to its end
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// middleware records the responses that pass through it.
func (r *recorder) middleware(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return resp, err
		}
		e := &exchange{method: req.Method, status: resp.StatusCode}
		e.mediaType, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.exchanges = append(r.exchanges, e)
		resp.Body = &recordedBody{resp.Body, r, e}
		return resp, nil
	})
}

type recordedBody struct {
	io.ReadCloser
	recorder *recorder
	exchange *exchange
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	b.exchange.body = append(b.exchange.body, p[:n]...)
	b.exchange.complete = b.exchange.complete || err == io.EOF
	return n, err
}

// take returns the exchanges since the last call.
func (r *recorder) take() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken []exchange
	for _, e := range r.exchanges {
		taken = append(taken, *e)
	}
	r.exchanges = nil
	return taken
}

func (e exchange) succeeded() bool { return e.status >= 200 && e.status < 300 }

func (e exchange) isEmpty() bool { return len(bytes.TrimSpace(e.body)) == 0 }

// isStream accepts a missing Content-Type, as the SDK does.
func (e exchange) isStream() bool { return e.mediaType == "" || e.mediaType == "text/event-stream" }

// events returns the data of a stream's complete events. Text that is not JSON becomes a
// JSON string.
func (e exchange) events() []json.RawMessage {
	blocks := strings.Split(strings.ReplaceAll(string(e.body), "\r\n", "\n"), "\n\n")
	var events []json.RawMessage
	for _, block := range blocks[:len(blocks)-1] {
		var lines []string
		for line := range strings.Lines(block) {
			if data, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "data:"); ok {
				lines = append(lines, strings.TrimPrefix(data, " "))
			}
		}
		if lines == nil {
			continue
		}
		event := json.RawMessage(strings.Join(lines, "\n"))
		if !json.Valid(event) {
			event, _ = json.Marshal(string(event))
		}
		events = append(events, event)
	}
	return events
}

// deniesSuccess reports whether a response or its data has "success": false.
func (e exchange) deniesSuccess() bool {
	type flag struct {
		Success *bool `json:"success"`
	}
	var body struct {
		flag
		Data json.RawMessage `json:"data"`
	}
	var data flag
	_ = json.Unmarshal(e.body, &body)
	_ = json.Unmarshal(body.Data, &data)
	return body.Success != nil && !*body.Success || data.Success != nil && !*data.Success
}

// hasData reports whether a response has the envelope of a successful response.
func (e exchange) hasData() bool {
	var body struct{ Data json.RawMessage }
	return json.Unmarshal(e.body, &body) == nil && body.Data != nil
}

// hasNothing reports whether a list has no rows, or a stream no events.
func (e exchange) hasNothing(op *route.Route) bool {
	var body struct{ Data []json.RawMessage }
	if op.Stream {
		return len(e.events()) == 0
	}
	return json.Unmarshal(e.body, &body) == nil && body.Data != nil && len(body.Data) == 0
}

// hasText reports whether a chat has a text event with text.
func (e exchange) hasText() bool {
	return slices.ContainsFunc(e.events(), func(event json.RawMessage) bool {
		var text struct{ Type, Content string }
		return json.Unmarshal(event, &text) == nil && text.Type == agento.ChatText && text.Content != ""
	})
}

// quotes returns excerpts of the response, or of its first and last event.
func (e exchange) quotes() []string {
	events := e.events()
	if !e.isStream() || len(events) == 0 {
		return []string{fmt.Sprintf("response to %s: %d %s: %s", e.method, e.status, e.mediaType, excerpt(e.body))}
	}
	return []string{"first event: " + excerpt(events[0]), "last event: " + excerpt(events[len(events)-1])}
}

// excerpt returns the beginning of a body on one line.
func excerpt(body []byte) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, wire.Excerpt([]byte(redact(string(body)))))
}

const maxReason = 600 // bytes

// reason returns an error as a line of the report.
func reason(err error) string {
	text := strings.ReplaceAll(redact(err.Error()), "\n", "; ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}

// redact removes the API key and the credential of the agent.
func redact(text string) string {
	for _, name := range []string{"AGENTO_API_KEY", "ANTHROPIC_API_KEY"} {
		if secret := os.Getenv(name); secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
