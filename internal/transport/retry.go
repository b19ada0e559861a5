package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

const (
	backoffMin = 500 * time.Millisecond
	backoffMax = 8 * time.Second
)

// checkRetry decides after each attempt whether to make another, and how long to wait.
func (c *call) checkRetry(context.Context, *http.Response, error) (bool, error) {
	out := &c.last
	if !out.Failed() || c.attempts > c.MaxRetries || !canRetry(c.Method, out) {
		return false, nil
	}
	if c.ctx.Err() != nil {
		c.ended = true
		return false, nil
	}
	c.wait = waitBefore(c.attempts, out.RetryAfter)
	if out.RetryAfter > c.RetryAfterLimit || !fitsDeadline(c.ctx, c.wait) {
		return false, nil
	}
	// A 408 should mean that the request did not arrive completely, but this is not certain.
	// If the retry fails too, the write counts as possibly applied.
	c.earlierMayHaveApplied = c.earlierMayHaveApplied || out.mayHaveApplied() || out.StatusCode == http.StatusRequestTimeout
	if c.Hooks != nil {
		out.Redactor = c.redactor()
		c.Hooks.Retry(c.attempts, out, c.wait)
	}
	c.request.Header = c.newHeader()
	return true, nil
}

// backoff returns the wait chosen by checkRetry.
func (c *call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.wait }

// canRetry reports whether a call with this method may be retried after this outcome.
func canRetry(method string, out *Outcome) bool {
	if out.Err != nil {
		return !Final(out.Err) && (!out.sent || repeatable(method))
	}
	switch out.StatusCode {
	case http.StatusTooManyRequests, http.StatusTooEarly:
		return true
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 529: // the same, from load balancers and CDNs
		return repeatable(method)
	}
	return false
}

// mayHaveApplied reports whether a failed attempt may have taken effect.
func (out *Outcome) mayHaveApplied() bool {
	if out.Err != nil {
		return out.sent
	}
	return out.StatusCode >= 500 || out.StatusCode < 200
}

// repeatable reports whether sending a request twice has the same effect as sending it
// once.
func repeatable(method string) bool {
	return !IsWrite(method) || method == http.MethodPut || method == http.MethodDelete
}

// IsWrite reports whether a method can change something.
func IsWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// finalError marks an error that a retry cannot fix.
type finalError struct {
	error
	sent bool // the request was sent
}

func (e finalError) Unwrap() error { return e.error }

// Final reports whether a retry cannot fix the error.
func Final(err error) bool {
	var final finalError
	return errors.As(err, &final) || badCertificate(err)
}

func badCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid)
}

// neverSent reports whether an error proves that the request was not sent: it comes from
// the SDK itself, from dialing, from DNS, or from setting up TLS or HTTP/2.
func neverSent(err error) bool {
	var (
		op     *net.OpError
		dns    *net.DNSError
		record tls.RecordHeaderError
		final  finalError
	)
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") ||
		errors.As(err, &dns) || errors.As(err, &record) || errors.As(err, &final) && !final.sent || badCertificate(err) ||
		isAlert(err, handshakeAlerts...) || rejected(err)
}

// waitBefore returns the time before the next attempt: the larger of Retry-After and
// the back-off, plus jitter.
func waitBefore(attempts int, retryAfter time.Duration) time.Duration {
	back := backoffMax
	if attempts < 6 {
		back = min(backoffMax, backoffMin<<(attempts-1))
	}
	return Jittered(max(retryAfter, back), back/4)
}

// Jittered returns wait plus a random duration in [0, most). most must be positive.
func Jittered(wait, most time.Duration) time.Duration {
	return wait + min(rand.N(most), math.MaxInt64-wait)
}

func fitsDeadline(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}
