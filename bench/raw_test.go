package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	agento "github.com/remsyshq/agento-go"
)

// rawClient calls the service with net/http and encoding/json, as a careful programmer does
// for a single program: without retries, pacing or typed errors.
type rawClient struct {
	base string
	do   func(*http.Request) (*http.Response, error)
}

func (c rawClient) send(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		req.Body, req.GetBody = http.NoBody, nil
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Api-Key", testKey)
	req.Header.Set("Accept", "application/json")
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		closeBody(resp)
		return nil, fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return resp, nil
}

// closeBody reads the rest of a body, so that its connection is reused.
func closeBody(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	_ = resp.Body.Close()
}

func (c rawClient) get(ctx context.Context, path string, out any) error {
	resp, err := c.send(ctx, http.MethodGet, path, "")
	if err != nil {
		return err
	}
	defer closeBody(resp)
	return json.NewDecoder(resp.Body).Decode(out)
}

func (c rawClient) status(ctx context.Context) error {
	var out struct{ Data agento.AgentStatus }
	if err := c.get(ctx, "/v1/agents/"+agentID+"/status", &out); err != nil {
		return err
	}
	return want(string(out.Data.Status), "running")
}

func (c rawClient) list(ctx context.Context) error {
	var out struct {
		Data       []agento.Agent
		Pagination struct{ Total, Limit, Offset int }
	}
	if err := c.get(ctx, "/v1/agents", &out); err != nil {
		return err
	}
	return want(len(out.Data), 100)
}

// chat sends a message and calls event for each event of the answer.
func (c rawClient) chat(ctx context.Context, message string, event func()) error {
	body, err := json.Marshal(struct {
		Message string `json:"message"`
	}{message})
	if err != nil {
		return err
	}
	resp, err := c.send(ctx, http.MethodPost, "/v1/agents/"+agentID+"/chat/messages", string(body))
	if err != nil {
		return err
	}
	defer closeBody(resp)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var e struct {
			Type    string `json:"type"`
			Content string `json:"content"`
		}
		if err := json.Unmarshal(data, &e); err != nil {
			return err
		}
		event()
		if e.Type == "done" {
			return nil
		}
	}
	return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

func want[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}
