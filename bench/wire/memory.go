package wire

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// NewMemory makes a transport of net/http's that answers in the caller's
// goroutine, without a socket: with the state of an agent, or an agent. It is
// not a RoundTripper of its own kind, since programs have none, and the SDK
// guards against those that do not heed their context.
func NewMemory() *http.Transport {
	t := &http.Transport{}
	t.RegisterProtocol("http", newMemory())
	return t
}

// memory answers. All its answers share one header.
type memory struct{ header http.Header }

func newMemory() *memory {
	now := time.Now()
	return &memory{http.Header{
		"Content-Type":          {"application/json"},
		"Date":                  {now.UTC().Format(http.TimeFormat)},
		"X-Request-Id":          {"req_5f0c2f6b9d1e"},
		"X-Ratelimit-Limit":     {fmt.Sprint(limit)},
		"X-Ratelimit-Remaining": {fmt.Sprint(limit - 1)},
		"X-Ratelimit-Reset":     {fmt.Sprint(now.Add(time.Minute).Unix())},
	}}
}

func (m *memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("X-Api-Key") != Key {
		return nil, fmt.Errorf("the request has no key")
	}
	body := agentBody
	if strings.HasSuffix(req.URL.Path, "/status") {
		body = statusBody
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: m.header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}
