package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/remsyshq/agento-go/bench/wire"
)

// raw calls the service with net/http and encoding/json alone: what a careful
// programmer writes for one program, without retries, pacing or typed errors.
type raw struct {
	base string
	do   func(ctx context.Context, method, url string, header http.Header, body []byte) (*http.Response, error)
}

func newRaw(baseURL string, client *http.Client) (Client, error) {
	return &raw{base: baseURL, do: func(ctx context.Context, method, url string, header http.Header, body []byte) (*http.Response, error) {
		var reader io.Reader
		if body != nil {
			reader = bytes.NewReader(body)
		}
		req, err := http.NewRequestWithContext(ctx, method, url, reader)
		if err != nil {
			return nil, err
		}
		req.Header = header
		return client.Do(req)
	}}, nil
}

type agent struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Status      string     `json:"status"`
	Region      string     `json:"region"`
	Image       string     `json:"image"`
	Swarm       *swarmRef  `json:"swarm"`
	CreatedAt   time.Time  `json:"createdAt"`
	StartedAt   *time.Time `json:"startedAt"`
	StoppedAt   *time.Time `json:"stoppedAt"`
	Description string     `json:"description"`
	SharedMode  bool       `json:"sharedMode"`
	LastError   string     `json:"lastError"`
	UpdatedAt   *time.Time `json:"updatedAt"`
}

type swarmRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type agentStatus struct {
	Status    string          `json:"status"`
	Running   bool            `json:"running"`
	CPU       string          `json:"cpu"`
	Memory    string          `json:"memory"`
	Uptime    json.RawMessage `json:"uptime"`
	StartedAt *time.Time      `json:"startedAt"`
	LastError string          `json:"lastError"`
}

type agentPage struct {
	Data       []agent `json:"data"`
	Pagination struct {
		Total  int `json:"total"`
		Limit  int `json:"limit"`
		Offset int `json:"offset"`
	} `json:"pagination"`
}

type chunk struct {
	Content string `json:"content"`
}

type chatEvent struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

// data is the envelope of an answer that is one object.
type data[T any] struct {
	Data T `json:"data"`
}

// send makes a request and sees to its status.
func (c *raw) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	header := http.Header{"X-Api-Key": {wire.Key}, "Accept": {"application/json"}}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
		header["Content-Type"] = []string{"application/json"}
	}
	resp, err := c.do(ctx, method, c.base+path, header, body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer closeBody(resp)
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return resp, nil
}

// closeBody reads what is left of a body, so that its connection is used again.
func closeBody(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
}

func (c *raw) call(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer closeBody(resp)
	return json.NewDecoder(resp.Body).Decode(out)
}

func agentPath(id string) string { return "/v1/agents/" + url.PathEscape(id) }

func (c *raw) Status(ctx context.Context, id string) (string, error) {
	var answer data[agentStatus]
	err := c.call(ctx, http.MethodGet, agentPath(id)+"/status", nil, &answer)
	return answer.Data.Status, err
}

func (c *raw) Get(ctx context.Context, id string) (string, error) {
	var answer data[agent]
	err := c.call(ctx, http.MethodGet, agentPath(id), nil, &answer)
	return answer.Data.Name, err
}

func (c *raw) List(ctx context.Context) (int, error) {
	var page agentPage
	err := c.call(ctx, http.MethodGet, "/v1/agents", nil, &page)
	return len(page.Data), err
}

func (c *raw) All(ctx context.Context) (int, error) {
	return everyPage(func(limit, offset int) (int, int, error) {
		var page agentPage
		path := "/v1/agents?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(offset)
		err := c.call(ctx, http.MethodGet, path, nil, &page)
		return len(page.Data), page.Pagination.Total, err
	})
}

func (c *raw) Create(ctx context.Context, name, soul string) (string, error) {
	var answer data[agent]
	err := c.call(ctx, http.MethodPost, "/v1/agents", struct {
		Name   string `json:"name"`
		SoulMD string `json:"soulMd"`
	}{name, soul}, &answer)
	return answer.Data.ID, err
}

func (c *raw) Ingest(ctx context.Context, id string, texts []string) (int, error) {
	var in struct {
		Chunks []chunk `json:"chunks"`
	}
	in.Chunks = make([]chunk, len(texts))
	for i, text := range texts {
		in.Chunks[i].Content = text
	}
	var answer data[struct {
		Ingested   int      `json:"ingested"`
		Duplicates int      `json:"duplicates"`
		IDs        []string `json:"ids"`
	}]
	err := c.call(ctx, http.MethodPost, agentPath(id)+"/knowledge", in, &answer)
	if len(answer.Data.IDs) != answer.Data.Ingested {
		return 0, fmt.Errorf("%d ids for %d chunks", len(answer.Data.IDs), answer.Data.Ingested)
	}
	return answer.Data.Ingested, err
}

func (c *raw) Chat(ctx context.Context, id, message string, event func(kind, content string)) error {
	resp, err := c.send(ctx, http.MethodPost, agentPath(id)+"/chat/messages", struct {
		Message string `json:"message"`
	}{message})
	if err != nil {
		return err
	}
	defer closeBody(resp)
	return readEvents(resp.Body, event)
}
