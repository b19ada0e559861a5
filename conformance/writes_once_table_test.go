package conformance

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/exchange"
)

// writeFault is a fault of one request of a write.
type writeFault struct {
	name         string
	play         *agentotest.Fault // fault of the service, if any
	commits      bool              // the request takes effect
	breaks       bool              // the connection fails while the request is sent
	requestBytes int               // after this many bytes
	late         time.Duration     // delay before the request takes effect
	deadline     time.Duration     // deadline of the caller
}

// writeFaultTable returns the faults that each write is tested with.
func writeFaultTable() []writeFault {
	const html = "<html>Bad Gateway</html>"
	page := func(status int) agentotest.Fault {
		return agentotest.Answer(agentotest.Raw{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(html)}).Bare()
	}
	stall := agentotest.Answer(agentotest.Raw{Status: http.StatusOK, Body: []byte(`{"da`), End: agentotest.EndHold})
	garbled := agentotest.Answer(agentotest.Raw{Status: http.StatusOK, Body: []byte(`{"da`)})
	faults := []writeFault{
		rejecting(http.StatusRequestTimeout), rejecting(http.StatusTooEarly), tooMany("0"), tooMany("2"), tooMany("3600"),
		{name: "connection closed before the request", breaks: true},
		{name: "connection closed in the request's header", breaks: true, requestBytes: 20},
	}
	if os.Getenv(exchange.Variable) == "" { // the recording would contain a truncated request
		faults = append(faults, writeFault{name: "connection closed in the last byte of the request", breaks: true, requestBytes: 1 << 20})
	}
	for _, status := range []int{500, 502, 503, 504} {
		faults = append(faults, bothWays(http.StatusText(status), agentotest.Fail(status, "internal_error"))...)
	}
	faults = append(faults, bothWays("a proxy's 502", page(http.StatusBadGateway))...)
	faults = append(faults, bothWays("a proxy's 504", page(http.StatusGatewayTimeout))...)
	faults = append(faults, bothWays("connection closed before the response", agentotest.Drop())...)
	faults = append(faults, bothWays("no response", agentotest.Hang())...)
	for _, f := range bothWays("no response, and a deadline of 3 s", agentotest.Hang()) {
		f.deadline = 3 * time.Second
		faults = append(faults, f)
	}
	faults = append(faults,
		after("a response that stalls", stall), after("a response that is not JSON", garbled),
		after("connection closed after the response's header", agentotest.Cut(0)),
		after("connection closed in the response's body", agentotest.Cut(9)),
	)
	late := after("applied after the caller returned", agentotest.Drop())
	late.late = 90 * time.Second
	return append(faults, late)
}

// openers returns faults that cause a second attempt.
func openers(w write) []writeFault {
	out := []writeFault{tooMany("0"), tooMany("2"), rejecting(http.StatusTooEarly)}
	if w.route.Method == http.MethodPut || w.route.Method == http.MethodDelete {
		out = append(out, bothWays("500", agentotest.Fail(500, "internal_error"))...)
		out = append(out, bothWays("connection closed", agentotest.Drop())...)
	}
	return out
}

func bothWays(name string, f agentotest.Fault) []writeFault {
	return []writeFault{{name: name + ", before it commits", play: &f}, after(name, f)}
}

// after returns a fault that follows the effect of the write.
func after(name string, f agentotest.Fault) writeFault {
	f = f.AfterCommit()
	return writeFault{name: name + ", after it commits", play: &f, commits: true}
}

func rejecting(status int) writeFault {
	f := agentotest.Fail(status, "refused")
	return writeFault{name: http.StatusText(status), play: &f}
}

func tooMany(retryAfter string) writeFault {
	f := agentotest.Answer(agentotest.Raw{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {retryAfter}},
		Body: []byte(`{"error":{"code":"rate_limit_exceeded","message":"slow down"}}`),
	})
	return writeFault{name: "429, Retry-After " + retryAfter, play: &f}
}

