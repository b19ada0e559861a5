package wire

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

// FuzzPath checks that any argument is one segment of the path.
func FuzzPath(f *testing.F) {
	for _, id := range []string{"a", "a/b", "../../admin?x=1", "%2e%2e", ".", "..", "", "a:b", "a b", "\x00\r\n", "{id}", "ä", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		path, raw, err := Expand("/v1/agents/{id}/status", &Args{{Placeholder: "id", Name: "id", Value: id}})
		if id == "" || id == "." || id == ".." {
			require.ErrorIs(t, err, errs.ErrValidation)
			return
		}
		require.NoError(t, err)
		require.Equal(t, "/v1/agents/"+id+"/status", path)
		u := Below(&url.URL{Scheme: "https", Host: "h", Path: "/below"}, path, raw, "")
		segments := strings.Split(u.EscapedPath(), "/")
		require.Len(t, segments, 6, "%s", u.EscapedPath())
		got, err := url.PathUnescape(segments[4])
		require.NoError(t, err)
		require.Equal(t, id, got)
		reread, err := url.Parse(u.String())
		require.NoError(t, err)
		require.Equal(t, "h", reread.Host)
		require.Empty(t, reread.RawQuery)
		require.Empty(t, reread.Fragment)
	})
}

// FuzzBaseURL checks that an accepted base URL has no credentials, and that its host
// and path are kept when a path is added.
func FuzzBaseURL(f *testing.F) {
	for _, base := range []string{
		"https://api.agento.host", "http://localhost:80", "http://[::1]", "https://u:p@h", "https://h/v1", "https://h/v1/x", "h", "//h",
		"https://h?x", "https://h#x", "http://127.0.0.1.evil", "https://h/a/../b", "https://h:99999", "HTTPS://H", "https://h\\@evil", "https://h/a%2Fb", "https://h/a%20b", "https://h/ä(%3b/",
	} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		u, err := BaseURL(base, "")
		if err != nil {
			require.ErrorIs(t, err, errs.ErrValidation)
			return
		}
		require.True(t, u.Scheme == "https" || u.Scheme == "http")
		require.Nil(t, u.User)
		full := Below(u, "/v1/agents", "", "")
		require.Equal(t, u.Host, full.Host)
		written, err := url.Parse(base)
		require.NoError(t, err)
		slashes := strings.Count(strings.TrimRight(written.EscapedPath(), "/"), "/")
		require.Equal(t, slashes, strings.Count(u.EscapedPath(), "/"), "the number of segments is unchanged")
		require.True(t, strings.HasSuffix(full.EscapedPath(), "/v1/agents"))
	})
}
