//go:build generated

package clients

import (
	"context"
	"fmt"
	"net/http"

	"github.com/remsyshq/agento-go/bench/generated/ogen"
	"github.com/remsyshq/agento-go/bench/wire"
)

func init() { Kinds = append(Kinds, Kind{Ogen, newOgen}) }

// ogenClient is the client that ogen makes. It reads the answer of a chat whole,
// and leaves its events to the caller.
type ogenClient struct{ c *ogen.Client }

type ogenKey struct{}

func (ogenKey) ApiKey(context.Context, ogen.OperationName) (ogen.ApiKey, error) {
	return ogen.ApiKey{APIKey: wire.Key}, nil
}

func newOgen(baseURL string, client *http.Client) (Client, error) {
	c, err := ogen.NewClient(baseURL, ogenKey{}, ogen.WithClient(client))
	return ogenClient{c}, err
}

// as is the answer of the type that was hoped for, where it is that.
func as[T, A any](answer A, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	good, ok := any(answer).(T)
	if !ok {
		return good, fmt.Errorf("an answer of type %T", answer)
	}
	return good, nil
}

func (o ogenClient) Status(ctx context.Context, id string) (string, error) {
	answer, err := as[*ogen.AgentStatusResponseHeaders](o.c.GetAgentStatus(ctx, ogen.GetAgentStatusParams{ID: id}))
	if err != nil {
		return "", err
	}
	return string(answer.Response.Data.Status), nil
}

func (o ogenClient) Get(ctx context.Context, id string) (string, error) {
	answer, err := as[*ogen.AgentResponseHeaders](o.c.GetAgent(ctx, ogen.GetAgentParams{ID: id}))
	if err != nil {
		return "", err
	}
	return answer.Response.Data.Name, nil
}

func (o ogenClient) page(ctx context.Context, params ogen.ListAgentsParams) (rows, total int, err error) {
	answer, err := as[*ogen.AgentListResponseHeaders](o.c.ListAgents(ctx, params))
	if err != nil {
		return 0, 0, err
	}
	return len(answer.Response.Data), answer.Response.Pagination.Total, nil
}

func (o ogenClient) List(ctx context.Context) (int, error) {
	rows, _, err := o.page(ctx, ogen.ListAgentsParams{})
	return rows, err
}

func (o ogenClient) All(ctx context.Context) (int, error) {
	return everyPage(func(limit, offset int) (int, int, error) {
		return o.page(ctx, ogen.ListAgentsParams{Limit: ogen.NewOptInt(limit), Offset: ogen.NewOptInt(offset)})
	})
}

func (o ogenClient) Create(ctx context.Context, name, soul string) (string, error) {
	answer, err := as[*ogen.AgentCreatedHeaders](
		o.c.CreateAgent(ctx, &ogen.CreateAgentParams{Name: name, SoulMd: ogen.NewOptString(soul)}))
	if err != nil {
		return "", err
	}
	return answer.Response.Data.ID.String(), nil
}

func (o ogenClient) Ingest(ctx context.Context, id string, texts []string) (int, error) {
	chunks := make([]ogen.ChunkInput, len(texts))
	for i, text := range texts {
		chunks[i].Content = text
	}
	answer, err := as[*ogen.ChunksIngestedHeaders](
		o.c.IngestAgentKnowledge(ctx, &ogen.IngestParams{Chunks: chunks}, ogen.IngestAgentKnowledgeParams{ID: id}))
	if err != nil {
		return 0, err
	}
	return answer.Response.Data.Ingested, nil
}

func (o ogenClient) Chat(ctx context.Context, id, message string, event func(kind, content string)) error {
	answer, err := as[*ogen.ChatStreamResponseHeaders](
		o.c.SendMessage(ctx, &ogen.SendMessageBody{Message: message}, ogen.SendMessageParams{ID: id}))
	if err != nil {
		return err
	}
	return readEvents(answer.Response, event)
}