// write is a method that changes the state of the service.
type write struct {
	call    string // method, with an optional variant after a comma
	route   *route.Route
	prepare func(s *agentotest.Server, x *subject)
	do      func(ctx context.Context, c *agento.Client, x subject) error
	applied func(s *agentotest.Server, x subject) int // how often the write took effect
}

// subject is the object that is written. Its name is unique.
type subject struct{ name, agent, swarm, id string }

func (x subject) forAgent() agento.Target { return agento.ForAgent(x.agent) }
func (x subject) forSwarm() agento.Target { return agento.ForSwarm(x.swarm) }

// writes returns all writes of the API and the methods that use them.
func writes() []write {
	all := append(agentWrites(), accountWrites()...)
	all = append(all, chatWrites()...)
	all = append(all, knowledgeWrites()...)
	return append(append(all, skillWrites()...), swarmWrites()...)
}

func agentWrites() []write {
	stopped := func(s *agentotest.Server, x *subject) {
		x.agent = s.AddAgent(agentotest.AgentSeed{Status: "stopped"})
	}
	starts := func(s *agentotest.Server, x subject) int { return s.Agent(x.agent).Starts }
	return []write{
		{"Agents.Create", route.CreateAgent, nil, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Agents.Create(ctx, agento.CreateAgentParams{Name: x.name, Secrets: agento.Secrets{"anthropicApiKey": "sk-test"}})
			return err
		}, func(s *agentotest.Server, x subject) int {
			return count(s.Agents(), func(a agentotest.Agent) bool { return a.Name == x.name })
		}},
		{"Agents.Update", route.UpdateAgent, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Agents.Update(ctx, x.agent, agento.UpdateAgentParams{Name: agento.Set(x.name)})
			return err
		}, func(s *agentotest.Server, x subject) int { return one(s.Agent(x.agent).Name == x.name) }},
		{"Agents.Delete", route.DeleteAgent, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Agents.Delete(ctx, x.agent)
		}, func(s *agentotest.Server, x subject) int {
			return gone(s.Agents(), func(a agentotest.Agent) bool { return a.ID == x.agent })
		}},
		{"Agents.Start", route.StartAgent, stopped, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Agents.Start(ctx, x.agent)
		}, starts},
		{"Agents.Stop", route.StopAgent, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Agents.Stop(ctx, x.agent)
		}, func(s *agentotest.Server, x subject) int { return one(s.Agent(x.agent).Status == "stopped") }},
		{"Agents.Restart", route.RestartAgent, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Agents.Restart(ctx, x.agent)
		}, func(s *agentotest.Server, x subject) int { return starts(s, x) - 1 }},
	}
}

const oldText = "old\n"

func accountWrites() []write {
	documents := func(s *agentotest.Server, x *subject) {
		x.agent = s.AddAgent(agentotest.AgentSeed{SoulMD: oldText, WorkflowMD: oldText})
	}
	soul := func(s *agentotest.Server, x subject) int { return strings.Count(s.Agent(x.agent).Soul.Content, x.name) }
	workflow := func(s *agentotest.Server, x subject) int {
		return strings.Count(s.Agent(x.agent).Workflow.Content, x.name)
	}
	appendTo := func(x subject) func(string) (string, error) {
		return func(old string) (string, error) { return old + x.name + "\n", nil }
	}
	return []write{
		{"Account.SetSecrets", route.SetSecrets, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Account.SetSecrets(ctx, x.forAgent(), agento.Secrets{x.name: "v"})
		}, func(s *agentotest.Server, x subject) int {
			return count(s.Agent(x.agent).Secrets, func(name string) bool { return name == x.name })
		}},
		{"Account.UpdatePersonality", route.UpdatePersonality, documents, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Account.UpdatePersonality(ctx, x.forAgent(), agento.UpdateDocumentParams{Content: x.name})
			return err
		}, soul},
		{"Account.UpdatePersonality, with a version", route.UpdatePersonality, documents, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Account.UpdatePersonality(ctx, x.forAgent(), agento.UpdateDocumentParams{Content: oldText + x.name, Version: `"1"`})
			return err
		}, soul},
		{"Account.EditPersonality", route.UpdatePersonality, documents, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Account.EditPersonality(ctx, x.forAgent(), appendTo(x))
			return err
		}, soul},
		{"Account.UpdateWorkflow", route.UpdateWorkflow, documents, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Account.UpdateWorkflow(ctx, x.forAgent(), agento.UpdateDocumentParams{Content: x.name})
			return err
		}, workflow},
		{"Account.EditWorkflow", route.UpdateWorkflow, documents, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Account.EditWorkflow(ctx, x.forAgent(), appendTo(x))
			return err
		}, workflow},
		{"Account.PutRule", route.PutRule, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Account.PutRule(ctx, x.forAgent(), "tone.md", x.name)
		}, func(s *agentotest.Server, x subject) int { return one(s.Agent(x.agent).Rules["tone.md"] == x.name) }},
		{"Account.DeleteRule", route.DeleteRule, func(s *agentotest.Server, x *subject) {
			anAgent(s, x)
			if err := s.Client().Account.PutRule(context.Background(), x.forAgent(), "tone.md", "kind"); err != nil {
				panic(err)
			}
		}, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Account.DeleteRule(ctx, x.forAgent(), "tone.md")
		}, func(s *agentotest.Server, x subject) int { return one(len(s.Agent(x.agent).Rules) == 0) }},
	}
}

