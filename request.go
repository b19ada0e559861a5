package agento

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"reflect"
	"strings"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
	"github.com/remsyshq/agento-go/internal/wire"
)

// core is shared by the services of a client. The key is in transport, a pointer, so that
// fmt prints an address instead of it.
type core struct {
	transport *transport.Transport
	base      *url.URL
	settings  settings
	observer  *Observer // nil: none
	closeIdle func()
	lastSeen  lastSeen
	drift     wire.Drift
}

// Target is the agent or swarm of an operation, from [ForAgent] or [ForSwarm]. An operation
// that does not have that kind of target returns an error before sending.
type Target struct {
	kind targetKind
	id   string
}

type targetKind uint8

const (
	noTarget targetKind = iota
	agentTarget
	swarmTarget
)

// ForAgent returns the target for an agent.
func ForAgent(id string) Target { return Target{agentTarget, id} }

// ForSwarm returns the target for a swarm.
func ForSwarm(id string) Target { return Target{swarmTarget, id} }

// request returns the request of an operation on a target. forSwarm is nil for operations
// on agents only.
func (t Target) request(forAgent, forSwarm *route.Route) request {
	r := request{route: forAgent, path: pathID("target", t.id)}
	switch {
	case t.kind == noTarget:
		r.err = errs.Argument("target", "is empty; use ForAgent or ForSwarm")
	case t.kind == swarmTarget && forSwarm == nil:
		r.err = errs.Argument("target", "is a swarm, but %s is for agents; use ForAgent", forAgent.Call)
	case t.kind == swarmTarget:
		r.route = forSwarm
	}
	return r
}

// request is the request of a service method.
type request struct {
	route *route.Route
	path  wire.Args
	query query
	body  any
	err   error // of an argument
}

// pathID returns the arguments of a path with one ID. Errors refer to the ID by name.
func pathID(name, id string) wire.Args {
	return wire.Args{{Placeholder: "id", Name: name, Value: id}}
}

// do sends a call whose response has one object.
func do[T any](ctx context.Context, c *core, r request, opts []Option) (*T, error) {
	s, err := c.settings.with(opts)
	if err != nil {
		return nil, err
	}
	return doWith[T](ctx, c, r, s)
}

