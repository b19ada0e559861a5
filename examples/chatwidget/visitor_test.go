package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
)

func testSite(t *testing.T) *site {
	t.Helper()
	server := agentotest.NewServer()
	t.Cleanup(server.Close)
	s, err := newSite(server.Client(), server.AddAgent(agentotest.AgentSeed{SharedMode: true}), []byte(strings.Repeat("s", 32)))
	require.NoError(t, err)
	return s
}

func ask(h http.Handler, r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder.Result()
}

func openPage(h http.Handler, prepare func(*http.Request)) *http.Cookie {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	prepare(r)
	return ask(h, r).Cookies()[0]
}

func say(h http.Handler, prepare func(*http.Request)) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "/chat", strings.NewReader(`{"message":"Hello"}`))
	r.Header.Set("Content-Type", "application/json")
	prepare(r)
	return ask(h, r)
}

func plain(*http.Request) {}

func with(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func TestCookie(t *testing.T) {
	s := testSite(t)
	cookie := openPage(s, plain)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.Empty(t, cookie.Domain)
	require.False(t, cookie.Secure, "a browser would drop it over plain HTTP")
	require.Equal(t, 30*24*60*60, cookie.MaxAge)
	require.Equal(t, cookie.Value, openPage(s, with(cookie)).Value, "a valid cookie is kept")
	require.NotEqual(t, cookie.Value, openPage(s, plain).Value)
	require.Equal(t, http.StatusOK, say(s, with(cookie)).StatusCode)
}

func TestCookieOverTLS(t *testing.T) {
	s := testSite(t)
	for name, secured := range map[string]func(*http.Request){
		"its own":     func(r *http.Request) { r.TLS = &tls.ConnectionState{} },
		"the proxy's": func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") },
	} {
		t.Run(name, func(t *testing.T) {
			cookie := openPage(s, secured)
			require.True(t, cookie.Secure)
			require.Equal(t, "__Host-visitor", cookie.Name)
			both := func(r *http.Request) { secured(r); r.AddCookie(cookie) }
			require.Equal(t, http.StatusOK, say(s, both).StatusCode)
			plainName := &http.Cookie{Name: "visitor", Value: cookie.Value}
			require.Equal(t, http.StatusUnauthorized, say(s, func(r *http.Request) { secured(r); r.AddCookie(plainName) }).StatusCode,
				"one that a sister host may have set")
		})
	}
}

func TestCookieForged(t *testing.T) {
	s := testSite(t)
	cookie := openPage(s, plain)
	id, signature, _ := strings.Cut(cookie.Value, ".")
	otherID, _, _ := strings.Cut(openPage(s, plain).Value, ".")
	flipped := "A"
	if strings.HasPrefix(signature, flipped) {
		flipped = "B"
	}
	for name, value := range map[string]string{
		"none":                "",
		"no signature":        id,
		"empty signature":     id + ".",
		"empty id":            "." + signature,
		"another's id":        otherID + "." + signature,
		"altered id":          id[1:] + id[:1] + "x." + signature,
		"altered signature":   id + "." + flipped + signature[1:],
		"shortened signature": id + "." + signature[:len(signature)-1],
		"something more":      cookie.Value + ".x",
		"another secret":      visitors{key: []byte("guess")}.sign(id),
	} {
		t.Run(name, func(t *testing.T) {
			forged := with(&http.Cookie{Name: cookie.Name, Value: value})
			if name == "none" {
				forged = plain
			}
			response := say(s, forged)
			require.Equal(t, http.StatusUnauthorized, response.StatusCode)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Contains(t, string(body), `"unauthorized"`)
			require.NotEqual(t, value, openPage(s, forged).Value, "the page sets a valid cookie")
		})
	}
}

func TestOrigin(t *testing.T) {
	s := testSite(t)
	cookie := openPage(s, plain)
	for origin, want := range map[string]int{
		"http://example.com":       http.StatusOK, // the host of httptest requests
		"https://evil.example":     http.StatusForbidden,
		"http://shop.example.com":  http.StatusForbidden,
		"http://example.com:8080":  http.StatusForbidden,
		"null":                     http.StatusForbidden,
		"http://example.com.evil/": http.StatusForbidden,
	} {
		response := say(s, func(r *http.Request) { r.AddCookie(cookie); r.Header.Set("Origin", origin) })
		require.Equal(t, want, response.StatusCode, origin)
		require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
	}
}

func TestHeaders(t *testing.T) {
	s := testSite(t)
	for path, kind := range map[string]string{
		"/": "text/html", "/app.js": "text/javascript", "/backend.js": "text/javascript", "/memory.js": "text/javascript",
		"/style.css": "text/css", "/icon.svg": "image/svg+xml", "/nothing": "text/plain", "/chat": "application/json",
	} {
		response := ask(s, httptest.NewRequest(http.MethodGet, path, nil))
		h := response.Header
		require.Contains(t, h.Get("Content-Type"), kind, path)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			require.Contains(t, h.Get("Content-Security-Policy"), part, path)
		}
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", path)
		require.Equal(t, path == "/", h.Get("Set-Cookie") != "", path)
	}
	require.Equal(t, "no-store", ask(s, httptest.NewRequest(http.MethodGet, "/", nil)).Header.Get("Cache-Control"),
		"no other visitor gets this cookie")
}

// TestPageHasNothingInline checks that the page has no inline script or style, which the
// policy would block.
func TestPageHasNothingInline(t *testing.T) {
	page, err := embedded.ReadFile("page/index.html")
	require.NoError(t, err)
	require.NotContains(t, string(page), "<style")
	require.NotContains(t, string(page), "style=")
	require.NotRegexp(t, `<script[^>]*>[^<]`, string(page))
	require.NotRegexp(t, `\son[a-z]+=`, string(page))
}
