package transport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCanRetry(t *testing.T) {
	for _, c := range []struct {
		out          Outcome
		sent         bool
		safe, unsafe bool
	}{
		{Outcome{StatusCode: 520}, true, true, false},
		{Outcome{StatusCode: 524}, true, true, false},
		{Outcome{StatusCode: 525}, true, false, false},
		{Outcome{StatusCode: 529}, true, true, false},
		{Outcome{StatusCode: 429}, true, true, true},
		{Outcome{StatusCode: 425}, true, true, true},
		{Outcome{StatusCode: 408}, true, true, false},
		{Outcome{StatusCode: 500}, true, true, false},
		{Outcome{StatusCode: 502}, true, true, false},
		{Outcome{StatusCode: 503}, true, true, false},
		{Outcome{StatusCode: 504}, true, true, false},
		{Outcome{StatusCode: 501}, true, false, false},
		{Outcome{StatusCode: 404}, true, false, false},
		{Outcome{StatusCode: 307}, true, false, false},
		{Outcome{Err: io.EOF}, true, true, false},
		{Outcome{Err: io.EOF}, false, true, true},
		{Outcome{StatusCode: 200, Err: io.ErrUnexpectedEOF}, true, true, false},
		{Outcome{Err: &TimeoutError{}}, true, true, false},
		{Outcome{Err: finalError{error: io.EOF}}, false, false, false},
		{Outcome{Err: x509.HostnameError{Certificate: &x509.Certificate{}}}, false, false, false},
	} {
		for method, want := range map[string]bool{
			"GET": c.safe, "HEAD": c.safe, "OPTIONS": c.safe, "PUT": c.safe, "DELETE": c.safe, "POST": c.unsafe, "PATCH": c.unsafe, "MERGE": c.unsafe,
		} {
			c.out.sent = c.sent
			require.Equal(t, want, canRetry(method, &c.out), "%s %+v", method, c.out)
		}
	}
}

func TestNeverSent(t *testing.T) {
	for err, want := range map[error]bool{
		&net.OpError{Op: "dial", Err: io.EOF}:         true,
		&net.OpError{Op: "proxyconnect", Err: io.EOF}: true,
		&net.OpError{Op: "read", Err: io.EOF}:         false,
		&net.DNSError{}:                               true,
		&tls.CertificateVerificationError{}:           true,
		io.EOF:                                        false,
	} {
		require.Equal(t, want, neverSent(err), "%v", err)
	}
	require.True(t, neverSent(tls.RecordHeaderError{}))
}

func TestWaitBefore(t *testing.T) {
	for attempts, want := range []time.Duration{1: 500, 2: 1000, 3: 2000, 4: 4000, 5: 8000, 6: 8000, 70: 8000} {
		if want == 0 {
			continue
		}
		want *= time.Millisecond
		for range 100 {
			got := waitBefore(attempts, 0)
			require.GreaterOrEqual(t, got, want)
			require.Less(t, got, want+want/4)
			require.GreaterOrEqual(t, waitBefore(attempts, time.Hour), time.Hour)
		}
	}
}
