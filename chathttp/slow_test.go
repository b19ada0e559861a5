package chathttp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/chathttp"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// flooding is a service that sends without end.
func flooding(ended chan<- time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := harness.Stream(w, r)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(s, strings.Repeat(hi, 100)); err != nil {
				break
			}
			if s.Flush() != nil {
				break
			}
		}
		ended <- time.Now()
	}
}

// givenUp asserts that a browser was disconnected after the write timeout. With
// TLS, net/http may take another 5 s to close the connection.
func givenUp(t *testing.T, timeout, took time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, took, timeout)
	require.LessOrEqual(t, took, timeout+5*time.Second)
}

// TestBrowserDoesNotRead checks that the browser is disconnected when a write takes
// too long, and that the agent and the slot are released at the same time.
func TestBrowserDoesNotRead(t *testing.T) {
	for name, finish := range map[string]bool{"the turn ends": false, "the turn is finished": true} {
		t.Run(name, func(t *testing.T) {
			for proto, p := range harness.Protocols {
				t.Run(proto, func(t *testing.T) {
					var answer http.HandlerFunc
					configure := func(c *chathttp.Config) {
						c.FinishTurns, c.TurnTimeout = finish, 2*time.Minute
					}
					inWidget(t, p, func(w http.ResponseWriter, r *http.Request) { answer(w, r) }, configure, func(w *widget) {
						ended := make(chan time.Time, 1)
						answer = flooding(ended)
						if finish {
							answer = func(w http.ResponseWriter, r *http.Request) {
								s := harness.Stream(w, r)
								for range 2000 { // more than HTTP/2 flow control allows unread
									s.Send(strings.Repeat(hi, 100))
								}
								s.Send(done)
								ended <- time.Now()
							}
						}
						begun := time.Now()
						resp := w.post(body("Hello", ""))
						require.Equal(t, 200, resp.StatusCode)
						givenUp(t, 30*time.Second, (<-ended).Sub(begun))
						require.NoError(t, w.handler.Shutdown(w.Ctx))
						require.NoError(t, resp.Body.Close())
					})
				})
			}
		})
	}
}

// raw opens a new connection and sends the header of a request.
func (w *widget) raw(length int) net.Conn {
	w.T.Helper()
	conn, err := w.server.Dial(w.Ctx, "", "")
	require.NoError(w.T, err)
	_, err = fmt.Fprintf(conn, "POST /chat HTTP/1.1\r\nHost: localhost\r\nX-Visitor: pia\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", length)
	require.NoError(w.T, err)
	return conn
}

// TestBrowserReadsByteASecond checks that the write timeout applies.
func TestBrowserReadsByteASecond(t *testing.T) {
	var gone time.Time
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		harness.Stream(w, r).Send(hi).Hold()
		gone = time.Now()
	}, func(c *chathttp.Config) { c.WriteTimeout = 12500 * time.Millisecond }, func(w *widget) {
		message := body("Hello", "")
		conn := w.raw(len(message))
		begun := time.Now()
		_, err := io.WriteString(conn, message)
		require.NoError(t, err)
		var got []byte
		for one := make([]byte, 1); err == nil; time.Sleep(time.Second) {
			if _, err = conn.Read(one); err == nil {
				got = append(got, one[0])
			}
		}
		synctest.Wait()
		require.Less(t, len(got), 17)
		require.True(t, strings.HasPrefix(string(got), "HTTP/1.1 200"), "%s", got)
		require.Equal(t, 12500*time.Millisecond, gone.Sub(begun))
		require.NoError(t, conn.Close())
	})
}

// TestBrowserDoesNotReadHeartbeats checks that the browser is disconnected even
// before the service has responded.
func TestBrowserDoesNotReadHeartbeats(t *testing.T) {
	for name, finish := range map[string]bool{"the turn ends": false, "the turn is finished": true} {
		t.Run(name, func(t *testing.T) {
			var after time.Duration
			finishTurns := func(c *chathttp.Config) { c.FinishTurns = finish }
			inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
				begun, s := time.Now(), harness.Stream(w, r)
				select {
				case <-r.Context().Done():
				case <-time.After(5 * time.Minute):
					s.Send(hi, done)
				}
				after = time.Since(begun)
			}, finishTurns, func(w *widget) {
				message := body("Hello", "")
				conn := w.raw(len(message))
				_, err := io.WriteString(conn, message)
				require.NoError(t, err)
				time.Sleep(time.Minute)
				require.NoError(t, w.handler.Shutdown(w.Ctx))
				synctest.Wait()
				if finish {
					require.Equal(t, 5*time.Minute, after)
				} else {
					require.Equal(t, (15+30)*time.Second, after)
				}
				require.NoError(t, conn.Close())
			})
		})
	}
}

// failsOnce is a writer whose first write fails.
type failsOnce struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *failsOnce) Write(p []byte) (int, error) {
	if w.writes++; w.writes == 1 {
		return 0, errWrite
	}
	return w.ResponseRecorder.Write(p)
}

