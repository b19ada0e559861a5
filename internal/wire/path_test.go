package wire

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

func TestExpand(t *testing.T) {
	for name, tt := range map[string]struct {
		template      string
		args          Args
		path, escaped string
		err           string
	}{
		"no placeholder":    {template: "/v1/agents", path: "/v1/agents"},
		"two":               {template: "/v1/agents/{id}/rules/{name}", args: Args{{"id", "id", "a1"}, {"name", "name", "b"}}, path: "/v1/agents/a1/rules/b"},
		"escaped":           {template: "/v1/agents/{id}", args: Args{{"id", "id", "a/b ?#ä"}}, path: "/v1/agents/a/b ?#ä", escaped: "/v1/agents/a%2Fb%20%3F%23%C3%A4"},
		"value with braces": {template: "/v1/{id}/x", args: Args{{"id", "id", "{name}"}}, path: "/v1/{name}/x", escaped: "/v1/%7Bname%7D/x"},
		"argument unused":   {template: "/v1/agents", args: Args{{"id", "id", "a1"}}, path: "/v1/agents"},
		"argument missing":  {template: "/v1/agents/{id}", err: "path has no value for {id}"},
		"empty":             {template: "/v1/agents/{id}", args: Args{{"id", "agentID", ""}}, err: "agentID is empty"},
		"dot":               {template: "/v1/agents/{id}", args: Args{{"id", "agentID", "."}}, err: `agentID is "."`},
		"dots":              {template: "/v1/agents/{id}", args: Args{{"id", "agentID", ".."}}, err: `agentID is ".."`},
	} {
		t.Run(name, func(t *testing.T) {
			path, escaped, err := Expand(tt.template, &tt.args)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.path, path)
			require.Equal(t, tt.escaped, escaped)
		})
	}
}

func TestRaw(t *testing.T) {
	base, err := BaseURL("https://gateway.example/agento/", "")
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/v1/agents":         "https://gateway.example/agento/v1/agents",
		"/v1/agents?limit=1": "https://gateway.example/agento/v1/agents?limit=1",
		"/v1/a%2Fb?q=c%20d":  "https://gateway.example/agento/v1/a%2Fb?q=c%20d",
	} {
		u, err := Raw(base, path)
		require.NoError(t, err, path)
		require.Equal(t, want, u.String())
	}
	for _, path := range []string{
		"", "/admin", "v1/agents", "/v1", "https://evil.example/v1/", "//evil.example/v1/", "/v1/../admin", "/v1/%2e%2e/admin", "/v1/.",
		"/v1/a b", "/v1/a\r\nb", "/v1/a?q=\x00", "/v1/a#b", `/v1/a\b`, "/v1/%zz",
	} {
		_, err := Raw(base, path)
		require.ErrorIs(t, err, errs.ErrValidation, "%q", path)
		require.ErrorContains(t, err, "path", "%q", path)
	}
	require.Equal(t, &url.URL{Scheme: "https", Host: "gateway.example", Path: "/agento"}, base, "the base URL is unchanged")
}

func TestValidHeader(t *testing.T) {
	for name, want := range map[string]bool{"X-Team": true, "a1!#$": true, "": false, "a b": false, "a:b": false, "a\n": false, "ä": false} {
		require.Equal(t, want, ValidHeaderName(name), "%q", name)
	}
	for value, want := range map[string]bool{"": true, "a b\tc": true, "ä": true, "a\r\nb": false, "a\x00": false, "a\x7f": false} {
		require.Equal(t, want, ValidHeaderValue(value), "%q", value)
	}
}
