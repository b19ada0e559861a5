package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// shape is a service whose responses differ from the document in one respect.
type shape struct {
	name    string
	on      []string // operations with a changed response
	change  func(body string) string
	status  int      // of a changed response; 0: unchanged
	refuted []string // exactly these operations; nil: all of on
	reason  string   // substring of a reason of each
	report  string   // substring of the report
}

// The lists omit listSwarmKnowledge, which is not tried where listSwarms fails.
var (
	lists    = []string{"listAgents", "listRules", "listMessages", "listSessions", "listAgentKnowledge", "browseSkills", "listSwarms"}
	wholes   = append([]string{"recentLogs", "listInstalledSkills"}, lists...)
	creates  = []string{"createAgent", "createSwarm", "uploadSkill"}
	inAgent  = []string{"createSession", "ingestAgentKnowledge", "ingestSwarmKnowledge", "installSkill"}
	agents   = []string{"listAgents", "getAgent", "createAgent", "updateAgent"}
	statuses = append([]string{"getAgentStatus", "listSwarms", "getSwarm"}, agents...)
	updates  = []string{"updateAgent", "updateSwarm"}
	sending  = []string{"sendMessage"}
)

const (
	noWrites = "not tried: it writes, and what an earlier run left behind cannot be removed: agents: "
	noName   = noWrites + "a row has no name"
	gone     = "the response does not have it"
)

var shapes = []shape{
	{name: "agents with other fields", on: agents, change: otherAgents, refuted: agents[:2],
		reason: "field gone: Agent.name: " + gone, report: noName},
	{name: "statuses in upper case", on: statuses, change: upper(`"status":"\w+"`), reason: `"RUNNING" is not one of creating, error, running, stopped`},
	{name: "roles in upper case", on: []string{"listMessages"}, change: upper(`"role":"\w+"`), reason: `Message.role: "ASSISTANT" is not one of assistant, user`},
	{name: "chat with delta", on: sending, change: replace(`"content":"`, `"delta":"`+strings.Repeat("Hi ", 999)),
		reason: `first event: {"type":"text","delta":"Hi Hi`},
	{name: "chat without text", on: sending, change: always("data: {\"type\":\"done\"}\n\n"), reason: "the chat has no text"},
	{name: "chat that ends before done", on: sending, change: replace(`data: .*"done".*\n\n`, ""), reason: `last event: {"type":"text","content":"word."}`},
	{name: "page and perPage", on: lists, change: replace(`"pagination":\{.*?\}`, `"pagination":{"page":1,"perPage":20}`),
		reason: "field gone: Pagination.total: " + gone},
	{name: "bare array", on: wholes, change: replace(`(?s)^\{"data":(\[.*\]),"pagination":\{.*\}\}$`, "$1"),
		reason: "type changed: response: array instead of object", report: noWrites + "agento: GET /v1/agents: 200"},
	{name: "JSON for a chat", on: sending, change: always(`{"data":{"content":"Hi KEY"}}`), reason: `response to POST: 200 application/json: {"data":{"content":"Hi [redacted]"}}`},
	{name: "JSON for a log", on: []string{"streamLogs"}, change: always(`{"data":[{"line":"KEY"}]}`), reason: `response to GET: 200 application/json: {"data":[{"line":"[redacted]"}]}`},
	{name: "PATCH with success", on: updates, change: always(`{"success":true}`), reason: `response to PATCH: 200 application/json: {"success":true}`},
	{name: "PATCH that is not read back", on: append([]string{"getAgent", "getSwarm"}, updates...), change: always(`{"data":{"success":true}}`), reason: ".id: " + gone},
	{name: "POST with empty data", on: creates, change: always(`{"data":{}}`), reason: ".id: " + gone, report: "no agent to try it on: createAgent returned none"},
	{name: "POST below an agent with empty data", on: inAgent, change: always(`{"data":{}}`), reason: gone},
	{name: "POST with success in data", on: creates, change: always(`{"data":{"success":true}}`), reason: `response to POST: 201 application/json: {"data":{"success":true}}`},
	{name: "POST with a job", on: creates, change: always(`{"data":{"jobId":"j"}}`), status: 202, reason: `response to POST: 202 application/json: {"data":{"jobId":"j"}}`},
	{name: "POST with a nested object", on: creates, change: always(`{"data":{"agent":{"id":"a1"}}}`), reason: `response to POST: 201 application/json: {"data":{"agent":{"id":"a1"}}}`},
	{name: "null rows", on: wholes, change: replace(`"data":\[.*\]`, `"data":[null]`), reason: "type changed: response.data[]: null instead of object", report: noWrites},
	{name: "empty rows", on: wholes, change: replace(`"data":\[.*\]`, `"data":[{}]`), reason: gone, report: noWrites},
	{name: "success false", on: []string{"deleteAgent", "setAgentSecrets"}, change: always(`{"success":false}`), reason: "it says that the call failed"},
}

