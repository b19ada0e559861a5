package agento

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/transport"
)

// Response is what came back with a call, for [WithResponse].
type Response struct {
	StatusCode int    // 0: there was no answer
	RequestID  string // quote it to support
	RateLimit  RateLimit
	Header     http.Header
	Attempts   int    // how often the call was sent
	Body       []byte // the raw JSON; nil for streams
}

// request is what a service method asks for.
type request struct {
	route *route.Route
	path  pathArgs
	query url.Values
	body  any
}

// do carries out a call whose answer is one object.
func do[T any](ctx context.Context, c *core, r request, opts []Option) (*T, error) {
	call, err := c.prepare(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data *T `json:"data"`
	}
	err = call.run(func(body []byte) error {
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		if answer.Data == nil {
			return errNoData
		}
		return nil
	})
	if err != nil {
		return nil, err // not what was read before the error
	}
	return answer.Data, nil
}

// changed carries out a change whose answer is the object as it is then. A
// service may say less than that, which told finds; then read gets the object.
func changed[T any](ctx context.Context, c *core, r request, opts []Option, told func(*T) bool, read func([]Option) (*T, error)) (*T, error) {
	call, err := c.prepare(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	var object *T
	out, err := call.carryOut(func(body []byte) error {
		err := decodeInto(body, &object)
		if errors.Is(err, errNoContent) { // a document, of which only the rest is told
			object, err = nil, nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if object != nil && told(object) {
		return object, nil
	}
	object, err = read(asRead(opts))
	if err != nil {
		return nil, call.madeUnread(out, err)
	}
	return object, nil
}

// madeError is a change that was made, and that could not be read afterwards. It
// unwraps to an Error of the change. Of the read's error it has only the text: a
// 429 or a conflict of the read would say of the change that it was not made.
type madeError struct {
	change *Error
	read   string
}

func (e *madeError) Error() string {
	return "agento: the change was made, and what it made could not be read: " + e.read
}

func (e *madeError) Unwrap() error { return e.change }

// madeUnread is the error of a change that the service confirmed without the
// object. Like one whose answer was lost it matches ErrOutcomeUnknown, since the
// caller has to do the same: read before writing again.
func (o *outgoing) madeUnread(out *transport.Outcome, read error) error {
	e := o.newError(out)
	e.unknown = true
	e.Message = "what the change made could not be read"
	e.cause = contextEnd(read)
	return &madeError{change: e, read: strings.TrimPrefix(read.Error(), "agento: ")}
}

// contextEnd is the cause of a call's error, if that is the end of a context.
func contextEnd(err error) error {
	var e *Error
	if errors.As(err, &e) && (errors.Is(e.cause, context.Canceled) || errors.Is(e.cause, context.DeadlineExceeded)) {
		return e.cause
	}
	return nil
}

// asRead makes the options of a write fit for a read, which has no body that
// more fields could go into.
func asRead(opts []Option) []Option {
	return append(slices.Clip(opts), Option{"", onCall, func(s *settings) error {
		s.extra, s.lookFirst = nil, false
		return nil
	}})
}

// list carries out a call whose answer is a page of objects.
func list[T any](ctx context.Context, c *core, r request, opts []Option) (*Page[T], error) {
	call, err := c.prepare(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	page := new(Page[T])
	if err := call.run(page.decode); err != nil {
		return nil, err
	}
	return page, nil
}

// exec carries out a call whose answer has nothing to say.
func exec(ctx context.Context, c *core, r request, opts []Option) error {
	call, err := c.prepare(ctx, r, opts)
	if err != nil {
		return err
	}
	return call.run(checkUnread)
}

// checkUnread looks at an answer that nobody reads: a page of a proxy is no
// success, and neither is an error that came with the wrong status.
func checkUnread(body []byte) error {
	switch {
	case saysNothing(body):
		return nil
	case !json.Valid(body):
		return errNotJSON
	case tellsError(body) && !hasData(body):
		return errNoData
	}
	return nil
}

// tellsError reports whether an answer has the documented form of an error.
func tellsError(body []byte) bool {
	code, message := readEnvelope(body)
	return code != "" || message != ""
}

func hasData(body []byte) bool {
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	return json.Unmarshal(body, &answer) == nil && answer.Data != nil && !bytes.Equal(answer.Data, jsonNull)
}

func saysNothing(body []byte) bool { return len(bytes.TrimSpace(body)) == 0 }

// Do carries out a call that the SDK has no method for, under the same rules as
// all others. The path begins with /v1/ and may hold a query; what is variable
// in it must be escaped. A body that is not nil is sent as JSON. What the answer
// holds as data is decoded into out, unless out is nil; a *[Page] takes the whole
// of a list, with its pagination. Which scope it needs is the operation's affair.
func (c *Client) Do(ctx context.Context, method, path string, body, out any, opts ...Option) error {
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return errs.Argument("out", "is not a pointer to something")
	}
	call, err := c.core.prepareRaw(ctx, method, path, body, opts)
	if err != nil {
		return err
	}
	return call.run(func(body []byte) error { return decodeInto(body, out) })
}

// wholeAnswer is a value that takes the envelope with its data. A struct of the
// caller's that embeds one is none, though it has its method: it has more fields,
// and what it embeds may be a nil pointer.
type wholeAnswer interface{ decode(body []byte) error }

func decodeInto(body []byte, out any) error {
	if whole, ok := out.(wholeAnswer); ok && ofThisPackage(out) {
		return whole.decode(body)
	}
	if out == nil {
		return checkUnread(body)
	}
	if saysNothing(body) {
		return nil
	}
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if answer.Data == nil || bytes.Equal(answer.Data, jsonNull) && tellsError(body) {
		return errNoData
	}
	return json.Unmarshal(answer.Data, out)
}

// outgoing is a call that is ready to leave.
type outgoing struct {
	core     *core
	ctx      context.Context
	settings *settings
	info     CallInfo
	evidence route.Evidence // of its operation; empty for a raw call
	call     transport.Call
}

// prepare makes a call of an operation. Everything that can be wrong with the
// arguments is found here, before any network.
func (c *core) prepare(ctx context.Context, r request, opts []Option) (*outgoing, error) {
	path, rawPath, err := c.expand(r.route.Path, r.path)
	if err != nil {
		return nil, err
	}
	u := c.below(path, rawPath, r.query.Encode())
	info := CallInfo{
		Operation: r.route.Name, Method: r.route.Method, Route: r.route.Path, Stream: r.route.Stream,
		Path: cmp.Or(rawPath, path) + queryString(u),
	}
	out, err := c.assemble(ctx, u, r.body, info, opts)
	if err != nil {
		return nil, err
	}
	out.evidence = r.route.Evidence
	return out, nil
}

func (c *core) prepareRaw(ctx context.Context, method, path string, body any, opts []Option) (*outgoing, error) {
	if !validHeaderName(method) || strings.ToUpper(method) != method {
		return nil, errs.Argument("method", "is not an HTTP method: %q", method)
	}
	u, err := c.rawURL(path)
	if err != nil {
		return nil, err
	}
	return c.assemble(ctx, u, body, CallInfo{Method: method, Path: path}, opts)
}

// below is a URL below the base URL. rawPath is empty where it is the path.
func (c *core) below(path, rawPath, query string) *url.URL {
	u := *c.base
	u.Path += path
	if rawPath != "" {
		u.RawPath = c.base.EscapedPath() + rawPath
	}
	u.RawQuery = query
	return &u
}

func queryString(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// rawURL joins a path of the caller's to the base URL, and sees that it stays
// below /v1/.
func (c *core) rawURL(path string) (*url.URL, error) {
	if !strings.HasPrefix(path, "/v1/") {
		return nil, errs.Argument("path", "does not begin with /v1/")
	}
	// The query is sent as it stands, and a space in it would end the request's target.
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errs.Argument("path", "holds a space or a control character, which must be escaped")
	}
	ref, err := url.ParseRequestURI(path)
	if err != nil || strings.ContainsAny(path, "#\\") {
		return nil, errs.Argument("path", "is not a valid path")
	}
	for _, segment := range strings.Split(ref.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, errs.Argument("path", "holds the segment %q", segment)
		}
	}
	return c.below(ref.Path, ref.RawPath, ref.RawQuery), nil
}

func (c *core) assemble(ctx context.Context, u *url.URL, body any, info CallInfo, opts []Option) (*outgoing, error) {
	if ctx == nil {
		return nil, errs.Argument("ctx", "is nil")
	}
	if err := c.checkURL(u); err != nil {
		return nil, err
	}
	s, err := c.settings.with(opts)
	if err != nil {
		return nil, err
	}
	if s.response != nil {
		*s.response = Response{}
	}
	encoded, err := encode(body, s.extra, info.Method)
	if err != nil {
		return nil, err
	}
	var secrets []string
	if w, ok := body.(wireBody); ok {
		secrets = w.secrets().values()
	}
	info.Bulk = s.bulk
	return &outgoing{
		core: c, ctx: ctx, settings: s, info: info,
		call: transport.Call{
			Method: info.Method, URL: u, Body: encoded, Secrets: secrets,
			Header:          s.header,
			MaxRetries:      s.maxRetries,
			RetryAfterLimit: s.retryAfterLimit,
			MaxWait:         s.maxWait,
			Patience:        s.patience,
			Bulk:            s.bulk,
			LookFirst:       s.lookFirst,
			HeaderTimeout:   defaultHeaderTimeout,
			Timeout:         s.timeout,
		},
	}, nil
}

// run sends the call and has decode read the body of its answer.
func (o *outgoing) run(decode func(body []byte) error) error {
	_, err := o.carryOut(decode)
	return err
}

// carryOut is run for those who need more of the answer than its body.
func (o *outgoing) carryOut(decode func(body []byte) error) (*transport.Outcome, error) {
	watch := o.observe()
	out := o.core.transport.Do(o.ctx, &o.call)
	o.note(out)
	err := o.judge(out, decode)
	watch.callDone(out, err)
	return out, err
}

// note keeps what every answer tells, good or bad.
func (o *outgoing) note(out *transport.Outcome) {
	o.core.lastSeen.set(RateLimit(out.RateLimit))
	if o.settings.response != nil {
		*o.settings.response = responseOf(out)
		o.settings.response.Body = out.Body
	}
}

func responseOf(out *transport.Outcome) Response {
	return Response{
		StatusCode: out.StatusCode,
		RequestID:  out.RequestID(),
		RateLimit:  RateLimit(out.RateLimit),
		Header:     out.ToldHeader(),
		Attempts:   out.Attempts,
	}
}

// judge turns the outcome of a unary call into the result of the method.
func (o *outgoing) judge(out *transport.Outcome, decode func(body []byte) error) error {
	if out.Err != nil || out.StatusCode < 200 || out.StatusCode > 299 {
		return o.failure(out)
	}
	if err := decode(out.Body); err != nil {
		return o.unreadable(out, err)
	}
	return nil
}
