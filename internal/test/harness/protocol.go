package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// Protocol is the protocol between client and server.
type Protocol struct{ TLS, HTTP2 bool }

// Protocols are the protocols that tests run over.
var Protocols = map[string]Protocol{
	"HTTP/1.1":     {},
	"HTTP/1.1+TLS": {TLS: true},
	"HTTP/2":       {TLS: true, HTTP2: true},
}

// Configure sets the protocol of a server and its client's transport.
func (p Protocol) Configure(server *http.Server, tr *http.Transport, certificate tls.Certificate) {
	if !p.TLS {
		return
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!p.HTTP2)
	protocols.SetHTTP2(p.HTTP2)
	server.Protocols, tr.Protocols = protocols, protocols
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Leaf)
	tr.TLSClientConfig = &tls.Config{RootCAs: pool}
}

// Serve serves on the listener until the server is closed.
func (p Protocol) Serve(server *http.Server, l net.Listener) {
	if p.TLS {
		_ = server.ServeTLS(l, "", "")
	} else {
		_ = server.Serve(l)
	}
}

func (p Protocol) baseURL() string {
	if p.TLS {
		return "https://localhost"
	}
	return "http://localhost"
}

// Certificate returns a certificate for localhost. It is also valid in 2000, the initial
// year of a bubble's clock.
var Certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})