// TestNoWriteAfterFailedWrite checks that the rest of an event is not written.
func TestNoWriteAfterFailedWrite(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Minute)
		answering(hi, done)(w, r)
	}, nil, func(w *widget) {
		writer := &failsOnce{httptest.NewRecorder(), 0}
		w.handler.ServeHTTP(writer, w.inMemory("Hello"))
		require.Equal(t, 1, writer.writes)
		require.Empty(t, writer.Body.String())
	})
}

// panickingWriter is a middleware's writer whose Write panics with a value.
type panickingWriter struct {
	wrappedWriter
	value any
}

func (w panickingWriter) Write([]byte) (int, error) { panic(w.value) }

// TestWriterPanics panics while heartbeats are written: the panic ends its request,
// like any panic of a handler, and nothing else.
func TestWriterPanics(t *testing.T) {
	one := func(c *chathttp.Config) { c.VisitorLimit.AtOnce, c.FinishTurns = 1, true }
	for name, value := range map[string]any{"the abort of net/http": http.ErrAbortHandler, "another": errWrite} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Minute)
				answering(hi, done)(w, r)
			}, one, func(w *widget) {
				caught := make(chan any, 1)
				w.swap(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					defer func() {
						caught <- recover()
						panic(http.ErrAbortHandler)
					}()
					w.handler.ServeHTTP(panickingWriter{wrappedWriter{rw}, value}, r)
				}))
				c := w.dial()
				resp, err := c.Do(w.request(w.Ctx, c, http.MethodPost, strings.NewReader(body("Hello", ""))))
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				require.Error(t, err)
				require.Same(t, value, <-caught)
				w.swap(w.handler)
				require.Equal(t, "Hi! ", w.say("pia", "").text, "the slot is free")
			})
		})
	}
}

// TestBrowserDoesNotReadEnd checks that the connection is closed after the write
// timeout, for every kind of response.
func TestBrowserDoesNotReadEnd(t *testing.T) {
	for name, c := range map[string]struct{ message, upTo string }{
		"a stream": {body("Hello", ""), `{"type":"done"}` + "\n\n\r\n"}, // the chunk before the last
		"an error": {body("", ""), ""},
	} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
				conn := w.raw(len(c.message))
				_, err := io.WriteString(conn, c.message)
				require.NoError(t, err)
				var got []byte
				for one := make([]byte, 1); !strings.HasSuffix(string(got), c.upTo); got = append(got, one...) {
					_, err := conn.Read(one)
					require.NoError(t, err)
				}
				time.Sleep(31 * time.Second)
				rest, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.Empty(t, rest, "the server has closed the connection")
				require.NoError(t, conn.Close())
			})
		})
	}
}

// TestSlowReaderLosesNothing checks that a slow but steady browser slows the agent down.
func TestSlowReaderLosesNothing(t *testing.T) {
	overEachBrowser(t, answering(strings.Repeat(hi, 2000), done), nil, func(w *widget) {
		resp := w.post(body("Hello", ""))
		defer resp.Body.Close()
		lines, events := bufio.NewReaderSize(resp.Body, 16), 0
		for {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			if strings.Contains(line, "text") {
				events++
				time.Sleep(20 * time.Millisecond)
			}
		}
		require.Equal(t, 2000, events)
	})
}

// TestSlowBody checks that a body that arrives at a byte a second is rejected, and
// that it keeps a slot no longer than the timeout.
func TestSlowBody(t *testing.T) {
	one := func(c *chathttp.Config) { c.VisitorLimit.AtOnce = 1 }
	feed := func(to io.Writer) {
		for _, c := range []byte(body("Hello", "")) {
			if _, err := to.Write([]byte{c}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	t.Run("HTTP/1.1", func(t *testing.T) {
		inWidget(t, harness.Protocol{}, answering(hi, done), one, func(w *widget) {
			conn := w.raw(100)
			defer conn.Close()
			go feed(conn)
			slowly(w, func() *http.Response {
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				return resp
			})
		})
	})
	t.Run("HTTP/2", func(t *testing.T) {
		inWidget(t, harness.Protocols["HTTP/2"], answering(hi, done), one, func(w *widget) {
			slow, to := io.Pipe()
			defer slow.Close()
			go feed(to)
			slowly(w, func() *http.Response { return w.do(w.dial(), http.MethodPost, slow) })
		})
	})
}

func slowly(w *widget, answer func() *http.Response) {
	w.T.Helper()
	begun := time.Now()
	second := make(chan page, 1)
	go func() {
		time.Sleep(5 * time.Second)
		second <- w.say("pia", "")
	}()
	p := read(w.T, answer())
	require.Equal(w.T, 408, p.status)
	require.Equal(w.T, "body_timeout", p.code)
	require.Equal(w.T, 10*time.Second, time.Since(begun))
	require.Equal(w.T, 429, (<-second).status)
	require.Equal(w.T, [2]int{}, w.service.calls())
	time.Sleep(time.Minute)
	require.Equal(w.T, 200, w.say("pia", "").status)
}

// TestBodyAnnouncedTooLarge checks that the body is rejected before it is sent.
func TestBodyAnnouncedTooLarge(t *testing.T) {
	inWidget(t, harness.Protocol{}, answering(hi, done), nil, func(w *widget) {
		begun := time.Now()
		conn := w.raw(1 << 30)
		defer conn.Close()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, "body_too_large", read(t, resp).code)
		require.Zero(t, time.Since(begun))
	})
}

// TestRejectionBeforeBody checks that the response is written although WriteTimeout
// is shorter than BodyTimeout: net/http reads the body before it writes.
func TestRejectionBeforeBody(t *testing.T) {
	for name, c := range map[string]struct {
		configure func(*chathttp.Config)
		code      string
	}{
		"Visitor":       {func(c *chathttp.Config) { c.Visitor = func(*http.Request) (string, error) { return "", nil } }, "unauthorized"},
		"limit":         {func(c *chathttp.Config) { c.TotalLimit.PerMinute = 1 }, "busy"},
		"body too slow": {func(*chathttp.Config) {}, "body_timeout"},
		"length":        {func(c *chathttp.Config) { c.MaxBody = 50 }, "body_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			inWidget(t, harness.Protocol{}, answering(hi, done), func(config *chathttp.Config) {
				config.WriteTimeout = 2 * time.Second
				c.configure(config)
			}, func(w *widget) {
				if name == "limit" {
					require.Equal(t, 200, w.say("pia", "").status)
				}
				conn := w.raw(100)
				defer conn.Close()
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				require.Equal(t, c.code, read(t, resp).code)
			})
		})
	}
}

