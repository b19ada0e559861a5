package proxies

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

const nginxTLS = "nginx: TLS and HTTP/2"

func tlsFaults() []fault {
	var (
		refused   = "an Error that names the certificate, at the first attempt; nothing was sent, and a write's outcome is known"
		now       = time.Now()
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return []fault{
		{nginxTLS, "calls, a chat and a log at the same time", "success, over HTTP/2 and one connection", sharedConnection},
		{nginxTLS, "an untrusted certificate", refused, func(t *testing.T) {
			cert := goodCertificate(t)
			cert.authorities = x509.NewCertPool()
			badCertificate(t, cert, "unknown authority", func(err error) bool { return errors.As(err, &authority) })
		}},
		{nginxTLS, "a certificate for another host", refused, func(t *testing.T) {
			cert := newCertificate(t, "other.example", now.Add(-time.Hour), now.Add(time.Hour))
			badCertificate(t, cert, "not localhost", func(err error) bool { return errors.As(err, &host) })
		}},
		{nginxTLS, "a certificate that has expired", refused, func(t *testing.T) {
			cert := newCertificate(t, "localhost", now.Add(-2*time.Hour), now.Add(-time.Hour))
			badCertificate(t, cert, "expired", func(err error) bool {
				return errors.As(err, &invalid) && invalid.Reason == x509.Expired
			})
		}},
	}
}

func sharedConnection(t *testing.T) {
	g := newGate()
	s := startService(t, agentWords(g)...)
	c := behindTLS(t, s, site{})
	var response agento.Response
	require.NoError(t, c.get(s.agent, agento.WithResponse(&response)))
	require.Equal(t, "HTTP/2.0", response.Header.Get("X-Protocol"))

	g.one() // nginx sends the headers with the first event
	stream := c.send(t, s.agent)
	require.Equal(t, "HTTP/2.0", stream.Response().Header.Get("X-Protocol"))
	l := c.follow(t, s, 3)
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if err := c.get(s.agent); err != nil {
				t.Errorf("a read: %v", err)
			}
		})
	}
	calls.Wait()
	l.requireLines(3)
	g.open()
	_, err := stream.Text()
	require.NoError(t, err)
	require.EqualValues(t, 1, c.dialled.Load())
}

// badCertificate makes every kind of call to an nginx with an untrusted certificate.
func badCertificate(t *testing.T, cert certificate, names string, is func(error) bool) {
	s := startService(t)
	n := startNginx(t, s.upstream(), cert.secured(site{}))
	c := newCallerOver(t, s.Key(), "https://localhost", n.dial, cert.transport(), agento.WithMaxRetries(3))
	_, chat := c.Chat.Send(c.ctx, s.agent, agento.SendMessageParams{Message: hello})
	_, log := c.Logs.Stream(c.ctx, s.agent, nil)
	for kind, err := range map[string]error{
		"a read": c.get(s.agent), "a write": c.create("Bot"), "a chat": chat, "a log": log,
	} {
		requireFailure(t, err, 0, 1)
		var verification *tls.CertificateVerificationError
		require.ErrorAs(t, err, &verification, kind)
		require.True(t, is(err), "%s: %v", kind, err)
		require.ErrorContains(t, err, names, kind)
		require.NotErrorIs(t, err, agento.ErrOutcomeUnknown, kind)
	}
	require.Empty(t, s.Requests())
	require.Zero(t, c.answered(http.StatusOK))
}
