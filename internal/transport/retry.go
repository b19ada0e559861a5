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

// checkRetry decides, after each attempt, whether there will be another one. It
// also settles how long to wait before it, since a wait that cannot be afforded
// is a reason to stop.
func checkRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	st := stateOf(ctx)
	if st.attempts > st.call.MaxRetries {
		return false, nil
	}
	out := &st.last
	sent := st.sent.Load()
	if !again(st.call.Method, out, sent) || st.call.LookFirst && sent && out.Err != nil || st.call.Impatient && timedOut(out.Err) {
		return false, nil
	}
	if ctx.Err() != nil {
		st.cut = true
		return false, nil
	}
	wait := waitBefore(st.attempts, out.RetryAfter)
	if out.RetryAfter > st.call.RetryAfterLimit || !fitsDeadline(ctx, wait) || !st.call.affords(out, wait) {
		return false, nil
	}
	st.retrier.RetryWaitMin = wait
	// A 408 says that the request did not arrive whole. What is sent again all the
	// same had better not rely on that.
	st.repeated = st.repeated || mayHaveApplied(out, sent) || out.StatusCode == http.StatusRequestTimeout
	if st.call.Hooks != nil {
		st.call.Hooks.Retry(st.Context, st.attempts, out, wait)
	}
	return true, nil
}

// backoff is the wait that checkRetry settled: it left it in RetryWaitMin, which
// the retrying client gives to nobody else.
func backoff(settled, _ time.Duration, _ int, _ *http.Response) time.Duration { return settled }

// again is the retry table: may a call with this method be repeated after this
// outcome of an attempt?
func again(method string, out *Outcome, sent bool) bool {
	switch {
	case out.Err != nil && Final(out.Err):
		return false
	case out.Err != nil:
		return !sent || repeatable(method)
	case out.StatusCode == http.StatusTooManyRequests, out.StatusCode == http.StatusTooEarly:
		return true
	}
	switch out.StatusCode {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return repeatable(method)
	}
	return false
}

// affords takes a wait that the service asks for off what is left for such waits,
// if there is enough of it.
func (c *Call) affords(out *Outcome, wait time.Duration) bool {
	if c.Patience == nil || out.RetryAfter == 0 && out.StatusCode != http.StatusTooManyRequests {
		return true
	}
	if wait > *c.Patience {
		return false
	}
	*c.Patience -= wait
	return true
}

func timedOut(err error) bool {
	var timeout *TimeoutError
	return errors.As(err, &timeout)
}

// mayHaveApplied reports whether an attempt that did not succeed may have had
// its effect all the same.
func mayHaveApplied(out *Outcome, sent bool) bool {
	if out.Err != nil {
		return sent
	}
	return out.StatusCode >= 500 || out.StatusCode < 200
}

// repeatable reports whether sending a request twice is the same as once.
func repeatable(method string) bool {
	return !isWrite(method) || method == http.MethodPut || method == http.MethodDelete
}

func isWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// finalError marks an error that another attempt would only meet again.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// Final reports whether another attempt could only meet the same error again.
func Final(err error) bool {
	var ours finalError
	return errors.As(err, &ours) || badCertificate(err)
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

// neverSent reports whether an error by itself proves that nothing of the
// request left the machine, whatever transport it came from.
func neverSent(err error) bool {
	if err == nil {
		return false
	}
	var op *net.OpError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") ||
		errors.As(err, &dns) || errors.As(err, &record) || badCertificate(err)
}

// waitBefore is the time before the next attempt: what the service asks, or the
// back-off where that is longer, and a jitter on top of it. It is never shorter
// than what the service asks.
func waitBefore(attempts int, retryAfter time.Duration) time.Duration {
	back := backoffMax
	if attempts < 6 {
		back = min(backoffMax, backoffMin<<(attempts-1))
	}
	return Jittered(max(retryAfter, back), back/4)
}

// Jittered is a wait and something on top of it, less than most, which is above
// zero. A wait that is as long as can be stays so.
func Jittered(wait, most time.Duration) time.Duration {
	return wait + min(rand.N(most), math.MaxInt64-wait)
}

func fitsDeadline(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}
