// Package wire encodes and decodes the API's wire format: paths and URLs, headers, JSON
// bodies, and the envelopes of data, pagination and errors.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// Errors for a success status with an unexpected body.
var (
	ErrNoData    = errors.New("the response has no data")
	ErrNotJSON   = errors.New("the response is not JSON")
	ErrNoSuccess = errors.New("the response reports a failure")
)

// Pagination is the position of a page in a list.
type Pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// Data decodes the data of a response, which must not be null.
func Data[T any](body []byte) (*T, error) {
	if err := checkMemory(body, 0); err != nil {
		return nil, err
	}
	var response struct {
		Success *bool `json:"success"`
		Data    *T    `json:"data"`
	}
	switch err := Decode(body, &response); {
	case err != nil:
		return nil, err
	case response.Success != nil && !*response.Success:
		return nil, ErrNoSuccess
	case response.Data == nil:
		return nil, ErrNoData
	}
	return response.Data, nil
}

// Rows decodes a list. A null list without an error is empty. A response without data is an
// error.
func Rows[T any](body []byte) ([]T, Pagination, error) {
	if err := checkMemory(body, reflect.TypeFor[T]().Size()); err != nil {
		return nil, Pagination{}, err
	}
	var response struct {
		Success    *bool      `json:"success"`
		Data       []T        `json:"data"`
		Pagination Pagination `json:"pagination"`
	}
	if rows := bytes.Count(body, []byte("},{")) + 1; rows <= 1000 {
		response.Data = make([]T, 0, rows) // avoids growing the slice
	}
	if err := Decode(body, &response); err != nil {
		return nil, Pagination{}, err
	}
	if response.Success != nil && !*response.Success {
		return nil, Pagination{}, ErrNoSuccess
	}
	if len(response.Data) == 0 {
		raw, err := rawData(body)
		if err != nil || raw == nil || isNull(raw) && HasError(body) {
			return nil, Pagination{}, ErrNoData
		}
	}
	return response.Data, response.Pagination, nil
}

// Objects returns the fields of the object or of each row in a response's data.
func Objects(body []byte) (objects []map[string]json.RawMessage) {
	data, _ := rawData(body)
	if json.Unmarshal(data, &objects) != nil {
		objects = make([]map[string]json.RawMessage, 1)
		_ = json.Unmarshal(data, &objects[0])
	}
	return objects
}

// Into decodes the data of a response into out. It ignores an empty body.
func Into(body []byte, out any) error {
	if isEmpty(body) {
		return nil
	}
	if err := checkMemory(body, rowSize(out)); err != nil {
		return err
	}
	var response struct {
		Success *bool           `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &response); err != nil {
		return err
	}
	success, data := response.Success, response.Data
	switch {
	case success != nil && !*success:
		return ErrNoSuccess
	case data == nil || isNull(data) && HasError(body):
		return ErrNoData
	}
	return Decode(data, out)
}

// contents are the fields that may be empty.
var contents = []string{"content", "soulMd", "workflowMd"}

// HasValue reports whether an object has a value for one of the fields. Null is not a
// value, and "" is a value only for contents.
func HasValue(object map[string]json.RawMessage, fields []string) bool {
	return slices.ContainsFunc(fields, func(name string) bool {
		value := string(object[name])
		return value != "" && value != "null" && (value != `""` || slices.Contains(contents, name))
	})
}

// CheckSuccess checks the response of an operation without a result. An HTML page of a
// proxy, or an error sent with a success status, is an error.
func CheckSuccess(body []byte) error {
	if isEmpty(body) {
		return nil
	}
	if err := checkMemory(body, 0); err != nil {
		return err
	}
	if !json.Valid(body) {
		return ErrNotJSON
	}
	data, _ := rawData(body)
	if noData := data == nil || isNull(data); failed(body, noData) || failed(data, true) {
		return ErrNoSuccess
	}
	return nil
}

// failed reports whether an object has a false success flag or, if withError is set, an
// error that is not empty.
func failed(object []byte, withError bool) bool {
	var fields struct {
		Success *bool `json:"success"`
		Error   any   `json:"error"`
	}
	if json.Unmarshal(object, &fields) != nil {
		return false
	}
	if fields.Success != nil && !*fields.Success {
		return true
	}
	if !withError {
		return false
	}
	switch e := fields.Error.(type) {
	case string:
		return e != ""
	case bool:
		return e
	case float64:
		return e != 0
	case []any:
		return len(e) > 0
	case map[string]any:
		for _, value := range e {
			if value != nil && value != "" {
				return true
			}
		}
	}
	return false
}

func rawData(body []byte) (json.RawMessage, error) {
	var response struct {
		Data json.RawMessage `json:"data"`
	}
	err := json.Unmarshal(body, &response)
	return response.Data, err
}

func isEmpty(body []byte) bool         { return len(bytes.TrimSpace(body)) == 0 }
func isNull(data json.RawMessage) bool { return string(data) == "null" }

// HasError reports whether a body is a documented error envelope.
func HasError(body []byte) bool {
	code, message := Error(body)
	return code != "" || message != ""
}

// Error returns the code and the message of the documented error envelope. Both are
// empty if the body has another form. A field that is neither a string nor null is returned as JSON.
func Error(body []byte) (code, message string) {
	var envelope struct {
		Error struct {
			Code    json.RawMessage `json:"code"`
			Message json.RawMessage `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return "", ""
	}
	return String(envelope.Error.Code), String(envelope.Error.Message)
}

// String returns the value of a JSON string, "" for null, and the JSON of other values.
func String(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// StringOr decodes a JSON string into s, and any other value into object.
func StringOr(data []byte, s *string, object any) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, s)
	}
	return json.Unmarshal(data, object)
}

// Excerpt returns the beginning of a body on one line.
func Excerpt(body []byte) string {
	const most = 200
	s := strings.Join(strings.Fields(string(body[:min(len(body), 4*most)])), " ")
	return string([]rune(errs.Shorten(s, most))) // invalid UTF-8 becomes U+FFFD
}
