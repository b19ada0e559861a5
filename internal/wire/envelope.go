// Package wire has the forms in which the API sends and receives: paths and URLs,
// JSON bodies, and the envelopes of data, pagination and errors.
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

// Errors of a success whose body is not what it should be.
var (
	ErrNoData    = errors.New("the response has no data")
	ErrNotJSON   = errors.New("the response is not JSON")
	ErrNoSuccess = errors.New("the response says that there was no success")
)

// Pagination says which part of a list a page is.
type Pagination struct {
	Total  int `json:"total"`
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

// Data decodes the object of a response.
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

// Rows decodes a list. A null instead of rows is an empty list; a response without
// data is an error.
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
		response.Data = make([]T, 0, rows) // does not have to grow
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

// Objects returns the fields of the object in a response, or of each row of a list.
func Objects(body []byte) (objects []map[string]json.RawMessage) {
	data, _ := rawData(body)
	if json.Unmarshal(data, &objects) != nil {
		objects = make([]map[string]json.RawMessage, 1)
		_ = json.Unmarshal(data, &objects[0])
	}
	return objects
}

// Into decodes the data of a response into out. An empty body leaves out as it is.
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

// contents may be empty.
var contents = []string{"content", "soulMd", "workflowMd"}

// HasValue reports whether one of the fields of an object is there and not null. Only
// contents may be empty.
func HasValue(object map[string]json.RawMessage, fields []string) bool {
	return slices.ContainsFunc(fields, func(name string) bool {
		value := string(object[name])
		return value != "" && value != "null" && (value != `""` || slices.Contains(contents, name))
	})
}

// Nothing checks a response whose data is not read: a page of a proxy is not a
// success, and neither is an error that came with the wrong status.
func Nothing(body []byte) error {
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
	if noData := data == nil || isNull(data); noData && failed(body) || failed(data) {
		return ErrNoSuccess
	}
	return nil
}

// failed reports whether an object says that there was no success: with an error in
// whatever form, or with a flag.
func failed(object []byte) bool {
	var fields struct {
		Success *bool `json:"success"`
		Error   any   `json:"error"`
	}
	if json.Unmarshal(object, &fields) != nil {
		return false
	}
	switch e := fields.Error.(type) {
	case string:
		return e != ""
	case bool:
		return e
	case map[string]any:
		for _, value := range e {
			if value != nil && value != "" {
				return true
			}
		}
	}
	return fields.Success != nil && !*fields.Success
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

// HasError reports whether a body has the documented form of an error.
func HasError(body []byte) bool {
	code, message := Error(body)
	return code != "" || message != ""
}

// Error reads code and message of the documented form of an error, both empty if the
// body has another form. A field of a wrong type does not hide the other.
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

// String returns the value of a JSON string, or the JSON of any other value but
// null.
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

// Excerpt returns the beginning of a body that has not the documented form, on one
// line.
func Excerpt(body []byte) string {
	const most = 200
	s := strings.Join(strings.Fields(string(body[:min(len(body), 4*most)])), " ")
	return string([]rune(errs.Shorten(s, most))) // invalid UTF-8 becomes U+FFFD
}