// TestBodyInPieces checks that a body in several pieces is accepted.
func TestBodyInPieces(t *testing.T) {
	inWidget(t, harness.Protocol{}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Minute) // far longer than BodyTimeout
		answering(hi, done)(w, r)
	}, nil, func(w *widget) {
		message := body("Hello", "")
		conn := w.raw(len(message))
		defer conn.Close()
		for _, piece := range []string{message[:5], message[5:]} {
			time.Sleep(4 * time.Second)
			_, err := io.WriteString(conn, piece)
			require.NoError(t, err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, "Hi! ", read(t, resp).text)
	})
}

// readBefore is a middleware that has read the body and replaced it with a copy.
func readBefore(t *testing.T, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(rw, r)
	})
}

// TestBodyReadBeforeHandler checks that a turn can outlast BodyTimeout if a
// middleware has read the body.
func TestBodyReadBeforeHandler(t *testing.T) {
	answer := func(rw http.ResponseWriter, r *http.Request) {
		s := harness.Stream(rw, r).Send(hi)
		time.Sleep(12 * time.Second)
		s.Send(more, done)
	}
	overEachBrowser(t, answer, nil, func(w *widget) {
		w.swap(readBefore(t, w.handler))
		require.Equal(t, []string{"session", "text", "text", "done"}, w.say("pia", "").types)
	})
}

// visitorAfter makes the function Visitor call do first.
func visitorAfter(do func(r *http.Request)) func(*chathttp.Config) {
	return func(c *chathttp.Config) {
		visitor := c.Visitor
		c.Visitor = func(r *http.Request) (string, error) {
			do(r)
			return visitor(r)
		}
	}
}

// TestSlowVisitor checks that the time in Visitor does not count towards BodyTimeout.
func TestSlowVisitor(t *testing.T) {
	slowly := visitorAfter(func(*http.Request) { time.Sleep(time.Minute) })
	overEachBrowser(t, answering(hi, done), slowly, func(w *widget) {
		long := body(strings.Repeat("x", 30_000), "")
		require.Equal(t, "Hi! ", read(t, w.post(long)).text)
		w.swap(readBefore(t, w.handler))
		require.Equal(t, "Hi! ", read(t, w.post(long)).text, "read before")
	})
}

// TestVisitorReadsBody checks that BodyTimeout applies while Visitor reads the body,
// and not afterwards.
func TestVisitorReadsBody(t *testing.T) {
	reading := visitorAfter(func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if len(body) > 0 {
			time.Sleep(time.Minute)
		}
	})
	inWidget(t, harness.Protocol{}, answering(hi, done), reading, func(w *widget) {
		require.Equal(t, "Hi! ", w.say("pia", "").text)
		begun := time.Now()
		conn := w.raw(100)
		defer conn.Close()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, "invalid_body", read(t, resp).code)
		require.Equal(t, 10*time.Second, time.Since(begun))
	})
}

// TestVisitorRejectsLate checks that BodyTimeout applies to the rest of the body,
// which net/http reads before it responds.
func TestVisitorRejectsLate(t *testing.T) {
	late := func(c *chathttp.Config) {
		c.Visitor = func(*http.Request) (string, error) {
			time.Sleep(time.Minute)
			return "", nil
		}
	}
	inWidget(t, harness.Protocol{}, answering(hi, done), late, func(w *widget) {
		begun := time.Now()
		conn := w.raw(100)
		defer conn.Close()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, "unauthorized", read(t, resp).code)
		require.Equal(t, 70*time.Second, time.Since(begun))
	})
}
