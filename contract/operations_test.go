package contract

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
)

// fixture is a service behind the check that contains one object of each kind.
type fixture struct {
	t      *testing.T
	server *agentotest.Server
	client *agento.Client

	agent, swarm, session, rule, chunk, swarmChunk, skill, installed string
}

func newFixture(t *testing.T, d *Document, report *Report, opts ...agentotest.Option) *fixture {
	t.Helper()
	check := agentotest.WithMiddleware(func(next http.Handler) http.Handler { return d.Validate(next, report) })
	s := agentotest.NewServer(append(opts, check)...)
	t.Cleanup(s.Close)
	w := &fixture{t: t, server: s, client: s.Client(agento.WithPacing(false), agento.WithMaxRetries(0))}
	w.swarm = s.AddSwarm(agentotest.SwarmSeed{})
	w.agent = s.AddAgent(agentotest.AgentSeed{SwarmID: w.swarm, SoulMD: "# Soul", WorkflowMD: "# Work"})
	w.session = s.AddSession(w.agent, "T", "pia")
	w.chunk = s.AddKnowledge(w.agent, agentotest.Chunk{Content: "one", Title: "One", Source: "custom"})[0]
	w.swarmChunk = s.AddKnowledge(w.swarm, agentotest.Chunk{Content: "one"})[0]
	w.skill = s.AddSkill(agentotest.SkillSeed{Name: "faq", Custom: true})
	w.installed = s.AddSkill(agentotest.SkillSeed{Name: "calendar-2"})
	s.AppendLog(w.agent, "WARN", "disk")
	return w
}

// addObjects adds objects that only the API can create. It uses two calls of the rate limit.
func (w *fixture) addObjects() *fixture {
	w.t.Helper()
	ctx := w.t.Context()
	w.rule = "a b.md"
	require.NoError(w.t, w.client.Account.PutRule(ctx, agento.ForAgent(w.agent), w.rule, "Be kind."))
	_, err := w.client.Skills.Install(ctx, w.agent, agento.InstallSkillParams{SkillID: w.installed})
	require.NoError(w.t, err)
	return w
}

// ids returns the IDs of existing objects for the placeholders of a path.
func (w *fixture) ids(op sdkOperation, placeholder string) string {
	swarm := strings.Contains(op.Path, "/swarms/")
	switch {
	case placeholder == "name":
		return w.rule
	case placeholder == "skillId":
		return w.installed
	case placeholder == "chunkId" && swarm:
		return w.swarmChunk
	case placeholder == "chunkId":
		return w.chunk
	case swarm:
		return w.swarm
	case strings.HasPrefix(op.Path, "/v1/skills/"):
		return w.skill
	}
	return w.agent
}

func missing(sdkOperation, string) string { return "nobody" }

// texts are the values of fields that must refer to existing objects.
func (w *fixture) texts(op sdkOperation) map[string]string {
	own := map[string]string{"SwarmID": w.swarm, "SessionID": w.session, "PeerID": "pia", "SkillID": w.skill}
	if op.Route == route.UpdatePersonality || op.Route == route.UpdateWorkflow {
		own["Version"] = `"1"`
	}
	return own
}

// call calls an operation with all of its fields, in each form that they have.
func (w *fixture) call(op sdkOperation, client *agento.Client, ids idsOf, opts ...agento.Option) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var errs []error
	for _, sample := range op.samples(w.texts(op)) {
		errs = append(errs, op.do(ctx, client, ids, sample, opts...))
	}
	return errors.Join(errs...)
}

// as is a client with another key.
func (w *fixture) as(key string) *agento.Client {
	w.t.Helper()
	client, err := agento.New(key, agento.WithBaseURL(w.server.URL), agento.WithHTTPClient(w.server.HTTPClient()),
		agento.WithPacing(false), agento.WithMaxRetries(0))
	require.NoError(w.t, err)
	return client
}

