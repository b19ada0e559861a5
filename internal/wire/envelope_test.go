package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type thing struct {
	ID string `json:"id"`
}

func TestData(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"id":"a"}}`:                        "a",
		`{"data":{"id":"a","new":1},"more":[]}`:      "a",
		`{"data":{"id":"a"},"error":{"code":"old"}}`: "a",
		`{"data":{}}`: "",
	} {
		got, err := Data[thing]([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, &thing{want}, got, body)
	}
	for _, body := range []string{`{"data":null}`, `{}`, `null`, `{"id":"a"}`, `{"error":{"code":"c"}}`} {
		got, err := Data[thing]([]byte(body))
		require.ErrorIs(t, err, ErrNoData, body)
		require.Nil(t, got, body)
	}
	for _, body := range []string{``, `<html>`, `{"data":{"id":"a"`, `{"data":{"id":5}}`, `[]`, `"x"`} {
		got, err := Data[thing]([]byte(body))
		require.Error(t, err, body)
		require.NotErrorIs(t, err, ErrNoData, body)
		require.Nil(t, got, body)
	}
}

func TestRows(t *testing.T) {
	for body, want := range map[string]struct {
		rows       []thing
		pagination Pagination
	}{
		`{"data":[{"id":"a"},{"id":"b"}],"pagination":{"total":9,"limit":2,"offset":4}}`: {[]thing{{"a"}, {"b"}}, Pagination{9, 2, 4}},
		`{"data":[]}`:   {[]thing{}, Pagination{}},
		`{"data":null}`: {nil, Pagination{}},
		`{"data":null,"pagination":{"total":3},"error":{}}`: {nil, Pagination{Total: 3}},
	} {
		rows, pagination, err := Rows[thing]([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want.rows, rows, body)
		require.Equal(t, want.pagination, pagination, body)
	}
	for _, body := range []string{`{}`, `null`, `{"items":[]}`, `{"data":null,"error":{"code":"c"}}`, `{"error":{"message":"m"}}`} {
		_, _, err := Rows[thing]([]byte(body))
		require.ErrorIs(t, err, ErrNoData, body)
	}
	for _, body := range []string{``, `<html>`, `{"data":{}}`, `{"data":[{"id":1}]}`, `{"data":[],"pagination":{"total":"many"}}`} {
		_, _, err := Rows[thing]([]byte(body))
		require.Error(t, err, body)
		require.NotErrorIs(t, err, ErrNoData, body)
	}
}

func TestInto(t *testing.T) {
	for body, want := range map[string]thing{
		`{"data":{"id":"new"}}`: {"new"}, `{"data":{}}`: {"old"}, `{"data":null}`: {"old"}, "": {"old"}, " \r\n\t": {"old"},
	} {
		out := thing{"old"}
		require.NoError(t, Into([]byte(body), &out), "%q", body)
		require.Equal(t, want, out, "%q", body)
	}
	for body, noData := range map[string]bool{
		`{}`: true, `{"error":{"code":"c"}}`: true, `{"data":null,"error":{"code":"c"}}`: true, `null`: true,
		`<html>`: false, `[]`: false, `{"data":[]}`: false, `{"data":{"id":5}}`: false,
	} {
		err := Into([]byte(body), &thing{})
		require.Error(t, err, body)
		require.Equal(t, noData, errors.Is(err, ErrNoData), body)
	}
}

func TestCheckSuccess(t *testing.T) {
	for body, want := range map[string]error{
		"": nil, "\n": nil, `{}`: nil, `null`: nil, `[]`: nil, `"ok"`: nil, `{"data":{"id":"a"}}`: nil, `{"data":null}`: nil,
		`{"error":null}`: nil, `{"error":{"code":null,"message":""}}`: nil, `{"data":{},"error":{"code":"c"}}`: nil,
		"<html>": ErrNotJSON, `{"data":`: ErrNotJSON, `{} {}`: ErrNotJSON,
		`{"error":{"code":"c"}}`: ErrNoSuccess, `{"error":{"message":"m"},"data":null}`: ErrNoSuccess,
		`{"error":"down"}`: ErrNoSuccess, `{"error":{"detail":"d"}}`: ErrNoSuccess, `{"error":true}`: ErrNoSuccess, `{"error":["e"]}`: ErrNoSuccess, `{"error":7}`: ErrNoSuccess,
		`{"error":[]}`: nil, `{"error":0}`: nil,
		`{"success":false}`: ErrNoSuccess, `{"success":false,"error":""}`: ErrNoSuccess, `{"data":{},"success":false}`: ErrNoSuccess,
		`{"data":{"success":false}}`: ErrNoSuccess, `{"success":true}`: nil,
		`{"data":{"error":"down"}}`: ErrNoSuccess, `{"error":"","data":null}`: nil,
	} {
		require.Equal(t, want, CheckSuccess([]byte(body)), "%q", body)
	}
}

func TestError(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"error":{"code":"c","message":"m"}}`:              {"c", "m"},
		`{"error":{"code":"c"}}`:                            {"c", ""},
		`{"error":{"code":7,"message":["a"]}}`:              {"7", `["a"]`},
		`{"error":{"code":null,"message":"m"}}`:             {"", "m"},
		`{"error":{"code":"c","message":{"field":"name"}}}`: {"c", `{"field":"name"}`},
		`{"error":"plain"}`:                                 {},
		`{"error":null}`:                                    {},
		`{"code":"c","message":"m"}`:                        {},
		`{"error":{"code":"c"`:                              {},
		`<html>`:                                            {},
		``:                                                  {},
	} {
		code, message := Error([]byte(body))
		require.Equal(t, want, [2]string{code, message}, body)
		require.Equal(t, want != [2]string{}, HasError([]byte(body)), body)
	}
}

func TestString(t *testing.T) {
	for raw, want := range map[string]string{
		`"a\n\u00e4"`: "a\nä", `7`: "7", `1.50`: "1.50", `{"a":1}`: `{"a":1}`, `["a"]`: `["a"]`, `true`: "true", `null`: "", ``: "",
	} {
		require.Equal(t, want, String([]byte(raw)), raw)
	}
}

func TestExcerpt(t *testing.T) {
	for body, want := range map[string]string{
		"":                                     "",
		"<html>\n  <h1>Bad\tGateway</h1>":      "<html> <h1>Bad Gateway</h1>",
		"a\xffb":                               "a�b",
		strings.Repeat("x", 200):               strings.Repeat("x", 200),
		strings.Repeat("x", 201):               strings.Repeat("x", 200) + "…",
		strings.Repeat("x", 199) + "ä":         strings.Repeat("x", 199) + "…",
		strings.Repeat(" ", 1<<20) + "too far": "",
	} {
		require.Equal(t, want, Excerpt([]byte(body)))
	}
}
