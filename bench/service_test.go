package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	testKey = "ak_live_0123456789abcdef0123456789abcdef"
	agentID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"

	statusBody = `{"data":{"status":"running","running":true}}`
	textEvent  = `data: {"type":"text","content":"Hi there! "}` + "\n\n"
	doneEvent  = `data: {"type":"done"}` + "\n\n"

	rateLimit = 1_000_000_000 // per minute, so that nothing waits
)

var listBody = hundredAgents()

func hundredAgents() string {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(`{"id":"a1b2c3d4-e5f6-7890-abcd-%012d","name":"Assistant %d","status":"running","region":"eu",`+
			`"image":"openclaw/openclaw:latest","swarm":null,"createdAt":"2026-01-15T10:30:00.000Z",`+
			`"startedAt":"2026-01-15T10:31:00.000Z","stoppedAt":null}`, i, i))
	}
	return `{"data":[` + strings.Join(rows, ",") + `],"pagination":{"total":100,"limit":100,"offset":0}}`
}

func responseHeader() http.Header {
	now := time.Now()
	return http.Header{
		"Content-Type":          {"application/json"},
		"Date":                  {now.UTC().Format(http.TimeFormat)},
		"X-Request-Id":          {"req_5f0c2f6b9d1e"},
		"X-Ratelimit-Limit":     {strconv.Itoa(rateLimit)},
		"X-Ratelimit-Remaining": {strconv.Itoa(rateLimit - 1)},
		"X-Ratelimit-Reset":     {strconv.FormatInt(now.Unix()+60, 10)},
	}
}

// service is the measured part of the API. The text of a chat message selects the answer:
// "events N"; "first", one event in its own write; "idle", one event and then silence;
// "crowd N", which stays open after the first event until N chats are open; "paced N", N
// events 50 ms apart.
type service struct{ crowd barrier }

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	for name, values := range responseHeader() {
		w.Header()[name] = values
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/status"):
		_, _ = io.WriteString(w, statusBody)
	case strings.HasSuffix(r.URL.Path, "/chat/sessions"):
		_, _ = io.WriteString(w, `{"data":{"id":"s1"}}`)
	case strings.HasSuffix(r.URL.Path, "/chat/messages"):
		w.Header().Set("Content-Type", "text/event-stream")
		_, rest, _ := strings.Cut(string(body), `"message":"`)
		message, _, _ := strings.Cut(rest, `"`)
		s.chat(w, r, message)
	default:
		_, _ = io.WriteString(w, listBody)
	}
}

func (s *service) chat(w http.ResponseWriter, r *http.Request, message string) {
	out := bufio.NewWriterSize(w, 32<<10)
	write := func(events int) {
		for range events {
			_, _ = out.WriteString(textEvent)
		}
	}
	flush := func() {
		_ = out.Flush()
		_ = http.NewResponseController(w).Flush()
	}
	kind, number, _ := strings.Cut(message, " ")
	n, _ := strconv.Atoi(number)
	switch kind {
	case "events":
		write(n)
	case "first":
		write(1)
		flush()
		write(1)
	case "idle":
		write(1)
		flush()
		<-r.Context().Done()
		return
	case "crowd":
		write(1)
		flush()
		s.crowd.meet(n)
		write(crowdEvents)
	case "paced":
		for range n {
			write(1)
			flush()
			time.Sleep(50 * time.Millisecond)
		}
	}
	_, _ = out.WriteString(doneEvent)
	_ = out.Flush()
}

// barrier blocks its callers until all have called meet.
type barrier struct {
	mu    sync.Mutex
	here  int
	ready chan struct{}
}

func (c *barrier) meet(size int) {
	c.mu.Lock()
	if c.here == 0 {
		c.ready = make(chan struct{})
	}
	ready := c.ready
	if c.here++; c.here == size {
		close(ready)
		c.here = 0
	}
	c.mu.Unlock()
	<-ready
}

// roleVariable makes the test binary a server: "service", or a kind of relay.
const roleVariable = "AGENTO_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		m.Run()
	case "service":
		serve(&service{})
	default:
		serve(relayBackend(role, os.Getenv(upstreamVariable)))
	}
}

// serve serves on loopback, prints the address, and ends when standard input ends.
func serve(h http.Handler) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() { _ = http.Serve(l, h) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startProcess runs the test binary in a role and returns its URL.
func startProcess(b *testing.B, role string, env ...string) (url string, stop func()) {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), append(env, roleVariable+"="+role)...)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	require.NoError(b, err)
	out, err := command.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, command.Start())
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return "http://" + strings.TrimSpace(address), func() {
		_ = in.Close()
		_ = command.Wait()
	}
}
