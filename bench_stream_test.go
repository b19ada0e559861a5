package agento_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/r3labs/sse/v2"
	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// The benchmarks of streams run against a server in another process, so that
// what they measure is the reader alone:
//
//	go test -run '^$' -bench 'Stream10k|BigEvent|IdleStreams' .

const benchServerVariable = "AGENTO_GO_BENCH_SERVER"

// benchServer serves streams on loopback until its standard input ends:
// ?events=n small chat events, ?big=n one event of n bytes, ?idle an open stream
// that says nothing.
func benchServer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() { _ = http.Serve(l, http.HandlerFunc(serveBenchStream)) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func serveBenchStream(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	out := bufio.NewWriterSize(w, 32<<10)
	if n, _ := strconv.Atoi(r.Header.Get("X-Events")); n > 0 {
		for range n {
			_, _ = out.WriteString(`data: {"type":"text","content":"Hi there! "}` + "\n\n")
		}
	}
	if n, _ := strconv.Atoi(r.Header.Get("X-Big")); n > 0 {
		_, _ = out.WriteString(`data: {"type":"text","content":"` + strings.Repeat("x", n) + `"}` + "\n\n")
	}
	if r.Header.Get("X-Idle") != "" {
		_, _ = out.WriteString(": hello\n\n")
		_ = out.Flush()
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	_, _ = out.WriteString(`data: {"type":"done"}` + "\n\n")
	_ = out.Flush()
}

// startBenchServer runs the server in a process of its own and returns its URL.
func startBenchServer(b *testing.B) string {
	b.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), benchServerVariable+"=1")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	require.NoError(b, err)
	stdout, err := server.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, server.Start())
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	return "http://" + strings.TrimSpace(addr)
}

func benchStreamClient(b *testing.B, url string) (*agento.Client, *http.Client) {
	b.Helper()
	raw := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	client, err := agento.New(testKey, agento.WithBaseURL(url), agento.WithHTTPClient(raw), agento.WithPacing(false))
	require.NoError(b, err)
	b.Cleanup(raw.CloseIdleConnections)
	return client, raw
}

// rawStream opens a stream with net/http alone.
func rawStream(ctx context.Context, client *http.Client, url, header, value string) (*http.Response, error) {
	body := strings.NewReader(`{"message":"x"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/agents/a1/chat/messages", body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", testKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	return client.Do(req)
}

// readRaw reads chat events as one does without a library: a scanner for the
// lines, encoding/json for the events.
func readRaw(body io.Reader) (events int, err error) {
	var event struct {
		Type, Content string
	}
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 32<<20)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if err := json.Unmarshal(data, &event); err != nil {
			return events, err
		}
		events++
	}
	return events, lines.Err()
}

func perEvent(b *testing.B, events int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
}

func BenchmarkStream10k(b *testing.B) {
	const events = 10_000
	url := startBenchServer(b)
	client, raw := benchStreamClient(b, url)
	ctx := context.Background()
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			resp, err := rawStream(ctx, raw, url, "X-Events", strconv.Itoa(events))
			require.NoError(b, err)
			n, err := readRaw(resp.Body)
			_ = resp.Body.Close()
			require.NoError(b, err)
			require.Equal(b, events+1, n)
		}
		perEvent(b, events)
	})
	b.Run("agento", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := client.Chat.Send(ctx, "a1", agento.SendMessageParams{Message: "x"}, agento.WithHeader("X-Events", strconv.Itoa(events)))
			require.NoError(b, err)
			n := 0
			for range s.Events() {
				n++
			}
			require.NoError(b, s.Err())
			require.Equal(b, events+1, n)
		}
		perEvent(b, events)
	})
	b.Run("r3labs", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := sse.NewClient(url)
			c.Headers["X-Events"] = strconv.Itoa(events)
			ctx, cancel := context.WithCancel(ctx)
			n := 0
			_ = c.SubscribeRawWithContext(ctx, func(*sse.Event) {
				if n++; n == events+1 {
					cancel()
				}
			})
			require.Equal(b, events+1, n)
		}
		perEvent(b, events)
	})
}

func BenchmarkBigEvent(b *testing.B) {
	url := startBenchServer(b)
	client, _ := benchStreamClient(b, url)
	for _, size := range []int{64 << 10, 1 << 20, 4 << 20, 16 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				reply, err := client.Chat.Ask(context.Background(), "a1", agento.SendMessageParams{Message: "x"},
					agento.WithHeader("X-Big", strconv.Itoa(size)), agento.WithMaxEventSize(32<<20))
				require.NoError(b, err)
				require.Len(b, reply.Text, size)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/byte")
		})
	}
}

// BenchmarkIdleStreams measures what an open, silent stream holds, beside a raw
// response that a goroutine reads through bufio.
func BenchmarkIdleStreams(b *testing.B) {
	const streams = 5_000
	url := startBenchServer(b)
	client, raw := benchStreamClient(b, url)
	b.Run("raw", func(b *testing.B) {
		for b.Loop() {
			measureIdle(b, streams, func(ctx context.Context, done *sync.WaitGroup) {
				resp, err := rawStream(ctx, raw, url, "X-Idle", "1")
				require.NoError(b, err)
				done.Add(1)
				go func() {
					defer done.Done()
					defer resp.Body.Close()
					lines := bufio.NewReader(resp.Body)
					for {
						if _, err := lines.ReadString('\n'); err != nil {
							return
						}
					}
				}()
			})
		}
	})
	b.Run("agento", func(b *testing.B) {
		for b.Loop() {
			measureIdle(b, streams, func(ctx context.Context, done *sync.WaitGroup) {
				s, err := client.Chat.Send(ctx, "a1", agento.SendMessageParams{Message: "x"}, agento.WithHeader("X-Idle", "1"))
				require.NoError(b, err)
				done.Add(1)
				context.AfterFunc(ctx, func() {
					defer done.Done()
					_ = s.Close()
				})
			})
		}
	})
}

func measureIdle(b *testing.B, streams int, open func(context.Context, *sync.WaitGroup)) {
	ctx, cancel := context.WithCancel(context.Background())
	before := inUse()
	var done sync.WaitGroup
	for range streams {
		open(ctx, &done)
	}
	time.Sleep(200 * time.Millisecond) // so that all have read what there is
	b.ReportMetric(float64(inUse()-before)/float64(streams), "B/stream")
	cancel()
	done.Wait()
}

// inUse is the memory that the process holds for its heap and its stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
