package agentotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/remsyshq/agento-go/internal/test/jsonname"
)

// response is the result of an operation. It has not been sent, so a fault can discard
// it after the operation has taken effect.
type response struct {
	status int
	header http.Header
	body   []byte
	stream *eventStream // replaces body
}

type eventStream struct {
	// write sends the events. It returns false if the stream was interrupted.
	write func(c *call) (complete bool)
	// finish, if not nil, runs at the end, also if a fault interrupts or replaces the response,
	// but not if the client disconnects.
	finish func()
}

type object map[string]any

// objectOf returns a JSON object that the SDK decodes into a T. The keys of values are
// the Go names of T's fields.
func objectOf[T any](values object) object {
	out := object{}
	for field, value := range values {
		out[jsonname.Of[T](field)] = value
	}
	return out
}

func ok(data any) (response, error) { return dataResponse(http.StatusOK, data, nil), nil }

func created(data any) (response, error) { return dataResponse(http.StatusCreated, data, nil), nil }

func noContent() (response, error) { return response{status: http.StatusNoContent}, nil }

func getResource[T resource](_ *call, row T) (response, error) { return ok(row.wire()) }

type pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

func dataResponse(status int, data any, page *pagination) response {
	return response{status: status, body: encodeJSON(struct {
		Data any         `json:"data"`
		Page *pagination `json:"pagination,omitempty"`
	}{data, page})}
}

// encodeJSON encodes v without escaping < > &, as servers in other languages do.
func encodeJSON(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("agentotest: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// list returns a page of rows, newest first. rows must be in order of creation.
func list[T resource](c *call, rows []T) (response, error) {
	limit, err := c.queryInt("limit", 1, len(rows))
	if err != nil {
		return response{}, err
	}
	offset, err := c.queryInt("offset", 0, 0)
	if err != nil {
		return response{}, err
	}
	if c.service.config.maxPage > 0 {
		limit = min(limit, c.service.config.maxPage)
	}
	rest := max(0, len(rows)-offset)
	data := make([]any, min(rest, limit))
	for i := range data {
		data[i] = rows[rest-1-i].wire()
	}
	return dataResponse(http.StatusOK, data, &pagination{len(rows), limit, offset}), nil
}

// apiError is an error that is sent as an error envelope.
type apiError struct {
	status  int
	code    string
	message string
	header  http.Header
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func newError(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return newError(http.StatusBadRequest, "validation_error", format, args...)
}

func conflict(format string, args ...any) error {
	return newError(http.StatusConflict, "conflict", format, args...)
}

func limitReached(format string, args ...any) error {
	return newError(http.StatusForbidden, "limit_reached", format, args...)
}

// notFound reports that a resource such as "agent" does not exist.
func notFound(resource string) error {
	return newError(http.StatusNotFound, resource+"_not_found", "there is no such %s", resource)
}

func errorResponse(err error) response {
	e := err.(*apiError) // handlers return no other errors
	return response{status: e.status, header: e.header, body: errorBody(e.code, e.message)}
}

func errorBody(code, message string) []byte {
	return encodeJSON(object{"error": object{"code": code, "message": message}})
}

// wireTime is a time in the API's format. The zero time is null.
type wireTime time.Time

const timeFormat = "2006-01-02T15:04:05.000Z"

func (t wireTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(strconv.Quote(time.Time(t).UTC().Format(timeFormat))), nil
}

// orNull returns text, or nil if text is empty.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
