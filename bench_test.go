package agento_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// The twins below do the same call with net/http and encoding/json alone, over
// the same transport in memory. Run them together:
//
//	go test -run '^$' -bench 'Call|List100' -count 6 .

// memoryTransport answers every request at once with the same JSON.
func memoryTransport(body string) roundTripper {
	now := time.Now()
	header := http.Header{
		"Content-Type":          {"application/json"},
		"Date":                  {now.UTC().Format(http.TimeFormat)},
		"X-Request-Id":          {"req_000001"},
		"X-Ratelimit-Limit":     {"1000000"},
		"X-Ratelimit-Remaining": {"999999"},
		"X-Ratelimit-Reset":     {fmt.Sprint(now.Add(time.Minute).Unix())},
	}
	return func(*http.Request) (*http.Response, error) {
		resp := respond(http.StatusOK, body)
		resp.Header = header
		return resp, nil
	}
}

func rawGet[T any](ctx context.Context, client *http.Client, url string) (*T, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", testKey)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	answer := new(T)
	return answer, json.NewDecoder(resp.Body).Decode(answer)
}

func BenchmarkCall(b *testing.B) {
	transport := memoryTransport(`{"data":{"id":"a1b2c3d4"}}`)
	ctx := context.Background()
	b.Run("raw", func(b *testing.B) {
		client := &http.Client{Transport: transport}
		type answer struct{ Data agento.Agent }
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rawGet[answer](ctx, client, "http://localhost/v1/agents/a1b2c3d4"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("agento", func(b *testing.B) {
		client := benchClient(b, transport)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Agents.Get(ctx, "a1b2c3d4"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkList100(b *testing.B) {
	transport := memoryTransport(hundredAgents())
	ctx := context.Background()
	b.Run("raw", func(b *testing.B) {
		client := &http.Client{Transport: transport}
		b.ReportAllocs()
		for b.Loop() {
			page, err := rawGet[agento.Page[agento.Agent]](ctx, client, "http://localhost/v1/agents")
			if err != nil || len(page.Data) != 100 {
				b.Fatal(err)
			}
		}
	})
	b.Run("agento", func(b *testing.B) {
		client := benchClient(b, transport)
		b.ReportAllocs()
		for b.Loop() {
			page, err := client.Agents.List(ctx, nil)
			if err != nil || len(page.Data) != 100 {
				b.Fatal(err)
			}
		}
	})
}

func benchClient(b *testing.B, rt http.RoundTripper) *agento.Client {
	b.Helper()
	client, err := agento.New(testKey,
		agento.WithBaseURL("http://localhost"), agento.WithHTTPClient(&http.Client{Transport: rt}))
	if err != nil {
		b.Fatal(err)
	}
	return client
}

func hundredAgents() string {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(`{"id":"a1b2c3d4-e5f6-7890-abcd-%012d","name":"Assistant %d","status":"running","region":"eu",`+
			`"image":"openclaw/openclaw:latest","swarm":null,"createdAt":"2026-01-15T10:30:00.000Z",`+
			`"startedAt":"2026-01-15T10:31:00.000Z","stoppedAt":null}`, i, i))
	}
	return `{"data":[` + strings.Join(rows, ",") + `],"pagination":{"total":100,"limit":100,"offset":0}}`
}
