// Package agento is the official Go SDK for the Agento API.
//
// Agento hosts AI agents. A [Client] creates and configures them, chats with them, feeds
// their knowledge base, installs skills, groups them in swarms and reads their logs:
//
//	client, err := agento.New(os.Getenv("AGENTO_API_KEY"))
//	…
//	stream, err := client.Chat.Send(ctx, agentID, agento.SendMessageParams{Message: "Hello"})
//	…
//	for event, err := range stream.All() {
//		if err != nil {
//			return err // also if the answer is truncated
//		}
//		fmt.Print(event.Content)
//	}
//
// # Calls
//
// Methods that send requests take a context first and options last. Calls are retried
// where that is safe (see [WithMaxRetries]) and wait for the key's rate limit. A failed
// call returns an [*Error] with the service's code, message and request ID. Test it with
// [errors.Is] and the Err… variables. Every call can return the errors for 400, 401, 403,
// 409, 429 and 5xx. A call with an ID can also return [ErrNotFound], and a write
// [ErrOutcomeUnknown]. The comment of a method lists its other errors. An invalid argument
// is an error before any request; it names the argument and matches [ErrValidation].
//
// # Streams
//
// An agent's answer and its log are streams. A [Stream] that ends without an error is
// complete, unless you closed it. Read it to the end, close it, or cancel its context:
// each releases the connection.
//
// # Documented and inferred parts
//
// Agento's public guides document a part of the API. The rest is inferred, mostly from the
// titles in the API reference. Comments say which is which. Inferred paths and fields may
// change in v0. Unknown enum values and event types are preserved. To read unknown fields,
// use [WithResponse] or [ChatEvent.Raw]; to send them, use [WithExtra]; to call an
// operation that the SDK does not have, use [Client.Do] or [Client.Stream].
//
// Package agentotest is a fake Agento service for your tests.
package agento

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/stream"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wait"
	"github.com/remsyshq/agento-go/internal/wire"
)

// Client is a client of the Agento API. It is safe for concurrent use. All goroutines that
// use it share its connections and its rate limit.
type Client struct {
	Agents    *AgentsService
	Account   *AccountService
	Chat      *ChatService
	Knowledge *KnowledgeService
	Logs      *LogsService
	Skills    *SkillsService
	Swarms    *SwarmsService

	core *core
}

// New returns a client for an API key of the form ak_live_…. It does not use the
// network. It returns an error for an empty or malformed key and for invalid options.
// A key without the prefix is only accepted with a base URL other than the default.
// With [WithKeySource], apiKey must be "".
func New(apiKey string, opts ...Option) (*Client, error) {
	s := defaultSettings()
	if err := s.set(onNew, opts); err != nil {
		return nil, err
	}
	base, err := wire.BaseURL(s.client.baseURL, s.client.plainHTTP)
	if err != nil {
		return nil, err
	}
	if err := checkKey(apiKey, base, s.client.keySource != nil); err != nil {
		return nil, err
	}
	if s.client.noPacing && s.client.pacer != nil {
		return nil, errs.Argument("WithPacer", "and WithPacing(false) contradict each other")
	}
	return newClient(s, base, apiKey), nil
}

// NewFromEnv returns a client for the API key in AGENTO_API_KEY and, if it is set, the
// base URL in AGENTO_BASE_URL. Options override the environment.
func NewFromEnv(opts ...Option) (*Client, error) {
	base := os.Getenv("AGENTO_BASE_URL")
	if base != "" {
		opts = append([]Option{WithBaseURL(base)}, opts...)
	}
	s := defaultSettings()
	if err := s.set(onNew, opts); err != nil {
		return nil, err
	}
	key := os.Getenv("AGENTO_API_KEY")
	if s.client.keySource != nil {
		key = ""
	} else if key == "" {
		return nil, errs.Argument("AGENTO_API_KEY", "is not set in the environment")
	}
	client, err := New(key, opts...)
	return client, nameVariable(err, s.client.baseURL == base)
}

// nameVariable names the environment variable in an error of New.
func nameVariable(err error, baseToo bool) error {
	var bad *errs.ArgumentError
	switch {
	case !errors.As(err, &bad):
	case bad.Name == "apiKey":
		return &errs.ArgumentError{Name: "AGENTO_API_KEY", Problem: bad.Problem}
	case bad.Name == "base URL" && baseToo:
		return &errs.ArgumentError{Name: "AGENTO_BASE_URL", Problem: bad.Problem}
	}
	return err
}

