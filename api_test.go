package agento_test

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/harness"
)

// A change of one of these public signatures does not compile here.
var (
	_ func(string, ...agento.Option) (*agento.Client, error) = agento.New
	_ func(...agento.Option) (*agento.Client, error)         = agento.NewFromEnv

	_ func(*agento.Client, context.Context, string, string, any, any, ...agento.Option) error                            = (*agento.Client).Do
	_ func(*agento.Client, context.Context, string, string, any, ...agento.Option) (*agento.Stream[agento.Event], error) = (*agento.Client).Stream
	_ func(*agento.Client) agento.RateLimit                                                                              = (*agento.Client).RateLimit

	_ func(string) agento.Option                                        = agento.WithBaseURL
	_ func(string) agento.Option                                        = agento.WithPlainHTTP
	_ func(*http.Client) agento.Option                                  = agento.WithHTTPClient
	_ func(func(context.Context) (string, error)) agento.Option         = agento.WithKeySource
	_ func(bool) agento.Option                                          = agento.WithPacing
	_ func(agento.Pacer) agento.Option                                  = agento.WithPacer
	_ func(agento.Observer) agento.Option                               = agento.WithObserver
	_ func(*slog.Logger) agento.Option                                  = agento.WithLogger
	_ func(func(http.RoundTripper) http.RoundTripper) agento.Option     = agento.WithMiddleware
	_ func(string) agento.Option                                        = agento.WithUserAgent
	_ func(string, string) agento.Option                                = agento.WithHeader
	_ func(int) agento.Option                                           = agento.WithMaxRetries
	_ func(time.Duration) agento.Option                                 = agento.WithRetryAfterLimit
	_ func(time.Duration) agento.Option                                 = agento.WithMaxWait
	_ func(bool) agento.Option                                          = agento.WithBulk
	_ func(time.Duration) agento.Option                                 = agento.WithTimeout
	_ func(time.Duration) agento.Option                                 = agento.WithIdleTimeout
	_ func(int) agento.Option                                           = agento.WithMaxEventSize
	_ func(*agento.Response) agento.Option                              = agento.WithResponse
	_ func(string, any) agento.Option                                   = agento.WithExtra
	_ func(agento.Pacer, context.Context, agento.PaceRequest) error     = agento.Pacer.Acquire
	_ func(agento.Pacer, agento.PaceResult)                             = agento.Pacer.Observe
	_ func(bool) agento.Optional[bool]                                  = agento.Set[bool]
	_ func() agento.Optional[string]                                    = agento.Clear[string]
	_ func(*agento.Stream[agento.Event]) <-chan agento.Event            = (*agento.Stream[agento.Event]).Events
	_ func(*agento.Stream[agento.Event]) error                          = (*agento.Stream[agento.Event]).Err
	_ func(*agento.Stream[agento.Event]) error                          = (*agento.Stream[agento.Event]).Close
	_ func(*agento.Stream[agento.Event]) iter.Seq2[agento.Event, error] = (*agento.Stream[agento.Event]).All
	_ func(*agento.Stream[agento.Event]) agento.Response                = (*agento.Stream[agento.Event]).Response
	_ func(*agento.ChatStream) (string, error)                          = (*agento.ChatStream).Text
	_ func(*agento.ChatStream) (*agento.Reply, error)                   = (*agento.ChatStream).Reply
)

// ctx and opts are the first and the last argument of every method.
type (
	ctx  = context.Context
	opts = []agento.Option
)

var _ interface {
	List(ctx, *agento.ListParams, ...agento.Option) (*agento.Page[agento.Agent], error)
	All(ctx, *agento.ListParams, ...agento.Option) iter.Seq2[agento.Agent, error]
	Create(ctx, agento.CreateAgentParams, ...agento.Option) (*agento.Agent, error)
	Get(ctx, string, ...agento.Option) (*agento.Agent, error)
	Update(ctx, string, agento.UpdateAgentParams, ...agento.Option) (*agento.Agent, error)
	Delete(ctx, string, ...agento.Option) error
	Start(ctx, string, ...agento.Option) error
	Stop(ctx, string, ...agento.Option) error
	Restart(ctx, string, ...agento.Option) error
	Status(ctx, string, ...agento.Option) (*agento.AgentStatus, error)
	WaitUntil(ctx, string, agento.Status, ...agento.Option) (*agento.AgentStatus, error)
	WaitAll(ctx, []string, agento.Status, ...agento.Option) iter.Seq2[agento.Agent, error]
	RestartAndWait(ctx, string, ...agento.Option) (*agento.AgentStatus, error)
} = (*agento.AgentsService)(nil)

