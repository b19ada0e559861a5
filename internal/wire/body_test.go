package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

func TestEncode(t *testing.T) {
	type params struct {
		Name string `json:"name,omitempty"`
	}
	extra := map[string]any{"tier": []int{1}}
	for name, tt := range map[string]struct {
		method string
		body   any
		extra  map[string]any
		want   string
		err    string
	}{
		"no body":                 {"POST", nil, nil, "", ""},
		"body":                    {"POST", params{"n"}, nil, `{"name":"n"}`, ""},
		"extra fields":            {"PATCH", params{"n"}, extra, `{"name":"n","tier":[1]}`, ""},
		"extra fields, no body":   {"POST", nil, extra, `{"tier":[1]}`, ""},
		"extra field replaces":    {"POST", params{"n"}, map[string]any{"name": nil}, `{"name":null}`, ""},
		"extra fields of a read":  {"GET", nil, extra, "", "WithExtra cannot be used with a GET request"},
		"extra fields of DELETE":  {"DELETE", nil, extra, "", "WithExtra cannot be used with a DELETE request"},
		"extra fields of a list":  {"POST", []int{1}, extra, "", "WithExtra requires a body that is a JSON object"},
		"extra fields of null":    {"POST", (*params)(nil), extra, "", "WithExtra requires a body that is a JSON object"},
		"not JSON":                {"POST", func() {}, nil, "", "body cannot be sent as JSON"},
		"extra field not JSON":    {"POST", nil, map[string]any{"f": func() {}}, "", `WithExtra has a value for "f"`},
		"invalid UTF-8":           {"POST", params{"\xff"}, nil, "", "not valid UTF-8"},
		"extra name not UTF-8":    {"POST", nil, map[string]any{"\xff": 1}, "", "WithExtra is not valid UTF-8"},
		"replacement character":   {"POST", params{"\ufffd"}, nil, `{"name":"�"}`, ""},
		"invalid in a map's keys": {"POST", map[string]int{"\xff": 1}, nil, "", "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Encode(tt.method, tt.body, tt.extra)
			if tt.err != "" {
				require.ErrorIs(t, err, errs.ErrValidation)
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, string(got))
		})
	}
}

type token []byte

func (t token) MarshalText() ([]byte, error) { return t, nil }

type readable struct{ io.Reader }

func (readable) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

func TestValue(t *testing.T) {
	type page []byte
	for name, v := range map[string]any{
		"bytes":            []byte(`{"a":1}`),
		"named bytes":      page(`{"a":1}`),
		"pointer to bytes": &[]byte{'{', '}'},
		"buffer":           bytes.NewBufferString("{}"),
		"buffer by value":  bytes.Buffer{},
		"nil buffer":       (*bytes.Buffer)(nil),
		"strings.Reader":   strings.NewReader("{}"),
		"any reader":       io.LimitReader(nil, 1),
	} {
		err := Value("body", v)
		require.ErrorIs(t, err, errs.ErrValidation, name)
		require.ErrorContains(t, err, "body is ", name)
		require.ErrorContains(t, err, "json.RawMessage", name)
	}
	for name, v := range map[string]any{
		"nil": nil, "raw": json.RawMessage("{}"), "pointer to raw": new(json.RawMessage), "text": "{}", "map": map[string]any{},
		"list": []string{}, "marshaler that reads": readable{}, "text marshaler": token("t"), "struct": struct{ A []byte }{},
	} {
		require.NoError(t, Value("body", v), name)
	}
}
