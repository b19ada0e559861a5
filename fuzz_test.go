package agento

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
)

// FuzzErrorEnvelope: whatever a service or a proxy answers, the error is one
// bounded line, and its kind is never that of a missing resource unless it says so.
func FuzzErrorEnvelope(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"agent_not_found","message":"none"}}`, `{"error":{"code":5,"message":["a"]}}`, `{"error":"x"}`,
		`{"error":null}`, `{"error":{"message":"a\u0000\n\u001b[2J"}}`, `<html>`, ``, `[]`, `{"data":{}}`, "\xff\xfe",
	} {
		f.Add(404, []byte(body))
		f.Add(502, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := callError(CallInfo{Method: "GET", Path: "/v1/agents/a"}, &transport.Outcome{StatusCode: max(300, status%1000), Body: body, Attempts: 1})
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Less(t, len(e.Error()), 4*errs.MaxLine+500)
		require.NotRegexp(t, `[\x00-\x1f\x7f]`, e.Error())
		if e.Is(ErrNotFound) {
			require.True(t, strings.HasSuffix(string(e.Code), notFoundCodeSuffix))
		}
	})
}

// FuzzPath: an argument is one segment of the path, whatever it holds.
func FuzzPath(f *testing.F) {
	for _, id := range []string{"a", "a/b", "../../admin?x=1", "%2e%2e", ".", "..", "", "a:b", "a b", "\x00\r\n", "{id}", "ä", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		path, raw, err := wire.Expand("/v1/agents/{id}/status", pathID("id", id))
		if id == "" || id == "." || id == ".." {
			require.ErrorIs(t, err, ErrValidation)
			return
		}
		require.NoError(t, err)
		require.Equal(t, "/v1/agents/"+id+"/status", path)
		u := wire.Below(&url.URL{Scheme: "https", Host: "h", Path: "/below"}, path, raw, "")
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

// FuzzBaseURL: a base URL that is taken is https or leads to this machine, has no
// credentials, and does not change its host when a path is added.
func FuzzBaseURL(f *testing.F) {
	for _, base := range []string{
		"https://api.agento.host", "http://localhost:80", "http://[::1]", "https://u:p@h", "https://h/v1", "https://h/v1/x", "h", "//h",
		"https://h?x", "https://h#x", "http://127.0.0.1.evil", "https://h/a/../b", "https://h:99999", "HTTPS://H", "https://h\\@evil", "https://h/a%2Fb", "https://h/a%20b", "https://h/ä(%3b/",
	} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		u, err := wire.BaseURL(base, "")
		if err != nil {
			require.ErrorIs(t, err, ErrValidation)
			return
		}
		require.True(t, u.Scheme == "https" || u.Scheme == "http")
		require.Nil(t, u.User)
		full := wire.Below(u, "/v1/agents", "", "")
		require.Equal(t, u.Host, full.Host)
		written, err := url.Parse(base)
		require.NoError(t, err)
		slashes := strings.Count(strings.TrimRight(written.EscapedPath(), "/"), "/")
		require.Equal(t, slashes, strings.Count(u.EscapedPath(), "/"), "the path has the segments that it is written with")
		require.True(t, strings.HasSuffix(full.EscapedPath(), "/v1/agents"))
	})
}

// FuzzPages: whatever totals and rows a service gives, the iteration ends, and
// gives no row twice in a row of pages that repeat.
func FuzzPages(f *testing.F) {
	f.Add([]byte{3, 3, 0}, 9, true)
	f.Add([]byte{3, 3, 3}, 9, false)
	f.Add([]byte{0}, 5, true)
	f.Add([]byte{1, 1, 1, 1}, 0, true)
	f.Fuzz(func(t *testing.T, sizes []byte, total int, heedsOffset bool) {
		sizes = sizes[:min(len(sizes), 100)] // more only takes longer
		fetches := 0
		fetch := func(offset int) (*Page[string], error) {
			fetches++
			page := &Page[string]{Pagination: Pagination{Total: total}}
			if fetches > len(sizes) {
				return page, nil
			}
			for i := range int(sizes[fetches-1]) {
				if heedsOffset {
					i += offset
				}
				page.Data = append(page.Data, fmt.Sprint(i))
			}
			return page, nil
		}
		seen := map[string]int{}
		for row, err := range pages(0, func(s *string) string { return *s }, fetch) {
			if err != nil {
				require.ErrorIs(t, err, ErrListIncomplete)
				continue
			}
			seen[row]++
		}
		require.LessOrEqual(t, fetches, len(sizes)+1)
		if heedsOffset {
			for row, n := range seen {
				require.Equal(t, 1, n, "row %s", row)
			}
		}
	})
}
