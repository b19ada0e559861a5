package contract

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/exchange"
)

const (
	agentBody = `{"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","name":"Bot","status":"running","region":"eu","image":"i",` +
		`"createdAt":"2026-01-15T10:30:00.000Z"}`
	errorBody = `{"error":{"code":"agent_not_found","message":"m"}}`
)

// sent returns a request like the SDK's.
func sent(method, target, body string) exchange.Exchange {
	header := http.Header{"X-Api-Key": {"ak_live_x"}, "User-Agent": {"agento-go/0.1.0 (go1.26)"}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	return exchange.Exchange{Method: method, Target: target, Header: header, Body: []byte(body)}
}

// jsonOf is the body that the SDK makes of its parameters.
func jsonOf(params any) string {
	body, err := json.Marshal(params)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func withResponse(e exchange.Exchange, status int, contentType, body string) exchange.Exchange {
	header := http.Header{}
	for name, value := range map[string]string{
		"X-Request-Id": "req_1", "X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "1768473060",
		"Content-Type": contentType,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	e.Answer = &exchange.Answer{Status: status, Header: header, Body: []byte(body), Whole: true}
	return e
}

func json200(body string) exchange.Exchange {
	return withResponse(sent("GET", "/v1/agents/a1", ""), 200, "application/json; charset=utf-8", body)
}

func chat(body string) exchange.Exchange {
	return withResponse(sent("POST", "/v1/agents/a1/chat/messages", `{"message":"Hi"}`), 200, eventStream, body)
}

func logs(body string) exchange.Exchange {
	return withResponse(sent("GET", "/v1/agents/a1/logs/stream?tail=0", ""), 200, eventStream, body)
}

// without removes headers of the request and of the response.
func without(e exchange.Exchange, names ...string) exchange.Exchange {
	e.Header = e.Header.Clone()
	for _, name := range names {
		e.Header.Del(name)
		if e.Answer != nil {
			e.Answer.Header.Del(name)
		}
	}
	return e
}

func with(e exchange.Exchange, name, value string) exchange.Exchange {
	e.Header = e.Header.Clone()
	e.Header.Set(name, value)
	return e
}

func byAnother(e exchange.Exchange) exchange.Exchange {
	return with(e, "User-Agent", "Go-http-client/1.1")
}

func broken(e exchange.Exchange) exchange.Exchange {
	e.Answer.Whole = false
	return e
}

func unlimited(e exchange.Exchange) exchange.Exchange {
	e.Unlimited = true
	return e
}

const problemNone = ""

var checks = map[string]struct {
	exchange exchange.Exchange
	side     string
	problem  string // substring of the problem
}{
	"request":                      {sent("GET", "/v1/agents/a1", ""), "", problemNone},
	"request with a query":         {sent("GET", "/v1/agents?limit=10&offset=20", ""), "", problemNone},
	"request with a body":          {sent("POST", "/v1/agents", `{"name":"Bot"}`), "", problemNone},
	"id with a slash":              {sent("GET", "/v1/agents/a%2Fb", ""), "", problemNone},
	"id with a slash, not escaped": {sent("GET", "/v1/agents/a/b", ""), "request", "no such path"},
	"empty id":                     {sent("GET", "/v1/agents/", ""), "request", "no such path"},
	"wrong method":                 {sent("PUT", "/v1/agents/a1", `{}`), "request", "no such path"},
	"wrong version":                {sent("GET", "/v2/agents", ""), "request", "no such path"},
	"unknown parameter":            {sent("GET", "/v1/agents?page=2", ""), "request", `no query parameter "page"`},
	"parameter twice":              {sent("GET", "/v1/agents?limit=1&limit=2", ""), "request", `"limit" occurs 2 times`},
	"parameter of the wrong type":  {sent("GET", "/v1/agents?limit=ten", ""), "request", "limit"},
	"parameter out of its range":   {sent("GET", "/v1/agents?limit=0", ""), "request", "limit"},
	"empty parameter":              {sent("GET", "/v1/skills?q=", ""), "request", `"q"`},
	"no key":                       {without(sent("GET", "/v1/agents", ""), "X-Api-Key"), "request", "X-Api-Key is missing"},
	"body with a GET":              {sent("GET", "/v1/agents", `{}`), "request", "takes no body"},
	"body with a DELETE":           {sent("DELETE", "/v1/agents/a1", `{}`), "request", "takes no body"},
	"no body":                      {sent("POST", "/v1/agents", ""), "request", "required but missing"},
	"body without its type":        {without(sent("POST", "/v1/agents", `{"name":"a"}`), "Content-Type"), "request", "Content-Type"},
	"body that is no JSON":         {sent("POST", "/v1/agents", `{`), "request", "failed to decode"},
	"required field missing":       {sent("POST", "/v1/agents", `{}`), "request", `"name" is missing`},
	"field of the wrong type":      {sent("POST", "/v1/agents", `{"name":1}`), "request", "name"},
	"unknown field":                {sent("POST", "/v1/agents", `{"name":"a","soulMD":"x"}`), "request", `"soulMD" is unsupported`},
	"unknown field of a row":       {sent("POST", "/v1/agents/a1/knowledge", `{"chunks":[{"content":"a","tag":"x"}]}`), "request", "tag"},
	"unknown secret":               {sent("PUT", "/v1/agents/a1/secrets", `{"own":"x"}`), "", problemNone},
	"both ways to install":         {sent("POST", "/v1/agents/a1/skills", jsonOf(agento.InstallSkillParams{SkillID: "a", GitHubURL: "https://github.com/o/r"})), "request", "InstallSkillParams"},

	"response":                  {json200(`{"data":` + agentBody + `}`), "", problemNone},
	"response with more fields": {json200(`{"data":` + strings.Replace(agentBody, "{", `{"new":1,`, 1) + `,"meta":1}`), "", problemNone},
	"no envelope":               {json200(agentBody), "response", "data"},
	"field missing":             {json200(`{"data":` + strings.Replace(agentBody, `"image"`, `"picture"`, 1) + `}`), "response", "image"},
	"field of another type":     {json200(`{"data":` + strings.Replace(agentBody, `"running"`, `5`, 1) + `}`), "response", "status"},
	"time in another form":      {json200(`{"data":` + strings.Replace(agentBody, "2026-01-15T10:30:00.000Z", "yesterday", 1) + `}`), "response", "createdAt"},
	"not JSON":                  {json200(`<html>`), "response", "decode"},
	"JSON under another type":   {withResponse(sent("GET", "/v1/agents/a1", ""), 200, "text/html", `{"data":`+agentBody+`}`), "response", "Content-Type"},
	"list without pagination":   {withResponse(sent("GET", "/v1/agents", ""), 200, "application/json", `{"data":[]}`), "response", "pagination"},
	"status that is not there": {
		withResponse(sent("GET", "/v1/agents/a1", ""), 201, "application/json", `{"data":`+agentBody+`}`), "response", "status is not supported"},
	"no request id":                   {without(json200(`{"data":`+agentBody+`}`), "X-Request-Id"), "response", "X-Request-Id"},
	"no rate limit":                   {without(json200(`{"data":`+agentBody+`}`), "X-RateLimit-Reset"), "response", "X-RateLimit-Reset"},
	"service without rate limit":      {unlimited(without(json200(`{"data":`+agentBody+`}`), rateLimitHeaders...)), "", problemNone},
	"rate limit of a service without": {unlimited(json200(`{"data":` + agentBody + `}`)), "response", "without a rate limit sends"},
	"204":                             {withResponse(sent("DELETE", "/v1/agents/a1", ""), 204, "", ""), "", problemNone},
	"204 with a body":                 {withResponse(sent("DELETE", "/v1/agents/a1", ""), 204, "", "{}"), "response", "204 response has a body"},
	"error":                           {withResponse(sent("GET", "/v1/agents/a1", ""), 404, "application/json", errorBody), "", problemNone},
	"error without a message":         {withResponse(sent("GET", "/v1/agents/a1", ""), 404, "application/json", `{"error":{"code":"c"}}`), "response", "message"},
	"429 without Retry-After":         {withResponse(sent("GET", "/v1/agents/a1", ""), 429, "application/json", errorBody), "response", "Retry-After"},
	"truncated response":              {broken(json200(`{"data":{"id"`)), "", problemNone},

	"stream":                       {chat("data: {\"type\":\"text\",\"content\":\"Hi\"}\n\n: life\n\ndata: {\"type\":\"done\"}\n\n"), "", problemNone},
	"event of a new type":          {chat("data: {\"type\":\"later\",\"any\":[1]}\n\n"), "", problemNone},
	"event without its type":       {chat("data: {\"type\":\"done\"}\n\ndata: {\"typ\":\"done\"}\n\n"), "response", "event 2"},
	"event without its text":       {chat("data: {\"type\":\"text\"}\n\n"), "response", "content"},
	"event that is no JSON":        {chat("data: Hi\n\n"), "response", "event 1: not JSON"},
	"event in a broken stream":     {broken(chat("data: {\"type\":\"text\"}\n\ndata: {\"ty")), "response", "content"},
	"half an event":                {broken(chat("data: {\"type\":\"done\"}\n\ndata: {\"ty")), "", problemNone},
	"stream of another type":       {withResponse(sent("POST", "/v1/agents/a1/chat/messages", `{"message":"Hi"}`), 200, "application/json", `{}`), "response", "Content-Type"},
	"log":                          {logs("id: 1\ndata: {\"line\":\"ready\"}\n\ndata: \"plain\"\n\nevent: close\ndata: {}\n\n"), "", problemNone},
	"log entry without a line":     {logs("data: {\"text\":\"ready\"}\n\n"), "response", "event 1"},
	"path that is not there":       {byAnother(withResponse(sent("GET", "/v1/x", ""), 404, "application/json", errorBody)), "", problemNone},
	"path that is there after all": {byAnother(withResponse(sent("GET", "/v1/x", ""), 200, "application/json", `{"data":1}`)), "response", "gets status 200"},
	"404 in another form":          {byAnother(withResponse(sent("GET", "/v1/x", ""), 404, "text/html", `<html>`)), "response", "not JSON"},
	"too large":                    {byAnother(withResponse(sent("POST", "/v1/agents", `{}`), 413, "application/json", errorBody)), "", problemNone},

	"another's invalid request, refused":  {byAnother(withResponse(sent("POST", "/v1/agents", `{}`), 400, "application/json", errorBody)), "", problemNone},
	"another's invalid request, accepted": {byAnother(withResponse(sent("POST", "/v1/agents", `{}`), 201, "application/json", `{"data":`+agentBody+`}`)), "request", "name"},
	"another's unknown field":             {byAnother(withResponse(sent("POST", "/v1/agents", `{"name":"a","x":1}`), 201, "application/json", `{"data":`+agentBody+`}`)), "", problemNone},
	"the SDK's invalid request, refused":  {withResponse(sent("POST", "/v1/agents", `{}`), 400, "application/json", errorBody), "request", "name"},
	"invalid on purpose":                  {with(withResponse(sent("POST", "/v1/agents", `{}`), 400, "application/json", errorBody), OnPurpose, "no name"), "", problemNone},
	"on purpose, and accepted":            {with(withResponse(sent("POST", "/v1/agents", `{}`), 201, "application/json", `{"data":`+agentBody+`}`), OnPurpose, "x"), "request", "not refused"},
	"on purpose, and valid":               {with(sent("GET", "/v1/agents", ""), OnPurpose, "x"), "request", "is valid"},
}

func TestCheck(t *testing.T) {
	d := loadDocument(t)
	for name, tt := range checks {
		t.Run(name, func(t *testing.T) {
			var r Report
			r.See(d, &tt.exchange)
			if tt.problem == problemNone {
				require.Empty(t, r.Violations())
				return
			}
			require.True(t, slices.ContainsFunc(r.Violations(), func(v Violation) bool {
				return v.Side == tt.side && strings.Contains(v.Problem, tt.problem)
			}), "%v", r.Violations())
		})
	}
}

func TestReportCounts(t *testing.T) {
	d := loadDocument(t)
	var r Report
	for _, e := range []exchange.Exchange{
		sent("GET", "/v1/agents/a1", ""), sent("GET", "/v1/agents/a1", ""), // equal requests are checked once
		json200(`{"data":` + agentBody + `}`),
		unlimited(without(withResponse(sent("GET", "/v1/agents/a1", ""), 404, "application/json", errorBody), rateLimitHeaders...)),
		chat("data: {\"type\":\"text\",\"content\":\"Hi\"}\n\ndata: {\"type\":\"done\"}\n\n"),
		sent("GET", "/v1/nowhere", ""),
	} {
		r.See(d, &e)
	}
	require.Equal(t, Counts{Requests: 5, Responses: 3, Events: 2, Scripted: 2, Unlimited: 1}, r.Counts())
	requests, responses := r.Operations()
	require.Equal(t, []string{"getAgent", "sendMessage"}, requests)
	require.Equal(t, []string{"getAgent", "sendMessage"}, responses)
	require.Equal(t, map[int]int{200: 1, 404: 1}, r.Statuses("getAgent"))
	require.Len(t, r.Violations(), 1)
	var out strings.Builder
	_, err := r.WriteTo(&out)
	require.NoError(t, err)
	require.Contains(t, out.String(), "getAgent")
	require.Contains(t, out.String(), "1×200 1×404")
	require.Contains(t, r.Violations()[0].String(), "GET /v1/nowhere")
}