// TestEveryOperation calls every operation through the check, successfully and with errors.
func TestEveryOperation(t *testing.T) {
	d := loadDocument(t)
	var report Report
	for _, op := range sdkOperations() {
		t.Run(op.Name, func(t *testing.T) {
			want := map[int]bool{http.StatusUnauthorized: true, http.StatusTooManyRequests: true}
			w := newFixture(t, d, &report).addObjects()
			require.NoError(t, w.call(op, w.client, w.ids))

			require.ErrorIs(t, w.call(op, w.as("ak_live_00000000000000000000000000000000"), w.ids), agento.ErrUnauthorized)
			if op.Scope != route.NoScope {
				want[http.StatusForbidden] = true
				require.ErrorIs(t, w.call(op, w.as(w.server.AddKey()), w.ids), agento.ErrForbidden)
			}
			if strings.Contains(op.Path, "{") {
				want[http.StatusNotFound] = true
				require.ErrorIs(t, w.call(op, w.client, missing), agento.ErrNotFound)
			}
			if field := fieldToSpoil(t, d, op); field != "" {
				want[http.StatusBadRequest] = true
				w := newFixture(t, d, &report).addObjects()
				require.ErrorIs(t, w.call(op, w.client, w.ids, agento.WithExtra(field, 5), agento.WithHeader(OnPurpose, field)), agento.ErrValidation)
			}
			busy := newFixture(t, d, &report, agentotest.WithRateLimit(1, time.Hour))
			busy.rule = "a.md"
			require.NoError(t, busy.client.Do(t.Context(), "GET", "/v1/account", nil, nil))
			require.ErrorIs(t, busy.call(op, busy.client, busy.ids), agento.ErrRateLimited)

			for status := range want {
				require.Positive(t, report.Statuses(op.Name)[status], "%d of %s", status, op.Name)
			}
		})
	}
	conflicts(t, d, &report)
	for _, v := range report.Violations() {
		t.Error(v)
	}
	requests, responses := report.Operations()
	require.Len(t, requests, len(route.All()))
	require.Len(t, responses, len(route.All()))
	require.Positive(t, report.Counts().Events)
	_, err := report.WriteTo(os.Stdout)
	require.NoError(t, err)
}

// fieldToSpoil returns a field of the operation's body that a number does not fit, or "" if
// there is no body.
func fieldToSpoil(t *testing.T, d *Document, op sdkOperation) string {
	t.Helper()
	body := specOf(t, d, op.Name).RequestBody
	if body == nil {
		return ""
	}
	schema := body.Value.Content["application/json"].Schema.Value
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if schema.Properties[name].Value.VisitJSON(5.0, openapi3.EnableJSONSchema2020()) != nil {
			return name
		}
	}
	require.Fail(t, "no field to spoil", op.Name)
	return ""
}

// conflicts makes each operation that has a 409 respond with one.
func conflicts(t *testing.T, d *Document, report *Report) {
	t.Helper()
	w := newFixture(t, d, report).addObjects()
	ctx, agent := t.Context(), agento.ForAgent(w.agent)
	stale := agento.UpdateDocumentParams{Content: "new", Version: `"99"`}
	_, err := w.client.Account.UpdatePersonality(ctx, agent, stale)
	require.ErrorIs(t, err, agento.ErrConflict)
	_, err = w.client.Account.UpdateWorkflow(ctx, agent, stale)
	require.ErrorIs(t, err, agento.ErrConflict)
	upload := agento.UploadSkillParams{Name: "faq", Version: "1.0.0", Files: map[string]string{"SKILL.md": "---\nname: faq\ndescription: other\n---\n"}}
	_, err = w.client.Skills.Upload(ctx, upload)
	require.ErrorIs(t, err, agento.ErrConflict)
	require.NoError(t, w.client.Agents.Stop(ctx, w.agent))
	_, err = w.client.Chat.Ask(ctx, w.agent, agento.SendMessageParams{Message: "Hi"})
	require.ErrorIs(t, err, agento.ErrConflict)
	for _, op := range sdkOperations() {
		if specOf(t, d, op.Name).Responses.Status(http.StatusConflict) != nil {
			require.Positive(t, report.Statuses(op.Name)[http.StatusConflict], "409 of %s", op.Name)
		}
	}
}

// TestSamplesOfMethodsWithoutABody checks that their sample is the zero Value.
func TestSamplesOfMethodsWithoutABody(t *testing.T) {
	require.Equal(t, []reflect.Value{{}}, sdkOperationOf("getAgent").samples(nil))
}
