package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/chathttp"
)

const (
	upstreamVariable = "AGENTO_BENCH_UPSTREAM"
	relayPairs       = 4
)

// relayBackend returns a chat backend of the given kind, which reports its own CPU time and
// peak memory at /usage.
func relayBackend(kind, upstream string) http.Handler {
	transport := &http.Transport{MaxIdleConnsPerHost: loopbackConns}
	client, err := agento.New(testKey, agento.WithBaseURL(upstream), agento.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/usage", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(ownUsage()) })
	switch kind {
	case "handler":
		mux.Handle("/chat", chatHandler(client))
	case "proxy":
		mux.Handle("/chat", chatProxy(upstream, transport))
	case "plain":
		mux.Handle("/chat", plainHandler(client))
	default:
		panic("unknown relay " + kind)
	}
	return mux
}

func chatHandler(client *agento.Client) http.Handler {
	many := chathttp.Limit{AtOnce: 5000, PerMinute: 1_000_000}
	h, err := chathttp.NewHandler(client, chathttp.Config{
		Visitor: func(r *http.Request) (string, error) { return "visitor", nil },
		Turn: func(*http.Request, chathttp.Visit) (chathttp.Turn, error) {
			return chathttp.Turn{AgentID: agentID, SessionID: "s1"}, nil // an existing session, as in the other backends
		},
		TokenKeys:    []chathttp.TokenKey{chathttp.NewTokenKey("k1", bytes.Repeat([]byte("s"), 32))},
		VisitorLimit: many, TotalLimit: many,
	})
	if err != nil {
		panic(err)
	}
	return h
}

func chatProxy(upstream string, transport http.RoundTripper) http.Handler {
	target, err := url.Parse(upstream)
	if err != nil {
		panic(err)
	}
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		Transport:     transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.Path = "/v1/agents/" + agentID + "/chat/messages"
			r.Out.Header.Set("X-Api-Key", testKey)
			// A response that begins while the body is being copied ends the copy.
			body, _ := io.ReadAll(r.In.Body)
			r.Out.Body = io.NopCloser(bytes.NewReader(body))
		},
	}
}

// plainHandler is the simplest relay.
func plainHandler(client *agento.Client) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Message string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		stream, err := client.Chat.Send(r.Context(), agentID, agento.SendMessageParams{Message: in.Message})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for event, err := range stream.All() {
			if err != nil {
				return
			}
			data, _ := json.Marshal(map[string]string{"type": event.Type, "content": event.Content})
			_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
			w.(http.Flusher).Flush()
		}
	}
}

// usage is the resource usage of a process.
type usage struct {
	CPU  float64 // µs
	Peak float64 // MB
}

func ownUsage() usage {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		panic(err)
	}
	return usage{float64(used.Utime.Nano()+used.Stime.Nano()) / 1e3, kb / 1024}
}

func usageOf(b *testing.B, backend string) (u usage) {
	resp, err := http.Get(backend + "/usage")
	require.NoError(b, err)
	defer resp.Body.Close()
	require.NoError(b, json.NewDecoder(resp.Body).Decode(&u))
	return u
}

// browse posts a message from each browser and returns the number of events received.
func browse(b *testing.B, backend, message string, browsers int) int {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: loopbackConns}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var events atomic.Int64
	var all sync.WaitGroup
	for range browsers {
		all.Go(func() {
			resp, err := client.Post(backend+"/chat", "application/json", strings.NewReader(`{"message":"`+message+`"}`))
			if err != nil {
				b.Error(err)
				return
			}
			defer resp.Body.Close()
			body := bufio.NewReaderSize(resp.Body, 64<<10)
			for {
				line, err := body.ReadSlice('\n')
				if bytes.Contains(line, []byte(`"text"`)) {
					events.Add(1)
				}
				if err != nil {
					if err != io.EOF {
						b.Error(err)
					}
					return
				}
			}
		})
	}
	all.Wait()
	return int(events.Load())
}

// relay starts a backend and returns its CPU time per event and its peak memory.
func relay(b *testing.B, kind, upstream, message string, browsers, events int) usage {
	b.Helper()
	backend, stop := startProcess(b, kind, upstreamVariable+"="+upstream)
	defer stop()
	require.Equal(b, 1, browse(b, backend, "events 1", 1))
	before := usageOf(b, backend)
	require.Equal(b, browsers*events, browse(b, backend, message, browsers))
	after := usageOf(b, backend)
	return usage{(after.CPU - before.CPU) / float64(browsers*events), after.Peak}
}

// BenchmarkRelay compares chathttp.Handler with a reverse proxy, and with a plain
// handler, by the CPU time and the memory of the backend's process.
func BenchmarkRelay(b *testing.B) {
	upstream, stop := startProcess(b, "service")
	b.Cleanup(stop)
	for _, load := range []struct {
		name, message    string
		browsers, events int
	}{
		{"FullSpeed", "events 20000", 1, 20_000},
		{"Paced500", "paced 50", 500, 50},
	} {
		for _, twin := range []string{"proxy", "plain"} {
			b.Run(load.name+"/"+twin, func(b *testing.B) {
				var cpu, peak, twinCPU, twinPeak []float64
				for b.Loop() {
					for n := range relayPairs {
						var pair [2]usage
						for i := range pair {
							which := (i + n) % 2
							pair[which] = relay(b, []string{twin, "handler"}[which], upstream, load.message, load.browsers, load.events)
						}
						cpu = append(cpu, pair[1].CPU/pair[0].CPU)
						peak = append(peak, pair[1].Peak/pair[0].Peak)
						twinCPU, twinPeak = append(twinCPU, pair[0].CPU), append(twinPeak, pair[0].Peak)
					}
				}
				b.ReportMetric(median(cpu), "cpu-x")
				b.ReportMetric(median(peak), "peak-x")
				b.ReportMetric(median(twinCPU), "twin-cpu-µs/event")
				b.ReportMetric(median(twinPeak), "twin-peak-MB")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
