package chathttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

const shop = "https://shop.example"

func allowShop(c *chathttp.Config) { c.AllowedOrigins = []string{shop} }

// TestPageOfAnotherOrigin checks that a page of a listed origin can use the
// handler with its visitor's cookies and read the responses; no other page can.
func TestPageOfAnotherOrigin(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), allowShop, func(w *widget) {
		for _, fetch := range []string{"", "cross-site"} {
			p := w.say("pia", "", "Origin", shop, "Sec-Fetch-Site", fetch)
			require.Equal(t, "Hi! ", p.text)
			require.Equal(t, shop, p.header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "true", p.header.Get("Access-Control-Allow-Credentials"))
			require.Equal(t, "Origin", p.header.Get("Vary"))
		}
		refused := w.say("pia", "no token", "Origin", shop)
		require.Equal(t, 403, refused.status)
		require.Equal(t, shop, refused.header.Get("Access-Control-Allow-Origin"), "the page can read why")

		before := w.service.calls()
		for _, origin := range []string{"https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443", "null", "*"} {
			p := w.say("pia", "", "Origin", origin)
			require.Equal(t, "origin_not_allowed", p.code)
			require.Empty(t, p.header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Origin", p.header.Get("Vary"))
		}
		require.Equal(t, before, w.service.calls())
		require.Equal(t, "Hi! ", w.say("pia", "", "Origin", "http://localhost").text, "the own host is still allowed")
	})
}

// TestOriginOfOwnHost checks that without Sec-Fetch-Site the Host header decides.
// Proxies forward it in more than one form.
func TestOriginOfOwnHost(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), unlimited, func(w *widget) {
		for _, c := range []struct {
			origin, host string
			allowed      bool
		}{
			{"https://example.com", "example.com", true},
			{"https://example.com", "example.com:443", true},
			{"https://example.com", "Example.COM", true},
			{"https://example.com", "EXAMPLE.com:443", true},
			{"http://example.com", "example.com:80", true},
			{"https://[2001:db8::1]", "[2001:DB8::1]:443", true},
			{"https://example.com:8443", "Example.com:8443", true},
			{"https://Example.com:443", "example.com", true},
			{"https://example.com", "example.com:80", false},
			{"http://example.com", "example.com:443", false},
			{"https://example.com", "example.com:8443", false},
			{"https://example.com:8443", "example.com", false},
			{"https://example.com", "example.com.evil.example", false},
			{"https://evil.example", "example.com", false},
			{"https://example.com:443.evil.example", "example.com", false},
			{"null", "null", false},
			{"", "example.com", true},
		} {
			r := w.inMemory("Hello")
			r.Host = c.host
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			recorder := httptest.NewRecorder()
			w.handler.ServeHTTP(recorder, r)
			require.Equal(t, c.allowed, recorder.Code == 200, "%s at %s: %s", c.origin, c.host, recorder.Body)
			r = w.inMemory("Hello")
			r.Host = c.host
			r.Header.Set("Origin", c.origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			recorder = httptest.NewRecorder()
			w.handler.ServeHTTP(recorder, r)
			require.Equal(t, 403, recorder.Code, "Sec-Fetch-Site is cross-site")
		}
	})
}

func TestPreflight(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), allowShop, func(w *widget) {
		ask := func(header ...string) page {
			return read(t, w.do(w.dial(), http.MethodOptions, strings.NewReader(""), append(header, "X-Visitor", "", "Content-Type", "")...))
		}
		p := ask("Origin", shop, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization")
		require.Equal(t, 204, p.status)
		require.Empty(t, p.body)
		require.Equal(t, shop, p.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "POST", p.header.Get("Access-Control-Allow-Methods"))
		require.Equal(t, "content-type,authorization", p.header.Get("Access-Control-Allow-Headers"))
		require.Equal(t, "600", p.header.Get("Access-Control-Max-Age"))

		for _, header := range [][]string{
			{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"},
			{"Access-Control-Request-Method", "POST"},
			{"Origin", shop},
		} {
			p := ask(header...)
			require.Equal(t, 405, p.status)
			require.Equal(t, "OPTIONS, POST", p.header.Get("Allow"))
			require.Empty(t, p.header.Get("Access-Control-Allow-Methods"))
		}
	})
}

// TestOriginNeverSent checks that origins that no browser sends are rejected.
func TestOriginNeverSent(t *testing.T) {
	client := harness.Client(t, http.DefaultTransport)
	with := func(origin string) error {
		config := widgetConfig()
		config.AllowedOrigins = []string{shop, origin}
		_, err := chathttp.NewHandler(client, config)
		return err
	}
	for origin, says := range map[string]string{
		"https://Example.com":      `write "https://example.com"`,
		"HTTPS://example.com":      `write "https://example.com"`,
		"https://example.com:443":  `write "https://example.com"`,
		"http://example.com:80":    `write "http://example.com"`,
		"https://[::1]:443":        `write "https://[::1]"`,
		"https://example.com:":     `write "https://example.com"`,
		"https://example.com/":     `write "https://example.com"`,
		"https://example.com?x":    `write "https://example.com"`,
		"https://pia@example.com":  `write "https://example.com"`,
		"https://*.example.com":    "list each origin",
		"https://*":                "list each origin",
		"*":                        "list each origin",
		"https://ex\u00e4mple.com": "ASCII",
		"https://ex%C3%A4mple.com": "ASCII",
		"null":                     "https://host",
		"example.com":              "https://host",
		"localhost:3000":           "https://host",
		"https://":                 "https://host",
		"https://example.com:port": "https://host",
		"":                         "https://host",
	} {
		err := with(origin)
		require.ErrorIs(t, err, agento.ErrValidation, origin)
		require.ErrorContains(t, err, fmt.Sprintf("AllowedOrigins contain %q", origin))
		require.ErrorContains(t, err, says)
	}
	for _, origin := range []string{"http://localhost:3000", "https://example.com:80", "http://[::1]:8080", "https://xn--exmple-cua.com", "capacitor://localhost", "chrome-extension://abcdef"} {
		require.NoError(t, with(origin))
	}
}
