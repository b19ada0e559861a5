package chathttp_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// limitServer gives s the timeouts of chathttp.Server.
func limitServer(s *http.Server) {
	limited := chathttp.Server("", nil)
	s.ReadHeaderTimeout, s.ReadTimeout = limited.ReadHeaderTimeout, limited.ReadTimeout
	s.WriteTimeout, s.IdleTimeout = limited.WriteTimeout, limited.IdleTimeout
}

// TestServerEndsSlowRequests covers every handler.
func TestServerEndsSlowRequests(t *testing.T) {
	inWidgetServer(t, harness.Protocol{}, answering(hi, done), nil, limitServer, func(w *widget) {
		w.swap(http.NotFoundHandler())
		for name, c := range map[string]struct {
			sent  string
			after time.Duration
		}{
			"no body":     {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n", 30 * time.Second},
			"half a head": {"POST / HTTP/1.1\r\nHost: loc", 10 * time.Second},
			"nothing":     {"", 10 * time.Second},
			"idle":        {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 2 * time.Minute},
		} {
			begun := time.Now()
			conn, err := w.server.Dial(w.Ctx, "", "")
			require.NoError(t, err)
			_, err = io.WriteString(conn, c.sent)
			require.NoError(t, err)
			_, _ = io.ReadAll(conn)
			require.Equal(t, c.after, time.Since(begun), name)
			require.NoError(t, conn.Close())
		}
	})
}

// TestServerDoesNotEndAnswers runs answers of ten minutes through Handler and Relay.
func TestServerDoesNotEndAnswers(t *testing.T) {
	for name, p := range harness.Protocols {
		for _, relayAlone := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " Relay alone: ", relayAlone), func(t *testing.T) {
				var answer http.HandlerFunc
				inWidgetServer(t, p, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, nil, limitServer, func(w *widget) {
					ended := make(chan ending, 1)
					answer = talking(600, ended)
					b := &relayed{w, nil, make(chan error, 1)}
					if relayAlone {
						w.swap(b)
					}
					types := w.say("pia", "").types
					require.Equal(t, "done", types[len(types)-1])
					require.True(t, (<-ended).whole)
					if relayAlone {
						require.NoError(t, <-b.errs)
					}
				})
			})
		}
	}
}

func TestServer(t *testing.T) {
	mux := http.NewServeMux()
	server := chathttp.Server("localhost:8080", mux)
	require.Equal(t, "localhost:8080", server.Addr)
	require.Equal(t, mux, server.Handler)
}