func always(body string) func(string) string { return func(string) string { return body } }

func replace(pattern, by string) func(string) string {
	of := regexp.MustCompile(pattern)
	return func(body string) string { return of.ReplaceAllString(body, by) }
}

// upper changes the values of a field to upper case.
func upper(pattern string) func(string) string {
	of := regexp.MustCompile(pattern)
	return func(body string) string {
		return of.ReplaceAllStringFunc(body, func(found string) string {
			name, value, _ := strings.Cut(found, ":")
			return name + ":" + strings.ToUpper(value)
		})
	}
}

// otherAgents gives the agents of a response other fields.
func otherAgents(body string) string {
	var whole map[string]any
	if json.Unmarshal([]byte(body), &whole) != nil {
		return body
	}
	other := func(agent any) any {
		fields := agent.(map[string]any)
		return map[string]any{"id": fields["id"], "title": fields["name"], "state": fields["status"], "created_at": fields["createdAt"]}
	}
	if list, ok := whole["data"].([]any); ok {
		for i := range list {
			list[i] = other(list[i])
		}
	} else {
		whole["data"] = other(whole["data"])
	}
	changed, _ := json.Marshal(whole)
	return string(changed)
}

// middleware changes the successful responses of a service. It replaces KEY in a changed
// response by the API key.
func (s shape) middleware() agentotest.Option {
	mux, table := http.NewServeMux(), map[string]*route.Route{}
	for _, op := range route.All() {
		pattern := op.Method + " " + op.Path
		mux.Handle(pattern, http.NotFoundHandler())
		table[pattern] = op
	}
	return agentotest.WithMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, pattern := mux.Handler(r)
			op := table[pattern]
			if op == nil || !slices.Contains(s.on, op.Name) {
				next.ServeHTTP(w, r)
				return
			}
			recorder := httptest.NewRecorder()
			if op != route.StreamLogs { // which does not end
				next.ServeHTTP(recorder, r)
			}
			body, status := recorder.Body.String(), recorder.Code
			maps.Copy(w.Header(), recorder.Header())
			if status < 300 {
				body, status = s.change(body), max(status, s.status)
				w.Header().Del("Content-Length")
				if json.Valid([]byte(body)) {
					w.Header().Set("Content-Type", "application/json")
				}
				if status == http.StatusNoContent {
					status = http.StatusOK
				}
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "KEY", r.Header.Get("X-Api-Key")))
		})
	})
}

