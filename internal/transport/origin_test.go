package transport

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/internal/errs"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const key = "ak_live_0123456789abcdef0123456789abcdef"

// closes is an empty body that counts calls of Close.
type closes struct{ n int }

func (c *closes) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closes) Close() error             { c.n++; return nil }

func TestOriginCheck(t *testing.T) {
	origin := &url.URL{Scheme: "https", Host: "api.agento.host"}
	for target, pass := range map[string]bool{
		"https://api.agento.host/v1/agents": true,
		"HTTPS://API.agento.host/":          true,
		"http://api.agento.host/":           false,
		"https://api.agento.host:8443/":     false,
		"https://api.agento.host.evil/":     false,
		"https://evil/":                     false,
		"https://":                          false,
	} {
		sent := ""
		var known keys
		known.init(Config{Key: key})
		g := &originCheck{origin: origin, keys: &known, shared: true,
			next: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = r.Header.Get("X-Api-Key")
				require.Equal(t, origin.Host, r.Host)
				return &http.Response{}, nil
			})}
		req, err := http.NewRequest("PUT", target, nil)
		require.NoError(t, err)
		body := &closes{}
		req.Host, req.Body = "evil", body
		_, err = g.RoundTrip(req)
		require.Empty(t, req.Header.Get("X-Api-Key"), "a middleware's request has no key")
		if pass {
			require.NoError(t, err)
			require.Equal(t, key, sent)
		} else {
			require.ErrorIs(t, err, errs.ErrCrossOrigin)
			require.True(t, Final(err))
			require.Empty(t, sent)
			require.Equal(t, 1, body.n, "a RoundTripper closes the body of each request")
		}
	}
}

func TestCheckKey(t *testing.T) {
	require.NoError(t, CheckKey(key))
	for _, bad := range []string{"", " ", "a b", "a\n", "a\x00", "a\x7f", "schlüssel"} {
		err := CheckKey(bad)
		require.Error(t, err)
		if bad != "" && bad != " " {
			require.NotContains(t, err.Error(), bad)
		}
	}
}
