package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/remsyshq/agento-go/internal/sse"
	"github.com/remsyshq/agento-go/internal/test/exchange"
)

const (
	eventStream = "text/event-stream"
	closeEvent  = "close" // the only event type without data
	maxEvent    = 64 << 20
)

func init() {
	openapi3filter.RegisterBodyDecoder(eventStream, func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		body, err := io.ReadAll(r)
		return string(body), err
	})
}

// Verdict is the result of a check.
type Verdict struct {
	Operation         string // its ID; empty if the request matches no operation
	Request, Response error
	Events            int // in a stream
}

// Check checks a request and its response, if any. An unknown field is an error only
// in a request of the SDK.
func (d *Document) Check(e *exchange.Exchange) Verdict {
	if bySDK(e) && d.closed != nil {
		d = d.closed
	}
	t, err := d.find(e)
	if err != nil {
		v := Verdict{Request: err}
		if e.Answer != nil {
			v.Response = d.checkNoOperation(e.Answer)
		}
		return v
	}
	v := Verdict{Operation: t.Operation.OperationID, Request: t.checkRequest(e)}
	switch {
	case e.Answer == nil:
	case e.Answer.Status == http.StatusRequestEntityTooLarge:
		v.Response = d.checkError(e.Answer)
	default:
		v.Events, v.Response = t.checkResponse(e)
	}
	return v
}

func bySDK(e *exchange.Exchange) bool {
	return strings.Contains(e.Header.Get("User-Agent"), "agento-go/")
}

// errNoOperation reports a request that matches no operation of the document.
var errNoOperation = errors.New("the document has no such path and method")

// target is a request with its operation.
type target struct {
	*routers.Route
	url    *url.URL
	params map[string]string // path parameters
}

// find returns the operation of a request.
func (d *Document) find(e *exchange.Exchange) (*target, error) {
	u, err := url.ParseRequestURI(e.Target)
	if err != nil {
		return nil, fmt.Errorf("target is not a URL: %w", err)
	}
	route, params, err := d.router.FindRoute(&http.Request{Method: e.Method, URL: u})
	if err != nil {
		return nil, errNoOperation
	}
	return &target{Route: route, url: u, params: params}, nil
}

// checkRequest checks a request of an operation.
func (t *target) checkRequest(e *exchange.Exchange) error {
	for name, values := range t.url.Query() {
		isIt := func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInQuery && p.Value.Name == name
		}
		if !slices.ContainsFunc(slices.Concat(t.Operation.Parameters, t.PathItem.Parameters), isIt) {
			return fmt.Errorf("operation has no query parameter %q", name)
		}
		if len(values) > 1 {
			return fmt.Errorf("query parameter %q occurs %d times", name, len(values))
		}
	}
	if t.Operation.RequestBody == nil && len(e.Body) > 0 {
		return errors.New("operation takes no body")
	}
	return shorten(openapi3filter.ValidateRequest(context.Background(), t.input(e)))
}

// input returns a request in the form that the validator expects.
func (t *target) input(e *exchange.Exchange) *openapi3filter.RequestValidationInput {
	header := e.Header.Clone()
	if !bySDK(e) && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json") // tests of the fake omit it
	}
	return &openapi3filter.RequestValidationInput{
		Request: &http.Request{
			Method: e.Method, URL: t.url, Header: header,
			Body: io.NopCloser(bytes.NewReader(e.Body)), ContentLength: int64(len(e.Body)),
		},
		PathParams: t.params,
		Route:      t.Route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    hasKey,
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true,
		},
	}
}

// hasKey requires the header of the security scheme.
func hasKey(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if scheme := in.SecurityScheme; in.RequestValidationInput.Request.Header.Get(scheme.Name) == "" {
		return fmt.Errorf("header %s is missing", scheme.Name)
	}
	return nil
}

// rateLimitHeaders are the headers that a service without a rate limit omits.
var rateLimitHeaders = []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

// checkResponse checks a response of an operation. It returns the number of events in
// a stream.
func (t *target) checkResponse(e *exchange.Exchange) (events int, err error) {
	header := e.Answer.Header.Clone()
	if e.Unlimited {
		for _, name := range rateLimitHeaders {
			if header.Get(name) != "" {
				return 0, fmt.Errorf("service without a rate limit sends %s", name)
			}
			header.Set(name, "0") // the document requires them
		}
	}
	request := t.input(e)
	options := *request.Options
	options.ExcludeResponseBody = !e.Answer.Whole
	if err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 e.Answer.Status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(e.Answer.Body)),
		Options:                &options,
	}); err != nil {
		return 0, shorten(err)
	}
	// The validator does not check events, or that a body without a description is empty.
	content := t.Operation.Responses.Status(e.Answer.Status).Value.Content
	if len(content) == 0 && len(e.Answer.Body) > 0 {
		return 0, fmt.Errorf("%d response has a body", e.Answer.Status)
	}
	if media := content[eventStream]; media != nil && strings.HasPrefix(e.Answer.Header.Get("Content-Type"), eventStream) {
		return checkEvents(media, e.Answer.Body)
	}
	return 0, nil
}

// checkNoOperation checks the response to a request that matches no operation.
func (d *Document) checkNoOperation(a *exchange.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusTooManyRequests:
		return d.checkError(a)
	}
	return fmt.Errorf("request matches no operation and gets status %d", a.Status)
}

// checkError checks an error that the document omits on purpose: for an unknown path,
// and for a body above the fake service's own limit.
func (d *Document) checkError(a *exchange.Answer) error {
	if a.Header.Get("X-Request-Id") == "" {
		return errors.New("header X-Request-Id is missing")
	}
	if !a.Whole {
		return nil
	}
	return checkJSON(d.doc.Components.Schemas["ErrorEnvelope"].Value, a.Body)
}

// shorten returns a validator's error in one line, without the schema.
func shorten(err error) error {
	if err == nil {
		return nil
	}
	line := strings.Join(strings.Fields(err.Error()), " ")
	line, _, _ = strings.Cut(line, " Schema: {")
	return errors.New(line)
}

// checkEvents checks each complete event of a stream and returns the number of events.
func checkEvents(media *openapi3.MediaType, body []byte) (events int, err error) {
	if media.ItemSchema == nil {
		return 0, errors.New("document has no schema for the events of this stream")
	}
	decoder := sse.NewDecoder(maxEvent)
	var event sse.Event
	for len(body) > 0 {
		n := copy(decoder.Buffer(), body)
		decoder.Advance(n)
		body = body[n:]
		for {
			ok, err := decoder.Next(&event)
			if err != nil {
				return events, err
			}
			if !ok {
				break
			}
			events++
			if string(event.Type) == closeEvent {
				continue
			}
			if err := checkJSON(media.ItemSchema.Value, event.Data); err != nil {
				return events, fmt.Errorf("event %d: %w", events, err)
			}
		}
	}
	return events, nil
}

func checkJSON(schema *openapi3.Schema, data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return shorten(schema.VisitJSON(value, openapi3.EnableJSONSchema2020()))
}
