package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
)

const (
	writeTimeout = 5 * time.Second
	sendBuffer   = 16 << 10 // of a connection to a browser, so that a slow one is felt
)

// beBackend is a site's backend with a chat handler, until SIGTERM.
func beBackend(service string) error {
	client, err := agento.New("ak_live_00112233445566778899aabbccddeeff", agento.WithBaseURL("http://"+service))
	if err != nil {
		return err
	}
	handler, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor: func(r *http.Request) (string, error) { return r.Header.Get("X-Visitor"), nil },
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: "a1"}, nil
		},
		TokenKeys:    []chathttp.TokenKey{chathttp.NewTokenKey("k1", []byte(strings.Repeat("s", 32)))},
		VisitorLimit: chathttp.Limit{AtOnce: 10, PerMinute: 100_000}, // who leaves comes back before it is noticed
		TotalLimit:   chathttp.Limit{AtOnce: 5000, PerMinute: 100_000},
		WriteTimeout: writeTimeout,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/chat", handler)
	mux.HandleFunc("/usage", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("settle") { // what is only kept for later is no leak
			client.CloseIdleConnections()
			runtime.GC()
		}
		_ = json.NewEncoder(w).Encode(currentUsage())
	})
	return serveUntilTerminated(mux, handler)
}

func serveUntilTerminated(mux http.Handler, chat *chathttp.Handler) error {
	server := &http.Server{Handler: mux, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(sendBuffer) // a larger one only hides slow readers
		return ctx
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	down := make(chan error, 1)
	go func() {
		<-terminated.Done()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		down <- errors.Join(chat.Shutdown(ctx), server.Shutdown(ctx))
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-down
}

// usage is what a process holds.
type usage struct {
	Goroutines, Files int
	Heap, Resident    float64 // MB
}

func (u usage) max(o usage) usage {
	return usage{
		max(u.Goroutines, o.Goroutines), max(u.Files, o.Files),
		max(u.Heap, o.Heap), max(u.Resident, o.Resident),
	}
}

func currentUsage() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd")
	return usage{runtime.NumGoroutine(), len(files), float64(m.HeapAlloc) / (1 << 20), resident()}
}

// resident is 0 where the system does not tell.
func resident() float64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kb / 1024
		}
	}
	return 0
}
