package clients

import (
	"context"
	"net/http"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/bench/wire"
)

// sdk is this SDK as it is: with pacing, retries and all.
type sdk struct{ c *agento.Client }

func newSDK(baseURL string, client *http.Client) (Client, error) {
	c, err := agento.New(wire.Key, agento.WithBaseURL(baseURL), agento.WithHTTPClient(client))
	return sdk{c}, err
}

func (s sdk) Status(ctx context.Context, id string) (string, error) {
	status, err := s.c.Agents.Status(ctx, id)
	if err != nil {
		return "", err
	}
	return string(status.Status), nil
}

func (s sdk) Get(ctx context.Context, id string) (string, error) {
	agent, err := s.c.Agents.Get(ctx, id)
	if err != nil {
		return "", err
	}
	return agent.Name, nil
}

func (s sdk) List(ctx context.Context) (int, error) {
	page, err := s.c.Agents.List(ctx, nil)
	if err != nil {
		return 0, err
	}
	return len(page.Data), nil
}

func (s sdk) All(ctx context.Context) (int, error) {
	n := 0
	for _, err := range s.c.Agents.All(ctx, &agento.ListParams{Limit: PageSize}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s sdk) Create(ctx context.Context, name, soul string) (string, error) {
	agent, err := s.c.Agents.Create(ctx, agento.CreateAgentParams{Name: name, SoulMD: soul})
	if err != nil {
		return "", err
	}
	return agent.ID, nil
}

func (s sdk) Ingest(ctx context.Context, id string, texts []string) (int, error) {
	chunks := make([]agento.ChunkParams, len(texts))
	for i, text := range texts {
		chunks[i].Content = text
	}
	result, err := s.c.Knowledge.Ingest(ctx, agento.ForAgent(id), agento.IngestParams{Chunks: chunks})
	if err != nil {
		return 0, err
	}
	return result.Ingested, nil
}

func (s sdk) Chat(ctx context.Context, id, message string, event func(kind, content string)) error {
	stream, err := s.c.Chat.Send(ctx, id, agento.SendMessageParams{Message: message})
	if err != nil {
		return err
	}
	defer stream.Close()
	for e := range stream.Events() {
		event(e.Type, e.Content)
	}
	return stream.Err()
}
