package chathttp

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// http2Writer is like net/http's writer of an HTTP/2 connection.
type http2Writer struct {
	*httptest.ResponseRecorder
	t        *testing.T
	deadline time.Time
	set      int
}

func (w *http2Writer) SetWriteDeadline(at time.Time) error {
	w.deadline = at
	w.set++
	return nil
}

func (w *http2Writer) Write(p []byte) (int, error) {
	left := time.Until(w.deadline)
	require.GreaterOrEqual(w.t, left, 21*time.Second)
	require.LessOrEqual(w.t, left, 24*time.Second)
	return w.ResponseRecorder.Write(p)
}

type http1Writer struct{ *http2Writer }

func (http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// TestWriteDeadline checks that each write has a deadline. Over HTTP/1, where a
// deadline is harmless between writes, it is not set for each write.
func TestWriteDeadline(t *testing.T) {
	for name, http1 := range map[string]bool{"HTTP/1": true, "HTTP/2": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connection := &http2Writer{ResponseRecorder: httptest.NewRecorder(), t: t}
				var w http.ResponseWriter = connection
				if http1 {
					w = http1Writer{connection}
				}
				out := newWriter(w, 24*time.Second)
				for range 100 {
					out.addText("Hi! ")
					require.NoError(t, out.send())
					require.Equal(t, http1, !connection.deadline.IsZero())
					time.Sleep(50 * time.Millisecond)
				}
				time.Sleep(time.Minute)
				require.NoError(t, out.send())
				if http1 {
					require.LessOrEqual(t, connection.set, 3, "once in an eighth of the timeout")
				} else {
					require.Equal(t, 2*101, connection.set)
				}
			})
		})
	}
}
