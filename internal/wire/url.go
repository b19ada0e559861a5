package wire

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/remsyshq/agento-go/internal/errs"
)

// BaseURL parses the base URL of a client. Errors do not quote it, because it may contain
// a key or a password. Plain HTTP is allowed for loopback hosts and for plainHTTPHost, a
// host with an optional port.
func BaseURL(raw, plainHTTPHost string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errs.Argument("base URL", "is not a URL")
	}
	if u.User != nil {
		return nil, errs.Argument("base URL", "contains credentials; pass the key to New")
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
		return nil, errs.Argument("base URL", "contains /v1, which the SDK adds itself")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !isHost(u, plainHTTPHost) {
		return nil, errs.Argument("base URL", "would send the key unencrypted; use https, or WithPlainHTTP for this host")
	}
	return u, nil
}

// isHost reports whether a URL has the given host and, if host has a port, its port.
func isHost(u *url.URL, host string) bool {
	name, port, ok := SplitHost(host)
	want, _ := netip.ParseAddr(name)
	got, _ := netip.ParseAddr(u.Hostname())
	same := strings.EqualFold(name, u.Hostname()) || want.IsValid() && want == got
	return ok && same && (port == "" || port == cmp.Or(u.Port(), "80"))
}

// SplitHost splits a host name or an IP address from its optional port. ok is false if
// host is neither.
func SplitHost(host string) (name, port string, ok bool) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", false
	}
	_, err = netip.ParseAddr(name)
	return name, port, err == nil || name != "" && !strings.ContainsAny(name, "/@ []:?#%")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Below returns the URL of a path below the base URL. escaped is the escaped path, or ""
// if it equals path.
func Below(base *url.URL, path, escaped, query string) *url.URL {
	u := *base
	u.Path += path
	if escaped != "" {
		u.RawPath = base.EscapedPath() + escaped
	}
	u.RawQuery = query
	return &u
}

// Raw joins a caller's path, which may have a query, to the base URL. The path must be
// below /v1/.
func Raw(base *url.URL, path string) (*url.URL, error) {
	if !strings.HasPrefix(path, "/v1/") {
		return nil, errs.Argument("path", "does not begin with /v1/")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errs.Argument("path", "contains a space or a control character, which must be escaped")
	}
	ref, err := url.ParseRequestURI(path)
	if err != nil || strings.ContainsAny(path, "#\\") {
		return nil, errs.Argument("path", "is not a valid path")
	}
	for segment := range strings.SplitSeq(ref.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, errs.Argument("path", "contains the segment %q", segment)
		}
	}
	return Below(base, ref.Path, ref.RawPath, ref.RawQuery), nil
}

// ValidHeaderName reports whether s is an HTTP token.
func ValidHeaderName(s string) bool {
	for _, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// ValidHeaderValue reports whether s can be sent as the value of a header.
func ValidHeaderValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
