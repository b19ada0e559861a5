package agentotest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// handler does one operation. It runs with Service.mu held.
type handler func(s *Service, c *call) (answer, error)

// answer is what an operation has to say. Nothing of it has been sent, so that
// a scripted fault can throw it away after the operation took effect.
type answer struct {
	status int
	data   any         // goes into the envelope; ignored for a stream and with status 204
	page   *pagination // for lists
	body   []byte      // the encoded envelope
	stream *streamed
}

// streamed is an answer that is an event stream.
type streamed struct {
	// write sends the events. It returns false when the stream broke off.
	write func(c *call) bool
	// finish, if any, does what remains to be done at the end of the stream. It
	// is called once at most.
	finish func()
}

type pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

func ok(data any) (answer, error) { return answer{status: http.StatusOK, data: data}, nil }

func created(data any) (answer, error) { return answer{status: http.StatusCreated, data: data}, nil }

func noContent() (answer, error) { return answer{status: http.StatusNoContent}, nil }

func (a *answer) encode() {
	if a.stream != nil || a.status == http.StatusNoContent || a.body != nil {
		return
	}
	a.body = encodeJSON(struct {
		Data any         `json:"data"`
		Page *pagination `json:"pagination,omitempty"`
	}{a.data, a.page})
}

// encodeJSON writes < > & as they are, as servers outside Go do.
func encodeJSON(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("agentotest: encode %T: %v", v, err)) // own types only
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// list answers with one page of rows, newest first. rows are in the order in
// which they came into being; show gives the wire form of one.
func list[T any](s *Service, c *call, rows []T, show func(T) any) (answer, error) {
	limit, err := c.queryInt("limit", 1, 0)
	if err != nil {
		return answer{}, err
	}
	offset, err := c.queryInt("offset", 0, 0)
	if err != nil {
		return answer{}, err
	}
	rest := max(0, len(rows)-offset)
	if limit == 0 {
		limit = len(rows)
	}
	if s.config.maxPage > 0 {
		limit = min(limit, s.config.maxPage)
	}
	data := make([]any, min(rest, limit))
	for i := range data {
		data[i] = show(rows[rest-1-i])
	}
	return answer{status: http.StatusOK, data: data, page: &pagination{len(rows), limit, offset}}, nil
}

// apiError is an answer in the error envelope.
type apiError struct {
	status  int
	code    string
	message string
	header  http.Header // set besides
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func invalid(format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: "validation_error", message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &apiError{status: http.StatusConflict, code: "conflict", message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) error {
	return &apiError{status: http.StatusForbidden, code: "forbidden", message: fmt.Sprintf(format, args...)}
}

// notFound says that a resource such as "agent" is not there.
func notFound(resource string) error {
	return &apiError{status: http.StatusNotFound, code: resource + "_not_found", message: "there is no such " + resource}
}

func limitReached(format string, args ...any) error {
	return &apiError{status: http.StatusForbidden, code: "limit_reached", message: fmt.Sprintf(format, args...)}
}

func errorAnswer(err error) answer {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, code: "internal_error", message: err.Error()}
	}
	return answer{status: e.status, body: errorBody(e.code, e.message)}
}

func errorBody(code, message string) []byte {
	var envelope struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	envelope.Error.Code, envelope.Error.Message = code, message
	return encodeJSON(envelope)
}

// wireTime is a time as the API writes it.
type wireTime time.Time

func (t wireTime) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(time.Time(t).UTC().Format(timeFormat))), nil
}

const timeFormat = "2006-01-02T15:04:05.000Z"

// nullable returns nil for the zero time.
func nullable(t time.Time) *wireTime {
	if t.IsZero() {
		return nil
	}
	w := wireTime(t)
	return &w
}