func chatWrites() []write {
	received := func(s *agentotest.Server, x subject) int {
		return count(s.Messages(x.agent), func(m agentotest.Message) bool { return m.Role == "user" && m.Content == x.name })
	}
	return []write{
		{"Chat.Send", route.SendMessage, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			stream, err := c.Chat.Send(ctx, x.agent, agento.SendMessageParams{Message: x.name})
			if err != nil {
				return err
			}
			return checkReply(stream.Reply())
		}, received},
		{"Chat.Ask", route.SendMessage, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			reply, err := c.Chat.Ask(ctx, x.agent, agento.SendMessageParams{Message: x.name})
			if reply.RequestID == "" { // no response was received
				return err
			}
			return checkReply(reply, err)
		}, received},
		{"Chat.CreateSession", route.CreateSession, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Chat.CreateSession(ctx, x.agent, agento.CreateSessionParams{Title: x.name})
			return err
		}, func(s *agentotest.Server, x subject) int { return len(s.Sessions(x.agent)) }},
	}
}

// checkReply checks that the reply to an accepted message is complete.
func checkReply(reply *agento.Reply, err error) error {
	if err == nil && !strings.HasPrefix(reply.Text, "This is agentotest") {
		err = errors.New("truncated answer without an error")
	}
	if err != nil {
		return acceptedError{err}
	}
	return nil
}

func (e acceptedError) Unwrap() error { return e.error }

func anAgent(s *agentotest.Server, x *subject) { x.agent = s.AddAgent(agentotest.AgentSeed{}) }
func aSwarm(s *agentotest.Server, x *subject)  { x.swarm = s.AddSwarm(agentotest.SwarmSeed{}) }

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func count[T any](rows []T, is func(T) bool) int {
	n := 0
	for _, row := range rows {
		n += one(is(row))
	}
	return n
}

func gone[T any](rows []T, is func(T) bool) int { return one(count(rows, is) == 0) }

