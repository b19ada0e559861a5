package agentotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Browser is a visitor's browser before an chathttp.Handler, for tests of the
// backend that the handler is a part of: its sign-in, its routes, what it tells
// the agent. It is not for use by several goroutines.
type Browser struct {
	URL    string       // of the handler
	Client *http.Client // nil is http.DefaultClient; one with a jar keeps cookies
	Header http.Header  // of each request besides, such as what the sign-in wants
	Token  string       // of the session, kept from each answer for the next message
}

// BrowserAnswer is what a browser was answered.
type BrowserAnswer struct {
	Status int
	Header http.Header
	Text   string            // all of it
	Events []json.RawMessage // of the stream, in order, as they came
	// Code is that of an error, be it the answer's or an event's. If it is empty,
	// the answer is complete.
	Code string
}

// Say sends a message and reads the answer to its end. It returns an error where
// the answer is not in the form that chathttp.Handler documents.
func (b *Browser) Say(ctx context.Context, message string) (*BrowserAnswer, error) {
	body := encodeJSON(struct {
		Message string `json:"message"`
		Session string `json:"session,omitempty"`
	}{message, b.Token})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range b.Header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json")
	client := b.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	answer := &BrowserAnswer{Status: response.StatusCode, Header: response.Header}
	if response.StatusCode != http.StatusOK {
		return answer, b.takeError(answer, raw)
	}
	return answer, b.takeEvents(answer, string(raw))
}

func (b *Browser) takeError(answer *BrowserAnswer, raw []byte) error {
	var e struct {
		Error   struct{ Code string }
		Session string
	}
	if json.Unmarshal(raw, &e) != nil || e.Error.Code == "" {
		return fmt.Errorf("agentotest: status %d without an error as of chathttp.Handler: %.200q", answer.Status, raw)
	}
	answer.Code = e.Error.Code
	b.keep(e.Session)
	return nil
}

// takeEvents reads a stream that has ended: data lines of one event each, and
// comments.
func (b *Browser) takeEvents(answer *BrowserAnswer, stream string) error {
	last := ""
	for block := range strings.SplitSeq(stream, "\n\n") {
		data, ok := strings.CutPrefix(block, "data: ")
		if !ok {
			if block == "" || strings.HasPrefix(block, ":") {
				continue
			}
			return fmt.Errorf("agentotest: not an event: %.200q", block)
		}
		var err error
		if last, err = b.takeEvent(answer, []byte(data)); err != nil {
			return fmt.Errorf("agentotest: not an event: %.200q: %w", block, err)
		}
	}
	if last != "done" && last != "error" {
		return fmt.Errorf("agentotest: the stream ends without done or error: %.200q", stream)
	}
	return nil
}

// takeEvent keeps an event and returns its type, "" if it has none. It reads
// those that chathttp.Handler documents; what a filter lets through besides
// may be any JSON.
func (b *Browser) takeEvent(answer *BrowserAnswer, data []byte) (kind string, err error) {
	var e struct{ Type string }
	var untyped *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &e); err != nil && !errors.As(err, &untyped) {
		return "", err
	}
	answer.Events = append(answer.Events, data)
	answer.Code = "" // that of the last event counts
	switch e.Type {
	case "session":
		var session struct{ Token string }
		err = json.Unmarshal(data, &session)
		b.keep(session.Token)
	case "text":
		var text struct{ Content string }
		err = json.Unmarshal(data, &text)
		answer.Text += text.Content
	case "error":
		var failure struct{ Error struct{ Code string } }
		err = json.Unmarshal(data, &failure)
		answer.Code = failure.Error.Code
	}
	return e.Type, err
}

func (b *Browser) keep(token string) {
	if token != "" {
		b.Token = token
	}
}