const keyPrefix = "ak_live_"

// checkKey returns an error, without the key, if a key is not valid.
func checkKey(key string, base *url.URL, hasSource bool) error {
	switch {
	case hasSource && key != "":
		return errs.Argument("apiKey", "and WithKeySource are both given; use one")
	case hasSource:
		return nil
	case key == "":
		return errs.Argument("apiKey", "is empty")
	}
	if err := transport.CheckKey(key); err != nil {
		return errs.Argument("apiKey", "is not usable: %v", err)
	}
	if base.String() == defaultBaseURL && !strings.HasPrefix(key, keyPrefix) {
		return errs.Argument("apiKey", "does not begin with %s, as every key for %s does", keyPrefix, defaultBaseURL)
	}
	if transport.HoldsKey(base.Host, key) || transport.HoldsKey(base.Path, key) {
		return errs.Argument("base URL", "contains the API key; give the key to New")
	}
	return nil
}

func newClient(s settings, base *url.URL, apiKey string) *Client {
	httpClient := s.client.httpClient
	if httpClient == nil {
		httpClient = &http.Client{}
	}
	if httpClient.Transport == nil {
		own := *httpClient
		own.Transport = transport.Default()
		httpClient = &own
	}
	if s.timeout == 0 {
		s.timeout = httpClient.Timeout
	}
	c := &core{
		base:      base,
		settings:  s,
		observer:  s.client.observer,
		closeIdle: httpClient.CloseIdleConnections,
	}
	if s.client.logging != nil {
		c.observer = s.client.logging(c.observer)
	}
	c.transport = transport.New(transport.Config{
		HTTPClient: httpClient,
		UserAgent:  s.client.userAgent,
		Origin:     base,
		Key:        apiKey,
		KeySource:  s.client.keySource,
		NewPacer:   s.client.newPacer,
		Middleware: s.client.middleware,
	})
	return &Client{
		Agents:    &AgentsService{c, new(wait.Restarts)},
		Account:   &AccountService{core: c},
		Chat:      &ChatService{c},
		Knowledge: &KnowledgeService{c},
		Logs:      &LogsService{c},
		Skills:    &SkillsService{c},
		Swarms:    &SwarmsService{c},
		core:      c,
	}
}

// Do sends a call that the SDK has no method for. Retries, pacing and errors are those
// of every call. The path begins with /v1/, may have a query, and must be escaped. A
// body that is not nil is encoded as JSON. If you have JSON, pass it as a [json.RawMessage].
// Do decodes the data of the response into out, unless out is nil; a *[Page] receives a
// list and its pagination. The required scope depends on the operation.
func (c *Client) Do(ctx context.Context, method, path string, body, out any, opts ...Option) error {
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return errs.Argument("out", "must be a pointer that is not nil")
	}
	call, err := c.core.prepareRaw(ctx, method, path, body, opts)
	if err != nil {
		return err
	}
	decode := wire.CheckSuccess
	if page, ok := out.(interface{ decode([]byte) error }); ok && isOwnType(out) {
		decode = page.decode
	} else if out != nil {
		decode = func(body []byte) error {
			if err := wire.Into(body, out); err != nil {
				return err
			}
			var raw []map[string]json.RawMessage
			return checkIdentity(out, -1, body, &raw)
		}
	}
	_, err = call.run(decode)
	return err
}

// Stream opens an event stream that the SDK has no method for. Method, path and body
// are as for [Client.Do]. The required scope and the form of the events depend on the
// operation. A connection that ends between two events completes the stream; one that
// ends within an event is [ErrStreamTruncated]. The default idle timeout is 10 min.
func (c *Client) Stream(ctx context.Context, method, path string, body any, opts ...Option) (*Stream[Event], error) {
	call, err := c.core.prepareRaw(ctx, method, path, body, opts)
	if err != nil {
		return nil, err
	}
	o, err := open(call, defaultChatIdle)
	if err != nil {
		return nil, err
	}
	return newStream(o.call.ctx, o, &stream.Values[Event]{Handler: rawHandler{o}}), nil
}

// RateLimit returns the rate limit that the latest response reported. A response
// without rate limit headers, such as a 401, does not change it.
func (c *Client) RateLimit() RateLimit { return c.core.lastSeen.get() }

// CloseIdleConnections closes the connections that no call is using. A client that is not
// in use has no goroutines of its own, so it needs no other cleanup.
func (c *Client) CloseIdleConnections() { c.core.closeIdle() }