// TestLiveRefutes checks that exactly the operations with the difference are refuted.
func TestLiveRefutes(t *testing.T) {
	t.Parallel()
	runs := map[string]*live{}
	for _, s := range shapes { // in parallel, because they mostly wait
		service := seededService(t, s.middleware())
		l := goLive(t, service, writes, "AGENTO_LIVE_AGENT="+service.Agents()[0].ID)
		require.NoError(t, l.cmd.Start())
		runs[s.name] = l
	}
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			l := runs[s.name]
			code, out := l.wait(), l.out.String()
			report := l.read()
			var refuted []string
			for _, op := range report.Operations {
				if op.Verdict != wirereport.Refuted {
					continue
				}
				refuted = append(refuted, op.Name)
				require.Contains(t, strings.Join(op.Reasons, "\n"), s.reason, op.Name)
				require.Contains(t, out, op.Reasons[0])
				for _, reason := range op.Reasons {
					require.Less(t, len(reason), 1000)
				}
			}
			want := s.refuted
			if want == nil {
				want = s.on
			}
			require.ElementsMatch(t, want, refuted, out)
			require.Equal(t, 1, code, out)
			require.Contains(t, fmt.Sprint(report), s.report)
			l.requireNothingLeft()
		})
	}
}

// TestLiveReadsWhenItCannotWrite checks that a failing list prevents only the writes.
func TestLiveReadsWhenItCannotWrite(t *testing.T) {
	t.Parallel()
	s := seededService(t)
	s.Next("listAgents", 4, agentotest.Fail(http.StatusInternalServerError, "internal_error"))
	l := goLive(t, s, writes)
	require.Equal(t, 1, l.run(), l.out.String())
	report := l.read()
	require.Equal(t, wirereport.Confirmed, report.Operation("getAgent").Verdict)
	require.Contains(t, report.Operation("createAgent").Reasons[0], noWrites+"agento: GET /v1/agents: 500 internal_error")
	require.Zero(t, report.Summary.Refuted)
	for _, r := range s.Requests() {
		require.Equal(t, http.MethodGet, r.Method, r.Path)
	}
}

// TestLiveConfirmsUpdatesReadBack covers updates whose response lacks the object.
func TestLiveConfirmsUpdatesReadBack(t *testing.T) {
	t.Parallel()
	s := seededService(t)
	s.Next("updateAgent", 1, agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":{"success":true}}`)}))
	s.Next("updateSwarm", 1, agentotest.Answer(agentotest.Raw{Status: http.StatusNoContent}))
	l := goLive(t, s, writes)
	require.Zero(t, l.run(), l.out.String())
	report := l.read()
	require.Equal(t, len(route.All()), report.Summary.Confirmed, l.out.String())
	for _, op := range updates {
		require.Equal(t, []string{"the response does not have the object, so the SDK read it"}, report.Operation(op).Reasons)
	}
}

// TestLiveDoesNotRefuteFailures covers a broken connection, an error event and a failed
// read after an update.
func TestLiveDoesNotRefuteFailures(t *testing.T) {
	t.Parallel()
	events := http.Header{"Content-Type": {"text/event-stream"}}
	failed := agentotest.Raw{Header: events, Body: []byte(`data: {"type":"error","error":{"code":"forbidden","message":"no credit"}}` + "\n\n")}
	for reason, fault := range map[string]agentotest.Fault{"stream ended": agentotest.Cut(70), "forbidden: no credit": agentotest.Answer(failed)} {
		s := seededService(t)
		var updated atomic.Bool
		s.Inject(func(r agentotest.Request) (agentotest.Fault, bool) {
			if r.Operation == "updateSwarm" {
				updated.Store(true)
				return agentotest.Answer(agentotest.Raw{Body: []byte(`{"data":{}}`)}), true
			}
			return agentotest.Fail(http.StatusForbidden, "forbidden"), r.Operation == "getSwarm" && updated.Load()
		})
		s.Next("createSession", 1, agentotest.Cut(10))
		s.Next("sendMessage", 1, fault)
		l := goLive(t, s, writes)
		require.Zero(t, l.run(), l.out.String())
		report := l.read()
		require.Zero(t, report.Summary.Refuted, l.out.String())
		require.Contains(t, report.Operation("createSession").Reasons[0], "unexpected EOF")
		require.Contains(t, report.Operation("updateSwarm").Reasons[0], "reading the result failed")
		require.Contains(t, report.Operation("sendMessage").Reasons[0], reason)
	}
}
