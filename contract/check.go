package contract

import (
	"bytes"
	"context"
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

	"github.com/remsyshq/agento-go/internal/test/exchange"
)

const eventStream = "text/event-stream"

func init() {
	openapi3filter.RegisterBodyDecoder(eventStream, func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		body, err := io.ReadAll(r)
		return string(body), err
	})
}

// errNoOperation says that a request is none of the document's operations.
var errNoOperation = errors.New("the document has no such path and method")

// splitTarget takes a request's target apart as it was sent.
func splitTarget(target string) (*url.URL, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, fmt.Errorf("the target is not a URL: %w", err)
	}
	return u, nil
}

// checkRequest holds a request to the document. It returns the operation that it
// is, if it is one.
func (d *Document) checkRequest(e *exchange.Exchange) (*operation, error) {
	u, err := splitTarget(e.Target)
	if err != nil {
		return nil, err
	}
	op := d.find(e.Method, u.EscapedPath())
	if op == nil {
		return nil, errNoOperation
	}
	if err := op.checkQuery(u.Query()); err != nil {
		return op, err
	}
	if op.spec.RequestBody == nil && len(e.Body) > 0 {
		return op, errors.New("the operation takes no body")
	}
	return op, shorten(openapi3filter.ValidateRequest(context.Background(), d.input(op, e, u)))
}

// checkQuery refuses parameters that the operation does not have, or has once.
func (op *operation) checkQuery(query url.Values) error {
	for name, values := range query {
		inQuery := func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInQuery && p.Value.Name == name
		}
		if !slices.ContainsFunc(op.spec.Parameters, inQuery) && !slices.ContainsFunc(op.item.Parameters, inQuery) {
			return fmt.Errorf("the operation has no query parameter %q", name)
		}
		if len(values) > 1 {
			return fmt.Errorf("the query parameter %q is there %d times", name, len(values))
		}
	}
	return nil
}

// input puts an exchange into the validator's form.
func (d *Document) input(op *operation, e *exchange.Exchange, u *url.URL) *openapi3filter.RequestValidationInput {
	header := e.Header.Clone()
	if !bySDK(e) && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json") // tests of the fake leave it out
	}
	req := &http.Request{
		Method: e.Method, URL: u, Header: header,
		Body: io.NopCloser(bytes.NewReader(e.Body)), ContentLength: int64(len(e.Body)),
	}
	return &openapi3filter.RequestValidationInput{
		Request:    req,
		PathParams: op.values(u.EscapedPath()),
		Route:      &routers.Route{Spec: d.doc, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.spec},
		Options: &openapi3filter.Options{
			AuthenticationFunc:    hasKey,
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true,
		},
	}
}

// hasKey wants the header that the security scheme names.
func hasKey(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if scheme := in.SecurityScheme; in.RequestValidationInput.Request.Header.Get(scheme.Name) == "" {
		return fmt.Errorf("the header %s is missing", scheme.Name)
	}
	return nil
}

// rateLimitHeaders are what a service without a rate limit leaves out.
var rateLimitHeaders = []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

// checkAnswer holds an answer to what the document says of the operation. It
// returns the number of events in a stream.
func (d *Document) checkAnswer(op *operation, e *exchange.Exchange) (events int, err error) {
	u, err := splitTarget(e.Target)
	if err != nil {
		return 0, err
	}
	header := e.Answer.Header.Clone()
	if e.Unlimited {
		for _, name := range rateLimitHeaders {
			if header.Get(name) != "" {
				return 0, fmt.Errorf("a service without a rate limit sends %s", name)
			}
			header.Set(name, "0") // the document wants them
		}
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: d.input(op, e, u),
		Status:                 e.Answer.Status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(e.Answer.Body)),
	}
	options := *in.RequestValidationInput.Options
	options.ExcludeResponseBody = !e.Answer.Whole
	in.Options = &options
	if e.Answer.Status == http.StatusRequestEntityTooLarge {
		return 0, d.checkError(e.Answer)
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		return 0, shorten(err)
	}
	return d.checkBody(op, e.Answer)
}

// checkBody checks what the validator leaves open: that there is no body where
// none is described, and the events of a stream.
func (d *Document) checkBody(op *operation, a *exchange.Answer) (events int, err error) {
	response := op.spec.Responses.Status(a.Status).Value
	if len(response.Content) == 0 {
		if len(a.Body) > 0 {
			return 0, fmt.Errorf("a %d has no body, and this one does", a.Status)
		}
		return 0, nil
	}
	media := response.Content[eventStream]
	if media == nil || !strings.HasPrefix(a.Header.Get("Content-Type"), eventStream) {
		return 0, nil
	}
	return d.checkEvents(media, a.Body)
}

// checkNoOperation holds the answer to a request that is no operation to the
// form that all errors have.
func (d *Document) checkNoOperation(a *exchange.Answer) error {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusTooManyRequests:
		return d.checkError(a)
	}
	return fmt.Errorf("a request that is no operation is answered with %d", a.Status)
}

// checkError holds an answer that the document leaves out on purpose to the form
// of errors: for a path that is not there, and for a body above the fake's own
// limit.
func (d *Document) checkError(a *exchange.Answer) error {
	if a.Header.Get("X-Request-Id") == "" {
		return errors.New("the header X-Request-Id is missing")
	}
	if !a.Whole {
		return nil
	}
	return d.checkJSON(d.doc.Components.Schemas["ErrorEnvelope"].Value, a.Body)
}

// shorten makes one line of a validator's error, without the schema in it.
func shorten(err error) error {
	if err == nil {
		return nil
	}
	line := strings.Join(strings.Fields(err.Error()), " ")
	line, _, _ = strings.Cut(line, " Schema: {")
	return errors.New(line)
}