var _ interface {
	Get(ctx, ...agento.Option) (*agento.Account, error)
	SetSecrets(ctx, agento.Target, agento.Secrets, ...agento.Option) error
	Personality(ctx, agento.Target, ...agento.Option) (*agento.Document, error)
	Workflow(ctx, agento.Target, ...agento.Option) (*agento.Document, error)
	UpdatePersonality(ctx, agento.Target, agento.UpdateDocumentParams, ...agento.Option) (*agento.Document, error)
	UpdateWorkflow(ctx, agento.Target, agento.UpdateDocumentParams, ...agento.Option) (*agento.Document, error)
	EditPersonality(ctx, agento.Target, func(string) (string, error), ...agento.Option) (*agento.Document, error)
	EditWorkflow(ctx, agento.Target, func(string) (string, error), ...agento.Option) (*agento.Document, error)
	Rules(ctx, agento.Target, *agento.ListParams, ...agento.Option) (*agento.Page[agento.Rule], error)
	AllRules(ctx, agento.Target, *agento.ListParams, ...agento.Option) iter.Seq2[agento.Rule, error]
	Rule(ctx, agento.Target, string, ...agento.Option) (*agento.Rule, error)
	PutRule(ctx, agento.Target, string, string, ...agento.Option) error
	DeleteRule(ctx, agento.Target, string, ...agento.Option) error
} = (*agento.AccountService)(nil)

var _ interface {
	Send(ctx, string, agento.SendMessageParams, ...agento.Option) (*agento.ChatStream, error)
	Ask(ctx, string, agento.SendMessageParams, ...agento.Option) (*agento.Reply, error)
	History(ctx, string, *agento.HistoryParams, ...agento.Option) (*agento.Page[agento.Message], error)
	AllHistory(ctx, string, *agento.HistoryParams, ...agento.Option) iter.Seq2[agento.Message, error]
	Sessions(ctx, string, *agento.ListParams, ...agento.Option) (*agento.Page[agento.Session], error)
	AllSessions(ctx, string, *agento.ListParams, ...agento.Option) iter.Seq2[agento.Session, error]
	CreateSession(ctx, string, agento.CreateSessionParams, ...agento.Option) (*agento.Session, error)
} = (*agento.ChatService)(nil)

var _ interface {
	Ingest(ctx, agento.Target, agento.IngestParams, ...agento.Option) (*agento.IngestResult, error)
	List(ctx, agento.Target, *agento.KnowledgeListParams, ...agento.Option) (*agento.Page[agento.Chunk], error)
	All(ctx, agento.Target, *agento.KnowledgeListParams, ...agento.Option) iter.Seq2[agento.Chunk, error]
	Delete(ctx, agento.Target, string, ...agento.Option) error
	Sync(ctx, agento.Target, iter.Seq2[agento.ChunkParams, error], *agento.SyncParams, ...agento.Option) (*agento.SyncReport, error)
} = (*agento.KnowledgeService)(nil)

var _ interface {
	Recent(ctx, string, *agento.LogsParams, ...agento.Option) ([]agento.LogEntry, error)
	Stream(ctx, string, *agento.LogsParams, ...agento.Option) (*agento.LogStream, error)
} = (*agento.LogsService)(nil)

var _ interface {
	Browse(ctx, *agento.BrowseParams, ...agento.Option) (*agento.Page[agento.Skill], error)
	AllMarketplace(ctx, *agento.BrowseParams, ...agento.Option) iter.Seq2[agento.Skill, error]
	Custom(ctx, *agento.BrowseParams, ...agento.Option) (*agento.Page[agento.Skill], error)
	AllCustom(ctx, *agento.BrowseParams, ...agento.Option) iter.Seq2[agento.Skill, error]
	Get(ctx, string, ...agento.Option) (*agento.Skill, error)
	Upload(ctx, agento.UploadSkillParams, ...agento.Option) (*agento.Skill, error)
	Delete(ctx, string, ...agento.Option) error
	Installed(ctx, string, ...agento.Option) ([]agento.InstalledSkill, error)
	Install(ctx, string, agento.InstallSkillParams, ...agento.Option) (*agento.InstalledSkill, error)
	Uninstall(ctx, string, string, ...agento.Option) error
	Deploy(ctx, agento.DeployParams, ...agento.Option) (*agento.DeployReport, error)
} = (*agento.SkillsService)(nil)

