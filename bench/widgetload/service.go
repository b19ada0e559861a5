package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// plan is what an answer is to be like. A browser's message is its JSON.
type plan struct {
	Events int
	Gap    time.Duration
	Size   int // of an event's text
}

// eventText is what an event says: its number and when it was sent.
func eventText(number int, size int) string {
	text := fmt.Sprintf("%d %d ", number, time.Now().UnixNano())
	return text + strings.Repeat("x", max(0, size-len(text)))
}

// beService answers as the service's chat does, without limits.
func beService() error {
	var sessions atomic.Int64
	return serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if strings.HasSuffix(r.URL.Path, "/sessions") {
			_, _ = fmt.Fprintf(w, `{"data":{"id":"s%d"}}`, sessions.Add(1))
			return
		}
		var sent struct{ Message string }
		var p plan
		if json.Unmarshal(body, &sent) != nil || json.Unmarshal([]byte(sent.Message), &p) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		talk(w, r, p)
	}))
}

func talk(w http.ResponseWriter, r *http.Request, p plan) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Request-Id", "req_load")
	tick := time.NewTicker(p.Gap)
	defer tick.Stop()
	for i := range p.Events {
		_, err := fmt.Fprintf(w, `data: {"type":"text","content":"%s"}`+"\n\n", eventText(i, p.Size))
		if err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
	_, _ = io.WriteString(w, `data: {"type":"done"}`+"\n\n")
}

// serve listens on loopback, says where, and serves until it fails.
func serve(h http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, h)
}
