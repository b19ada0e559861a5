package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	agento "github.com/remsyshq/agento-go"
)

// sentRequest is a request that the SDK sends for a call.
type sentRequest struct {
	Method, Path string // the path is escaped
	Query        url.Values
	LastEventID  string // the header
	Body         any    // decoded from JSON; nil: none
}

// sent returns what the SDK sends for an operation: with all fields, and without each
// optional field.
func (op sdkOperation) sent() ([]sentRequest, error) {
	var out []sentRequest
	for _, sample := range op.samples(nil) {
		r, err := op.observe(sample)
		if err != nil {
			return nil, fmt.Errorf("%s: SDK rejects a complete call: %w", op.Name, err)
		}
		out = append(out, r...)
		if !sample.IsValid() {
			continue
		}
		for _, less := range leavingOut(sample) {
			r, err := op.observe(less)
			if errors.Is(err, agento.ErrValidation) {
				continue // the field is required, or another one requires it
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", op.Name, err)
			}
			out = append(out, r...)
		}
	}
	return out, nil
}

const madeUpKey = "ak_live_00000000000000000000000000000000"

// observe makes one call and returns the requests sent for it. There are several if the
// SDK reads a list page by page.
func (op sdkOperation) observe(params reflect.Value) ([]sentRequest, error) {
	var seen []sentRequest
	var failure error
	client, err := agento.New(madeUpKey, agento.WithMaxRetries(0), agento.WithPacing(false),
		agento.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			r := sentRequest{Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.Query(), LastEventID: req.Header.Get("Last-Event-ID")}
			if len(seen) > 0 && (seen[0].Method != r.Method || seen[0].Path != r.Path) {
				return op.reply(len(seen)), nil // the SDK reads back a write
			}
			r.Body, failure = decodeBody(req.Body)
			seen = append(seen, r)
			return op.reply(len(seen)), nil
		})}))
	if err != nil {
		return nil, err
	}
	ids := func(_ sdkOperation, placeholder string) string { return placeholder + "1" }
	err = op.do(context.Background(), client, ids, params)
	switch {
	case failure != nil:
		return nil, failure
	case seen != nil:
		return seen, nil
	case err == nil:
		return nil, fmt.Errorf("%s: nothing was sent", op.Name)
	}
	return nil, err
}

func decodeBody(body io.ReadCloser) (any, error) {
	if body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(body)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(data, &v)
}

// reply returns a response to the nth request that lets the call continue or end. The
// call's result does not matter.
func (op sdkOperation) reply(n int) *http.Response {
	header, body := http.Header{}, `{"data":null}`
	switch data, pages, _ := op.reads(); {
	case op.Stream:
		header.Set("Content-Type", "text/event-stream")
		body = "data: {\"type\":\"done\"}\n\nevent: close\ndata: {}\n\n"
	case data != nil && data.Kind() == reflect.Slice && !pages:
		body = fmt.Sprintf(`{"data":[{"id":"%d"}],"pagination":{"total":2}}`, n)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
