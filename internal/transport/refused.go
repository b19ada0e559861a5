package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ProxyConnect returns an error if a proxy refuses to connect to the service. It is
// for http.Transport.OnProxyConnectResponse, because net/http reports only the text of
// the proxy's status, as if the service had sent it. After a 5xx, another attempt may
// succeed.
func ProxyConnect(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal(proxy.Host, resp.Status, resp.StatusCode)
}

func proxyRefusal(proxy, text string, status int) error {
	err := &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("proxy %s refused to connect to the service: %s", proxy, text)}
	if status >= http.StatusInternalServerError {
		return err
	}
	return finalError{error: err}
}

// explainRefusal returns a clearer error if a server rejected the client certificate, or a
// proxy refused to connect.
func explainRefusal(next http.RoundTripper, req *http.Request, err error) error {
	if isAlert(err, certificateAlerts...) {
		return finalError{error: fmt.Errorf("TLS client certificate is missing or was rejected: %w", err)}
	}
	// A caller's transport may lack ProxyConnect.
	tr, ok := next.(*http.Transport)
	if !ok || tr.Proxy == nil || errors.Unwrap(err) != nil {
		return err
	}
	for status := http.StatusBadRequest; status <= http.StatusNetworkAuthenticationRequired; status++ {
		if text := http.StatusText(status); text != "" && text == err.Error() {
			if proxy, _ := tr.Proxy(req); proxy != nil {
				return proxyRefusal(proxy.Host, text, status)
			}
		}
	}
	return err
}

// The alerts that end a TLS handshake before the server reads a request. In TLS 1.3,
// those about the client's certificate arrive after the client has finished its part
// of the handshake.
var (
	handshakeAlerts   = []tls.AlertError{40, 70, 71, 112, 120}
	certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}
)

// rejected reports whether the server ended a new connection before it read a request.
func rejected(err error) bool {
	return isAlert(err, certificateAlerts...) ||
		err != nil && strings.HasSuffix(err.Error(), "http2: client conn could not be established")
}

// isAlert reports whether err is one of the server's alerts. crypto/tls does not export
// the type, so isAlert compares texts.
func isAlert(err error, alerts ...tls.AlertError) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err != nil &&
		slices.ContainsFunc(alerts, func(a tls.AlertError) bool { return op.Err.Error() == a.Error() })
}
