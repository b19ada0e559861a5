package chathttp

import (
	"net/http"
	"time"
)

// Server returns an http.Server with timeouts that disconnect clients that send
// slowly, read slowly or stay idle. A request, including its body, must arrive
// within 30 s, and a response must be written within a minute. [Handler] and
// [Relay] replace these limits with their own.
func Server(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
}
