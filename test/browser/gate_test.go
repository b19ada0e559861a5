package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// gate lets the events of the service's answers pass one by one.
type gate struct {
	pass chan struct{} // one for each event
	left chan struct{} // receives a value when the program cancels an answer
}

func newGate() *gate { return &gate{pass: make(chan struct{}), left: make(chan struct{}, 100)} }

// open lets all events pass from now on.
func (g *gate) open() { close(g.pass) }

// let lets a number of events pass.
func (g *gate) let(t *testing.T, events int) {
	t.Helper()
	for range events {
		select {
		case g.pass <- struct{}{}:
		case <-time.After(giveUp):
			t.Fatal("no request for an answer")
		}
	}
}

// waitLeft waits until the program cancels an answer.
func (g *gate) waitLeft(t *testing.T) {
	t.Helper()
	select {
	case <-g.left:
	case <-time.After(giveUp):
		t.Fatal("the answer was not canceled")
	}
}

func (g *gate) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/chat/messages") {
			w = &gatedWriter{w, r.Context(), g}
		}
		next.ServeHTTP(w, r)
	})
}

type gatedWriter struct {
	http.ResponseWriter
	ctx  context.Context
	gate *gate
}

// Write waits at the beginning of an event.
func (w *gatedWriter) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "data: ") {
		select {
		case <-w.gate.pass:
		case <-w.ctx.Done():
			w.gate.left <- struct{}{}
			return 0, w.ctx.Err()
		}
	}
	return w.ResponseWriter.Write(p)
}

func (w *gatedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
