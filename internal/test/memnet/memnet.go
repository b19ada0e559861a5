// Package memnet provides an in-process network for tests in virtual time. Its connections
// use net.Pipe, because a testing/synctest bubble cannot wait for a real socket.
package memnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Listener accepts the connections that its Dial method creates.
type Listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	dialled atomic.Int64
	open    atomic.Int64
}

// Listen returns a new listener.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Dial connects to the listener; it ignores the address. It can be used as
// http.Transport.DialContext. After Close it fails, like a host where nothing listens.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		l.dialled.Add(1)
		l.open.Add(1)
		return &conn{Conn: client, open: &l.open}, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
}

// Dialled returns the number of connections made so far.
func (l *Listener) Dialled() int { return int(l.dialled.Load()) }

// Open returns the number of connections whose client side is not closed.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Connections stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr returns a made-up loopback address.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

type conn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
