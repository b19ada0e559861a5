package proxies

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
)

// certificate is a test certificate in files, with a pool that trusts it.
type certificate struct {
	file, keyFile string
	authorities   *x509.CertPool
}

// newCertificate creates a self-signed certificate for a host.
func newCertificate(t *testing.T, host string, from, until time.Time) certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	encoded, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)

	dir := tempDir(t)
	c := certificate{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()}
	c.authorities.AddCert(leaf)
	write := func(path, kind string, data []byte) {
		block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
		require.NoError(t, os.WriteFile(path, block, 0o600))
	}
	write(c.file, "CERTIFICATE", der)
	write(c.keyFile, "EC PRIVATE KEY", encoded)
	return c
}

func goodCertificate(t *testing.T) certificate {
	return newCertificate(t, "localhost", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// secured adds HTTP/2 over TLS to a site, and a header that reports the protocol.
func (c certificate) secured(s site) site {
	s.listen += " ssl http2"
	s.server += fmt.Sprintf(`
		ssl_certificate %s;
		ssl_certificate_key %s;
		add_header X-Protocol $server_protocol always;`, c.file, c.keyFile)
	return s
}

// transport returns a transport like the SDK's that trusts the certificate.
func (c certificate) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: c.authorities, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// behindTLS starts nginx with TLS and HTTP/2 in front of a service, and returns a client in
// front of nginx.
func behindTLS(t *testing.T, s *service, of site, opts ...agento.Option) *caller {
	t.Helper()
	cert := goodCertificate(t)
	n := startNginx(t, s.upstream(), cert.secured(of))
	return newCallerOver(t, s.Key(), "https://localhost", n.dial, cert.transport(), opts...)
}
