package agento

import (
	"net"
	"net/url"
	"strings"

	"github.com/remsyshq/agento-go/internal/transport"
)

const keyPrefix = "ak_live_"

// checkKey refuses a key that cannot be one, without repeating it.
func checkKey(key string, base *url.URL) error {
	if err := transport.CheckKey(key); err != nil {
		return badArgument("apiKey", "is not usable: %v", err)
	}
	if base.String() == defaultBaseURL && !strings.HasPrefix(key, keyPrefix) {
		return badArgument("apiKey", "does not begin with %s, as every key for %s does", keyPrefix, defaultBaseURL)
	}
	return nil
}

func checkBaseURL(raw, plainHTTPHost string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, badArgument("base URL", "cannot be read as a URL")
	}
	if u.User != nil { // before the URL is quoted by any other complaint
		return nil, badArgument("base URL", "holds credentials; the key is given to New")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, badArgument("base URL", "%q must begin with https://", raw)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, badArgument("base URL", "%q has no host", raw)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, badArgument("base URL", "%q has a query or a fragment", raw)
	case u.RawPath != "": // such as %2F, which would be sent as a slash
		return nil, badArgument("base URL", "has a path that would be sent in another form than it is written in")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if strings.Contains(u.Path+"/", "/v1/") {
		return nil, badArgument("base URL", "%q holds /v1; give it without, the SDK adds it", raw)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !strings.EqualFold(u.Hostname(), plainHTTPHost) {
		return nil, badArgument("base URL", "%q would send the key unprotected; use https, or WithPlainHTTP for this host", raw)
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
