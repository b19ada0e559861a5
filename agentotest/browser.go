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

// Browser simulates a visitor's browser in tests of a backend that uses
// chathttp.Handler. It is not safe for concurrent use.
type Browser struct {
	URL    string       // URL of the handler
	Client *http.Client // default http.DefaultClient; set one with a Jar to keep cookies
	Header http.Header  // added to each request, for example to sign in
	Token  string       // session token, updated from each response
}

// BrowserAnswer is a response that a [Browser] received.
type BrowserAnswer struct {
	Status int
	Header http.Header
	Text   string            // concatenated text events
	Events []json.RawMessage // all events of the stream, in order
	// Code is the error code of the response or of its last event. It is empty if the
	// answer is complete.
	Code string
}

// Say sends a message and reads the whole response. It returns an error if the response
// does not have the format that chathttp.Handler documents.
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
		return nil, fmt.Errorf("agentotest: response with status %d is not from chathttp.Handler: %.200q", answer.Status, raw)
	}
	answer.Code = e.Error.Code
	b.setToken(e.Session)
	return answer, nil
}

// readEvents parses a complete stream of comments and events of one data line each.
func (b *Browser) readEvents(answer *BrowserAnswer, stream string) error {
	last := ""
	for block := range strings.SplitSeq(stream, "\n\n") {
		if block == "" || strings.HasPrefix(block, ":") {
			continue
		}
		data, ok := strings.CutPrefix(block, "data: ")
		if !ok {
			return fmt.Errorf("agentotest: invalid event: %.200q", block)
		}
		var err error
		if last, err = b.readEvent(answer, []byte(data)); err != nil {
			return fmt.Errorf("agentotest: invalid event: %.200q: %w", block, err)
		}
	}
	if last != `"done"` && last != `"error"` {
		return fmt.Errorf("agentotest: stream ends without a done or error event: %.200q", stream)
	}
	return nil
}

// readEvent decodes an event and returns the JSON of its type. A filter may pass other
// events on, so an event may be any JSON value.
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