func doWith[T any](ctx context.Context, c *core, r request, s *settings) (*T, error) {
	call, err := c.prepare(ctx, &r, s)
	if err != nil {
		return nil, err
	}
	call.result = reflect.TypeFor[T]()
	var object *T
	_, err = call.run(func(body []byte) error {
		object, err = decodeObject[T](body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return object, nil
}

func decodeObject[T any](body []byte) (*T, error) {
	object, err := wire.Data[T](body)
	if err != nil {
		return nil, err
	}
	var raw []map[string]json.RawMessage
	return object, checkIdentity(object, -1, body, &raw)
}

// list sends a call whose response has a page of objects.
func list[T any](ctx context.Context, c *core, r request, opts []Option) (*Page[T], error) {
	s, err := c.settings.with(opts)
	if err != nil {
		return nil, err
	}
	return listWith[T](ctx, c, r, s)
}

func listWith[T any](ctx context.Context, c *core, r request, s *settings) (*Page[T], error) {
	call, err := c.prepare(ctx, &r, s)
	if err != nil {
		return nil, err
	}
	call.result = reflect.TypeFor[T]()
	page := new(Page[T])
	if _, err := call.run(page.decode); err != nil {
		return nil, err
	}
	return page, nil
}

// iterate returns the iterator of a method All…
func iterate[T any](ctx context.Context, c *core, r request, key func(*T) string, opts []Option) iter.Seq2[T, error] {
	s, err := c.settings.several("an iterator over "+r.route.Call, opts)
	r.err = cmp.Or(r.err, err)
	return pages(r.query.offset, key, func(offset int) (*Page[T], error) {
		r.query.offset = offset
		return listWith[T](ctx, c, r, s)
	})
}

// exec sends a call whose response has no result. It checks that it is a success.
func exec(ctx context.Context, c *core, r request, opts []Option) error {
	s, err := c.settings.with(opts)
	if err != nil {
		return err
	}
	return execWith(ctx, c, r, s)
}

func execWith(ctx context.Context, c *core, r request, s *settings) error {
	call, err := c.prepare(ctx, &r, s)
	if err != nil {
		return err
	}
	_, err = call.run(wire.CheckSuccess)
	return err
}

// update sends a change whose response should have the changed object. If it does not,
// update reads the object.
func update[T any](ctx context.Context, c *core, change, read request, s *settings) (*T, error) {
	call, err := c.prepare(ctx, &change, s)
	if err != nil {
		return nil, err
	}
	var object *T
	out, err := call.run(func(body []byte) error {
		decoded, err := decodeObject[T](body)
		if err == nil {
			object = decoded
			return nil
		}
		return wire.CheckSuccess(body)
	})
	if err != nil {
		return nil, err
	}
	if object != nil {
		return object, nil
	}
	settings := s.forRead()
	settings.secrets = call.spec.Secrets
	object, err = doWith[T](ctx, c, read, settings)
	if err != nil {
		return nil, call.notReadBack(out, err)
	}
	return object, nil
}

// readBack reads the object of a write with an unknown outcome. If the write was applied,
// the caller's WithResponse reports the read, otherwise the write.
func readBack[T any](ctx context.Context, c *core, r request, s *settings, applied func(*T) bool) (*T, error) {
	read := s.forRead()
	var response Response
	read.response = &response
	now, err := doWith[T](ctx, c, r, read)
	if err == nil && s.response != nil && applied(now) {
		*s.response = response
	}
	return now, err
}

// notReadBack returns the error of a change that the service confirmed without returning
// the object, if reading the object failed. It wraps only an error of the context, because a
// 429 of the read does not mean that the change was rejected.
func (c *call) notReadBack(out *transport.Outcome, read error) error {
	e := newError(c.info, out)
	e.unknown, e.confirmed = true, true
	e.Message = "the change was confirmed, but reading the result failed: " + strings.TrimPrefix(read.Error(), "agento: ")
	var readError *Error
	if errors.As(read, &readError) && (errors.Is(readError.cause, context.Canceled) || errors.Is(readError.cause, context.DeadlineExceeded)) {
		e.cause = readError.cause
		e.Message = "the change was confirmed, but reading the result failed"
	}
	return e
}

// call is one call to send.
type call struct {
	core     *core
	ctx      context.Context
	settings *settings
	info     CallInfo
	spec     transport.Call
	observed *observerCall // nil: no observer
	result   reflect.Type  // of the object or the rows of the response; nil: not known
}

// prepare returns the call of an operation. It checks all arguments.
func (c *core) prepare(ctx context.Context, r *request, s *settings) (*call, error) {
	if r.err != nil {
		return nil, r.err
	}
	path, escaped, err := wire.Expand(r.route.Path, &r.path)
	if err != nil {
		return nil, err
	}
	var encoded string
	if r.query != (query{}) {
		if encoded, err = r.query.encode(); err != nil {
			return nil, err
		}
	}
	for _, args := range [...]*wire.Args{&r.path, &r.query.filters} {
		for _, arg := range args {
			if c.transport.HoldsKey(arg.Value) {
				return nil, errs.Argument(arg.Name, "contains the API key")
			}
		}
	}
	u := wire.Below(c.base, path, escaped, encoded)
	info := CallInfo{
		Operation: r.route.Name, Method: r.route.Method, Route: r.route.Path, Stream: r.route.Stream, Path: cmp.Or(escaped, path),
		evidence: r.route.Evidence,
	}
	switch {
	case strings.HasPrefix(r.route.Path, route.OfAgent):
		info.AgentID = r.path[0].Value
	case strings.HasPrefix(r.route.Path, route.OfSwarm):
		info.SwarmID = r.path[0].Value
	}
	if u.RawQuery != "" {
		info.Path += "?" + u.RawQuery
	}
	return c.assemble(ctx, u, r.body, info, s)
}

func (c *core) prepareRaw(ctx context.Context, method, path string, body any, opts []Option) (*call, error) {
	if !wire.ValidHeaderName(method) || strings.ToUpper(method) != method {
		return nil, errs.Argument("method", "is not an HTTP method: %q", method)
	}
	if err := wire.Value("body", body); err != nil {
		return nil, err
	}
	u, err := wire.Raw(c.base, path)
	if err != nil {
		return nil, err
	}
	if err := c.checkURL(u); err != nil {
		return nil, err
	}
	s, err := c.settings.with(opts)
	if err != nil {
		return nil, err
	}
	return c.assemble(ctx, u, body, CallInfo{Method: method, Path: path}, s)
}

func (c *core) assemble(ctx context.Context, u *url.URL, body any, info CallInfo, s *settings) (*call, error) {
	if ctx == nil {
		return nil, errs.Argument("ctx", "is nil")
	}
	var encoded []byte
	var secrets []string
	if body != nil || len(s.extra) > 0 {
		var err error
		if encoded, secrets, err = encode(info.Method, body, s.extra); err != nil {
			return nil, err
		}
	}
	if s.response != nil {
		*s.response = Response{}
	}
	info.Bulk = s.bulk
	return &call{
		core: c, ctx: ctx, settings: s, info: info,
		spec: transport.Call{
			Method: info.Method, URL: u, Body: encoded, Secrets: append(secrets, s.secrets...),
			Header:          s.header,
			MaxRetries:      s.maxRetries,
			RetryAfterLimit: s.retryAfterLimit,
			MaxWait:         s.maxWait,
			Bulk:            s.bulk,
			HeaderTimeout:   defaultHeaderTimeout,
			Timeout:         s.timeout,
		},
	}, nil
}

// checkURL returns an error if a URL contains the key, because URLs are logged.
func (c *core) checkURL(u *url.URL) error {
	if c.transport.HoldsKey(u.Path) {
		return errs.Argument("path", "contains the API key")
	}
	query, err := url.QueryUnescape(u.RawQuery)
	if c.transport.HoldsKey(u.RawQuery) || err == nil && c.transport.HoldsKey(query) {
		return errs.Argument("query", "contains the API key")
	}
	return nil
}

// secretBody is a request body with Secrets, which cannot be marshaled. Its method wire
// returns a form that can be marshaled.
type secretBody interface {
	wire() any
	secrets() Secrets
}

// encode returns the JSON of a body with extra fields, and the secrets of the body.
func encode(method string, body any, extra map[string]any) (encoded []byte, secrets []string, err error) {
	if v := reflect.ValueOf(body); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil, errs.Argument("body", "is a nil pointer")
	}
	if s, ok := body.(secretBody); ok {
		if !isOwnType(body) {
			return nil, nil, errs.Argument("body", "embeds a type with secrets, which would hide the other fields; use a named field")
		}
		body, secrets = s.wire(), s.secrets().values()
	}
	encoded, err = wire.Encode(method, body, extra)
	return encoded, secrets, err
}

// isOwnType reports whether the type of v is declared in this package. A caller's struct
// that embeds such a type has its methods too.
func isOwnType(v any) bool { return wire.PackageOf(v) == wire.PackageOf(Code("")) }

// run sends a call that is not a stream, and decodes the body of a 2xx response.
func (c *call) run(decode func(body []byte) error) (*transport.Outcome, error) {
	out := c.send()
	var err error
	if out.Failed() {
		err = callError(c.info, out)
	} else if problem := decode(out.Body); problem != nil {
		err = unreadableError(c.info, out, problem)
	} else if c.observed != nil && c.result != nil {
		c.core.settings.client.compare(c.observed, &c.core.drift, out.Body, c.result)
	}
	if c.observed != nil {
		c.observed.done(out, err)
	}
	return out, err
}

// send sends a call, and stores the rate limit and the response.
func (c *call) send() *transport.Outcome {
	if observe := c.core.settings.client.observe; observe != nil {
		c.info.BaseURL = c.core.base.String()
		c.observed, c.spec.Hooks = observe(c.ctx, c.core.observer, &c.info)
		c.ctx = c.observed.ctx
	}
	out := c.core.transport.Do(c.ctx, &c.spec)
	c.core.lastSeen.set(RateLimit(out.RateLimit))
	if r := c.settings.response; r != nil {
		r.set(out)
		r.Body = out.Body
		if out.Failed() {
			r.Body = out.RedactBody(out.Body)
		}
	}
	return out
}

func (r *Response) set(out *transport.Outcome) {
	r.StatusCode = out.StatusCode
	r.RequestID = out.RequestID()
	r.RateLimit = RateLimit(out.RateLimit)
	r.Header = out.RedactedHeader()
	r.Attempts = out.Attempts
}
