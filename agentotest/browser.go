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

// Browser is a visitor's browser for tests of a backend that uses chathttp.Handler: its
// sign-in, its routes, what it sends to the agent. It is not safe for concurrent use.
type Browser struct {
	URL    string       // of the handler
	Client *http.Client // nil is http.DefaultClient; one with a jar keeps cookies
	Header http.Header  // added to each request, such as what the sign-in needs
	Token  string       // of the session, kept from each response for the next message
}

// BrowserAnswer is a response to a browser.
type BrowserAnswer struct {
	Status int
	Header http.Header
	Text   string            // of all text events
	Events []json.RawMessage // of the stream, in order, as they arrived
	// Code is the code of an error, of the response or of its last event. If it is
	// empty, the answer is complete.
	Code string
}

// Say sends a message and reads the response to its end. It returns an error if the
// response is not in the form that chathttp.Handler documents.
func (b *Browser) Say(ctx context.Context, message string) (*BrowserAnswer, error) {
	body := object{"message": message}
	if b.Token != "" {
		body["session"] = b.Token
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(encodeJSON(body)))
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
	if response.StatusCode == http.StatusOK {
		return answer, b.readEvents(answer, string(raw))
	}
	var e struct {
		Error   struct{ Code string }
		Session string
	}
	if json.Unmarshal(raw, &e) != nil || e.Error.Code == "" {
		return nil, fmt.Errorf("agentotest: status %d without an error of chathttp.Handler: %.200q", answer.Status, raw)
	}
	answer.Code = e.Error.Code
	b.setToken(e.Session)
	return answer, nil
}

// readEvents reads a stream that has ended: data lines of one event each, and comments.
func (b *Browser) readEvents(answer *BrowserAnswer, stream string) error {
	last := ""
	for block := range strings.SplitSeq(stream, "\n\n") {
		if block == "" || strings.HasPrefix(block, ":") {
			continue
		}
		data, ok := strings.CutPrefix(block, "data: ")
		if !ok {
			return fmt.Errorf("agentotest: not an event: %.200q", block)
		}
		var err error
		if last, err = b.readEvent(answer, []byte(data)); err != nil {
			return fmt.Errorf("agentotest: not an event: %.200q: %w", block, err)
		}
	}
	if last != `"done"` && last != `"error"` {
		return fmt.Errorf("agentotest: the stream ends without done or error: %.200q", stream)
	}
	return nil
}

// readEvent reads an event that chathttp.Handler documents and returns the JSON of its
// type. Other events, which a filter lets through, may be any JSON.
func (b *Browser) readEvent(answer *BrowserAnswer, data []byte) (kind string, err error) {
	var e struct{ Type, Content, Token, Error json.RawMessage }
	var notObject *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &e); err != nil && !errors.As(err, &notObject) {
		return "", err
	}
	answer.Events = append(answer.Events, data)
	answer.Code = ""
	kind = string(e.Type)
	switch kind {
	case `"session"`:
		var token string
		err = json.Unmarshal(e.Token, &token)
		b.setToken(token)
	case `"text"`:
		var content string
		err = json.Unmarshal(e.Content, &content)
		answer.Text += content
	case `"error"`:
		var failure struct{ Code string }
		err = json.Unmarshal(e.Error, &failure)
		answer.Code = failure.Code
	}
	return kind, err
}

func (b *Browser) setToken(token string) {
	if token != "" {
		b.Token = token
	}
}
