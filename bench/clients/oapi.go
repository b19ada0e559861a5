//go:build generated

package clients

import (
	"context"
	"fmt"
	"net/http"

	"github.com/remsyshq/agento-go/bench/generated/oapi"
	"github.com/remsyshq/agento-go/bench/wire"
)

func init() { Kinds = append(Kinds, Kind{Oapi, newOapi}) }

// oapiClient is the client that oapi-codegen makes. Its methods with responses
// read an answer whole, so a chat takes the plain one and reads the events itself.
type oapiClient struct{ c *oapi.ClientWithResponses }

func newOapi(baseURL string, client *http.Client) (Client, error) {
	c, err := oapi.NewClientWithResponses(baseURL, oapi.WithHTTPClient(client),
		oapi.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Api-Key", wire.Key)
			return nil
		}))
	return oapiClient{c}, err
}

func unexpected(resp *http.Response) error { return fmt.Errorf("status %s", resp.Status) }

func (o oapiClient) Status(ctx context.Context, id string) (string, error) {
	resp, err := o.c.GetAgentStatusWithResponse(ctx, id)
	if err != nil {
		return "", err
	}
	if resp.JSON200 == nil {
		return "", unexpected(resp.HTTPResponse)
	}
	return string(resp.JSON200.Data.Status), nil
}

func (o oapiClient) Get(ctx context.Context, id string) (string, error) {
	resp, err := o.c.GetAgentWithResponse(ctx, id)
	if err != nil {
		return "", err
	}
	if resp.JSON200 == nil {
		return "", unexpected(resp.HTTPResponse)
	}
	return resp.JSON200.Data.Name, nil
}

func (o oapiClient) page(ctx context.Context, params *oapi.ListAgentsParams) (rows, total int, err error) {
	resp, err := o.c.ListAgentsWithResponse(ctx, params)
	if err != nil {
		return 0, 0, err
	}
	if resp.JSON200 == nil {
		return 0, 0, unexpected(resp.HTTPResponse)
	}
	return len(resp.JSON200.Data), resp.JSON200.Pagination.Total, nil
}

func (o oapiClient) List(ctx context.Context) (int, error) {
	rows, _, err := o.page(ctx, nil)
	return rows, err
}

func (o oapiClient) All(ctx context.Context) (int, error) {
	return everyPage(func(limit, offset int) (int, int, error) {
		return o.page(ctx, &oapi.ListAgentsParams{Limit: &limit, Offset: &offset})
	})
}

func (o oapiClient) Create(ctx context.Context, name, soul string) (string, error) {
	resp, err := o.c.CreateAgentWithResponse(ctx, oapi.CreateAgentParams{Name: name, SoulMd: &soul})
	if err != nil {
		return "", err
	}
	if resp.JSON201 == nil {
		return "", unexpected(resp.HTTPResponse)
	}
	return resp.JSON201.Data.Id.String(), nil
}

func (o oapiClient) Ingest(ctx context.Context, id string, texts []string) (int, error) {
	chunks := make([]oapi.ChunkInput, len(texts))
	for i, text := range texts {
		chunks[i].Content = text
	}
	resp, err := o.c.IngestAgentKnowledgeWithResponse(ctx, id, oapi.IngestParams{Chunks: chunks})
	if err != nil {
		return 0, err
	}
	if resp.JSON201 == nil {
		return 0, unexpected(resp.HTTPResponse)
	}
	return resp.JSON201.Data.Ingested, nil
}

func (o oapiClient) Chat(ctx context.Context, id, message string, event func(kind, content string)) error {
	resp, err := o.c.SendMessage(ctx, id, oapi.SendMessageParams{Message: message})
	if err != nil {
		return err
	}
	defer closeBody(resp)
	if resp.StatusCode != http.StatusOK {
		return unexpected(resp)
	}
	return readEvents(resp.Body, event)
}
