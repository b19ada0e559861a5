package agento

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/transport"
)

const keyPrefix = "ak_live_"

// checkKey refuses a key that cannot be one, without repeating it.
func checkKey(key string, base *url.URL) error {
	if err := transport.CheckKey(key); err != nil {
		return errs.Argument("apiKey", "is not usable: %v", err)
	}
	if base.String() == defaultBaseURL && !strings.HasPrefix(key, keyPrefix) {
		return errs.Argument("apiKey", "does not begin with %s, as every key for %s does", keyPrefix, defaultBaseURL)
	}
	if holdsKey(base.Host, key) || holdsKey(base.Path, key) {
		return errs.Argument("base URL", "holds the API key; the key is given to New")
	}
	return nil
}

// shortestKey is the length below which a key is not looked for in arguments: one
// as tests have, such as "key", would be found in what has nothing to do with it.
const shortestKey = 16

func holdsKey(text, key string) bool { return len(key) >= shortestKey && strings.Contains(text, key) }

// recall remembers the newest key of a client, so that a call can be refused which
// has it in its URL. key is empty where only its source knows one. The key stays
// inside of functions, as in core.
func recall(key string, source func(context.Context) (string, error)) (recalling func(context.Context) (string, error), holds func(string) bool) {
	var newest atomic.Pointer[string]
	newest.Store(&key)
	recalling = func(ctx context.Context) (string, error) {
		key, err := source(ctx)
		if err == nil && key != *newest.Load() {
			changed := key // so that only this costs an allocation
			newest.Store(&changed)
		}
		return key, err
	}
	return recalling, func(text string) bool { return holdsKey(text, *newest.Load()) }
}

// expand fills a template with arguments that are not the key: it would stand in
// the logs of whatever the URL passes.
func (c *core) expand(template string, all pathArgs) (path, rawPath string, err error) {
	for _, a := range all.given() {
		if c.holdsKey(a.value) {
			return "", "", errs.Argument(a.name, "holds the API key")
		}
	}
	return expand(template, all)
}

// checkURL refuses a URL that has the key in it, also where that is escaped.
func (c *core) checkURL(u *url.URL) error {
	if c.holdsKey(u.Path) {
		return errs.Argument("path", "holds the API key")
	}
	if u.RawQuery == "" {
		return nil
	}
	if query, err := url.QueryUnescape(u.RawQuery); c.holdsKey(u.RawQuery) || err == nil && c.holdsKey(query) {
		return errs.Argument("query", "holds the API key")
	}
	return nil
}

// checkBaseURL does not repeat any of it in a complaint: a key or a password may
// stand anywhere in it.
func checkBaseURL(raw, plainHTTPHost string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errs.Argument("base URL", "cannot be read as a URL")
	}
	if u.User != nil {
		return nil, errs.Argument("base URL", "holds credentials; the key is given to New")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errs.Argument("base URL", "must begin with https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errs.Argument("base URL", "has no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errs.Argument("base URL", "has a query or a fragment")
	case strings.Contains(strings.ToLower(u.RawPath), "%2f"):
		return nil, errs.Argument("base URL", "has an escaped slash in its path, which would be sent as a slash")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	if strings.Contains(u.Path+"/", "/v1/") {
		return nil, errs.Argument("base URL", "holds /v1; give it without, the SDK adds it")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !strings.EqualFold(u.Hostname(), plainHTTPHost) {
		return nil, errs.Argument("base URL", "would send the key unprotected; use https, or WithPlainHTTP for this host")
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// validHeaderName reports whether s is a token in the sense of HTTP.
func validHeaderName(s string) bool {
	for _, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func validHeaderValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