var _ interface {
	List(ctx, *agento.ListParams, ...agento.Option) (*agento.Page[agento.Swarm], error)
	All(ctx, *agento.ListParams, ...agento.Option) iter.Seq2[agento.Swarm, error]
	Create(ctx, agento.CreateSwarmParams, ...agento.Option) (*agento.Swarm, error)
	Get(ctx, string, ...agento.Option) (*agento.Swarm, error)
	Update(ctx, string, agento.UpdateSwarmParams, ...agento.Option) (*agento.Swarm, error)
	Delete(ctx, string, ...agento.Option) error
} = (*agento.SwarmsService)(nil)

// The fields of public structs.
var (
	_ = agento.Response{StatusCode: 0, RequestID: "", RateLimit: agento.RateLimit{}, Header: nil, Attempts: 0, Body: nil}
	_ = agento.RateLimit{Limit: 0, Remaining: 0, Reset: time.Time{}, Known: false}
	_ = agento.Event{ID: "", Type: "", Data: nil}
	_ = agento.ChatEvent{Type: "", Content: "", SessionID: ""}
	_ = agento.Page[int]{Data: nil, Pagination: agento.Pagination{Total: 0, Limit: 0, Offset: 0}}
	_ = agento.ListParams{Limit: 0, Offset: 0}
	_ = agento.CreateAgentParams{Name: "", Description: "", Region: "", Image: "", SwarmID: "", Secrets: agento.Secrets{}, SoulMD: "", WorkflowMD: "", SharedMode: false}
	_ = agento.UpdateAgentParams{Name: agento.Set(""), Description: agento.Set(""), Region: agento.Set(""), Image: agento.Set(""), SwarmID: agento.Clear[string](), SharedMode: agento.Set(false)}
	_ = agento.SendMessageParams{Message: "", SessionID: "", PeerID: "", Context: nil}
	_ = agento.SyncParams{State: nil, DryRun: false, Progress: func(agento.SyncReport) {}}
	_ = agento.SyncReport{Listed: 0, Chunks: 0, Unchanged: 0, Added: 0, Replaced: 0, Duplicates: 0, Deleted: 0, Failed: 0, State: nil}
	_ = agento.Secrets(map[string]string{})
	_ = agento.Error{StatusCode: 0, Code: "", Message: "", RequestID: "", Method: "", Path: "", RetryAfter: 0, RateLimit: agento.RateLimit{}, Attempts: 0, Body: nil}
	_ = []error{
		agento.ErrValidation, agento.ErrUnauthorized, agento.ErrForbidden, agento.ErrLimitReached, agento.ErrNotFound,
		agento.ErrNoRoute, agento.ErrConflict, agento.ErrRateLimited, agento.ErrInternal, agento.ErrOutcomeUnknown,
		agento.ErrStreamTruncated, agento.ErrStreamIdle, agento.ErrEventTooLarge, agento.ErrNotEventStream, agento.ErrCrossOrigin,
	}
	_ = opts{}
)

// composed are the service methods that use several operations.
var composed = []string{
	"Agents.All", "Agents.WaitUntil", "Agents.WaitAll", "Agents.RestartAndWait",
	"Account.AllRules", "Account.EditPersonality", "Account.EditWorkflow",
	"Chat.Ask", "Chat.AllHistory", "Chat.AllSessions",
	"Knowledge.All", "Knowledge.Sync",
	"Skills.AllMarketplace", "Skills.Custom", "Skills.AllCustom", "Skills.Deploy",
	"Swarms.All",
}

func TestEveryOperationHasAMethod(t *testing.T) {
	require.Len(t, route.All(), 43)
	methods := harness.ServiceMethods()
	rest := harness.ServiceMethods()
	for _, r := range route.All() {
		require.Contains(t, methods, r.Call, "the method of %s", r.Name)
		delete(rest, r.Call)
	}
	for _, call := range composed {
		require.Contains(t, rest, call)
		delete(rest, call)
	}
	require.Empty(t, rest, "methods without an operation")
}

// Every method takes a context first and options last.
func TestServiceMethodSignatures(t *testing.T) {
	for call, m := range harness.ServiceMethods() {
		in := m.Type
		require.Equal(t, "context.Context", in.In(1).String(), call)
		require.True(t, in.IsVariadic(), call)
		require.Equal(t, reflect.TypeFor[[]agento.Option](), in.In(in.NumIn()-1), call)
	}
}