func knowledgeWrites() []write {
	chunk := func(x subject) agento.IngestParams {
		return agento.IngestParams{Chunks: []agento.ChunkParams{{Content: x.name}}}
	}
	isIt := func(x subject) func(agentotest.Chunk) bool {
		return func(c agentotest.Chunk) bool { return c.Content == x.name }
	}
	withChunk := func(target func(x *subject) string, prepare func(*agentotest.Server, *subject)) func(*agentotest.Server, *subject) {
		return func(s *agentotest.Server, x *subject) {
			prepare(s, x)
			x.id = s.AddKnowledge(target(x), agentotest.Chunk{Content: x.name})[0]
		}
	}
	agentOf := func(x *subject) string { return x.agent }
	swarmOf := func(x *subject) string { return x.swarm }
	return []write{
		{"Knowledge.Ingest, of an agent", route.IngestAgentKnowledge, anAgent, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Knowledge.Ingest(ctx, x.forAgent(), chunk(x))
			return err
		}, func(s *agentotest.Server, x subject) int { return count(s.Knowledge(x.agent), isIt(x)) }},
		{"Knowledge.Ingest, of a swarm", route.IngestSwarmKnowledge, aSwarm, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Knowledge.Ingest(ctx, x.forSwarm(), chunk(x))
			return err
		}, func(s *agentotest.Server, x subject) int { return count(s.Knowledge(x.swarm), isIt(x)) }},
		{"Knowledge.Delete, of an agent", route.DeleteAgentKnowledge, withChunk(agentOf, anAgent), func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Knowledge.Delete(ctx, x.forAgent(), x.id)
		}, func(s *agentotest.Server, x subject) int { return gone(s.Knowledge(x.agent), isIt(x)) }},
		{"Knowledge.Delete, of a swarm", route.DeleteSwarmKnowledge, withChunk(swarmOf, aSwarm), func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Knowledge.Delete(ctx, x.forSwarm(), x.id)
		}, func(s *agentotest.Server, x subject) int { return gone(s.Knowledge(x.swarm), isIt(x)) }},
	}
}

func skillWrites() []write {
	isIt := func(x subject) func(agentotest.Skill) bool {
		return func(k agentotest.Skill) bool { return k.Name == x.name }
	}
	aSkill := func(s *agentotest.Server, x *subject) {
		anAgent(s, x)
		x.id = s.AddSkill(agentotest.SkillSeed{Name: x.name, Custom: true})
	}
	installed := func(s *agentotest.Server, x subject) int {
		return count(s.Agent(x.agent).Installed, func(i agentotest.InstalledSkill) bool { return i.SkillID == x.id })
	}
	return []write{
		{"Skills.Upload", route.UploadSkill, nil, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Skills.Upload(ctx, agento.UploadSkillParams{Name: x.name, Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}})
			return err
		}, func(s *agentotest.Server, x subject) int { return count(s.Skills(), isIt(x)) }},
		{"Skills.Delete", route.DeleteSkill, aSkill, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Skills.Delete(ctx, x.id)
		}, func(s *agentotest.Server, x subject) int { return gone(s.Skills(), isIt(x)) }},
		{"Skills.Install", route.InstallSkill, aSkill, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Skills.Install(ctx, x.agent, agento.InstallSkillParams{SkillID: x.id})
			return err
		}, installed},
		{"Skills.Uninstall", route.UninstallSkill, func(s *agentotest.Server, x *subject) {
			aSkill(s, x)
			if _, err := s.Client().Skills.Install(context.Background(), x.agent, agento.InstallSkillParams{SkillID: x.id}); err != nil {
				panic(err)
			}
		}, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Skills.Uninstall(ctx, x.agent, x.id)
		}, func(s *agentotest.Server, x subject) int { return 1 - installed(s, x) }},
	}
}

func swarmWrites() []write {
	named := func(s *agentotest.Server, x subject) int {
		return count(s.Swarms(), func(w agentotest.Swarm) bool { return w.Name == x.name })
	}
	return []write{
		{"Swarms.Create", route.CreateSwarm, nil, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Swarms.Create(ctx, agento.CreateSwarmParams{Name: x.name})
			return err
		}, named},
		{"Swarms.Update", route.UpdateSwarm, aSwarm, func(ctx context.Context, c *agento.Client, x subject) error {
			_, err := c.Swarms.Update(ctx, x.swarm, agento.UpdateSwarmParams{Name: agento.Set(x.name)})
			return err
		}, named},
		{"Swarms.Delete", route.DeleteSwarm, aSwarm, func(ctx context.Context, c *agento.Client, x subject) error {
			return c.Swarms.Delete(ctx, x.swarm)
		}, func(s *agentotest.Server, x subject) int {
			return gone(s.Swarms(), func(w agentotest.Swarm) bool { return w.ID == x.swarm })
		}},
	}
}
