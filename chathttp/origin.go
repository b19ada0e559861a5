package chathttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
)

// origins decides which pages may use a handler, by their origin.
type origins struct {
	protection *http.CrossOriginProtection
	listed     map[string]bool
}

func newOrigins(list []string) (*origins, error) {
	o := &origins{protection: http.NewCrossOriginProtection(), listed: make(map[string]bool, len(list))}
	for _, origin := range list {
		if err := checkOrigin(origin); err != nil {
			return nil, err
		}
		if err := o.protection.AddTrustedOrigin(origin); err != nil {
			return nil, errs.Argument("AllowedOrigins", "contain %q: %v", origin, err)
		}
		o.listed[origin] = true
	}
	return o, nil
}

// checkOrigin rejects an entry that could never match because no browser sends it.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case strings.Contains(origin, "*"):
		return errs.Argument("AllowedOrigins", "contain %q, but there are no wildcards; list each origin", origin)
	case err != nil || u.Scheme == "" || u.Host == "":
		return errs.Argument("AllowedOrigins", "contain %q, which is not of the form https://host", origin)
	case strings.ContainsFunc(u.Host, func(c rune) bool { return c >= 0x80 }):
		return errs.Argument("AllowedOrigins", "contain %q; write the host in ASCII, as browsers do: xn--…", origin)
	}
	if sent := u.Scheme + "://" + withoutDefaultPort(u.Host, u.Scheme); origin != sent {
		return errs.Argument("AllowedOrigins", "contain %q; write %q, as browsers do", origin, sent)
	}
	return nil
}

var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

// withoutDefaultPort returns a host and port as browsers write them in an origin.
func withoutDefaultPort(host, scheme string) string {
	host = strings.TrimSuffix(strings.ToLower(host), defaultPorts[scheme])
	return strings.TrimSuffix(host, ":")
}

// allow reports whether the page that sent a request may use the handler. A
// request without an Origin header does not come from a page of another origin.
// For a page of a listed origin, allow adds the headers that let it read the response.
func (o *origins) allow(w http.ResponseWriter, r *http.Request) bool {
	o.share(w, r)
	return o.protection.Check(r) == nil || r.Header.Get("Sec-Fetch-Site") == "" && ofOwnHost(r)
}

// ofOwnHost reports whether the page's host is the host of the request. Unlike
// http.CrossOriginProtection it ignores case and the default port.
func ofOwnHost(r *http.Request) bool {
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && u.Host != "" && withoutDefaultPort(u.Host, u.Scheme) == withoutDefaultPort(r.Host, u.Scheme)
}

// share adds the headers that let a page of a listed origin read the response.
func (o *origins) share(w http.ResponseWriter, r *http.Request) bool {
	if len(o.listed) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !o.listed[origin] {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}

// preflight responds to a CORS preflight request from a listed origin. It reports
// whether the request was one.
func (o *origins) preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" || !o.share(w, r) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// methods returns the value of the Allow header.
func (o *origins) methods() string {
	if len(o.listed) > 0 {
		return http.MethodOptions + ", " + http.MethodPost
	}
	return http.MethodPost
}
