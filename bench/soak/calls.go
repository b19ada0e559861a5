package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// work makes calls until ctx ends. It does not cancel running calls.
func (t *target) work(ctx context.Context) {
	for t.limiter.Wait(ctx) == nil {
		choose(t.read, t.read, t.read, t.readLists, t.changeAgent, t.changeSwarm, t.changeKnowledge, t.changeSkill,
			t.changeRule, t.replaceDocuments, t.createSession, t.edit, t.chat, t.chat, t.chat, t.ask)(context.WithoutCancel(ctx))
	}
}

// call makes one call, sometimes with a short deadline.
func (t *target) call(ctx context.Context, f func(context.Context, ...agento.Option) error, opts ...agento.Option) outcome {
	timeout := callTimeout
	if rand.IntN(30) == 0 {
		timeout = time.Millisecond + rand.N(400*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := f(ctx, opts...)
	t.checkType(err)
	o := outcomeOf(err)
	t.count("calls "+string(o), 1)
	return o
}

// step is a write. The name is unique.
type step func(ctx context.Context, name string, opts ...agento.Option) error

// write makes writes until one fails.
func (t *target) write(ctx context.Context, steps ...step) {
	for _, f := range steps {
		id := t.newWrite()
		o := t.call(ctx, func(ctx context.Context, opts ...agento.Option) error {
			return f(ctx, fmt.Sprint("w", id), opts...)
		}, agento.WithHeader(writeHeader, strconv.Itoa(id)))
		t.returned(id, o)
		if o != succeeded {
			return
		}
	}
}

// result returns the error of a call, or an error if there is neither a result nor an error.
func result[T any](value *T, err error) error {
	if value == nil && err == nil {
		return fmt.Errorf("neither a %T nor an error", value)
	}
	return err
}

func (t *target) read(ctx context.Context) {
	c := t.client
	t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		switch rand.IntN(8) {
		case 0:
			return result(c.Account.Get(ctx, o...))
		case 1:
			return result(c.Agents.List(ctx, &agento.ListParams{Limit: 20}, o...))
		case 2:
			return result(c.Agents.Status(ctx, t.agent, o...))
		case 3:
			return result(c.Account.Personality(ctx, agento.ForAgent(t.agent), o...))
		case 4:
			return result(c.Chat.History(ctx, t.agent, &agento.HistoryParams{Limit: 20}, o...))
		case 5:
			_, err := c.Logs.Recent(ctx, t.fixed, &agento.LogsParams{Limit: 50}, o...)
			return err
		case 6:
			return result(c.Skills.Browse(ctx, nil, o...))
		}
		agent, err := c.Agents.Get(ctx, t.agent, o...)
		if err == nil && agent.ID != t.agent {
			t.violated("Agents.Get returned agent %s, not %s", agent.ID, t.agent)
		}
		return err
	})
}

// readLists reads complete lists with known rows.
func (t *target) readLists(ctx context.Context) {
	limit := 10 + rand.IntN(60)
	t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		rows := t.client.Knowledge.All(ctx, agento.ForAgent(t.fixed), &agento.KnowledgeListParams{Limit: limit}, o...)
		return checkRows(t.ledger, rows, func(c agento.Chunk) string { return c.ID })
	})
	t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		rows := t.client.Chat.AllSessions(ctx, t.fixed, &agento.ListParams{Limit: limit}, o...)
		return checkRows(t.ledger, rows, func(s agento.Session) string { return s.ID })
	})
}

func checkRows[T any](l *ledger, rows iter.Seq2[T, error], id func(T) string) error {
	ids, n := map[string]bool{}, 0
	for row, err := range rows {
		if err != nil {
			return err
		}
		ids[id(row)] = true
		n++
	}
	if n != fixedRows || len(ids) != fixedRows {
		l.violated("a list has %d rows, %d of them different, want %d", n, len(ids), fixedRows)
	}
	return nil
}

func (t *target) changeAgent(ctx context.Context) {
	agents, agent := t.client.Agents, new(agento.Agent)
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) (err error) {
		params := agento.CreateAgentParams{Name: name, Secrets: agento.Secrets{"anthropicApiKey": "sk-ant-test"}}
		agent, err = agents.Create(ctx, params, o...)
		return err
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return result(agents.Update(ctx, agent.ID, agento.UpdateAgentParams{Description: agento.Set(name)}, o...))
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return agents.Stop(ctx, agent.ID, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return agents.Start(ctx, agent.ID, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return agents.Restart(ctx, agent.ID, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return agents.Delete(ctx, agent.ID, o...)
	})
}

func (t *target) changeSwarm(ctx context.Context) {
	swarms, swarm := t.client.Swarms, new(agento.Swarm)
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) (err error) {
		swarm, err = swarms.Create(ctx, agento.CreateSwarmParams{Name: name}, o...)
		return err
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return result(swarms.Update(ctx, swarm.ID, agento.UpdateSwarmParams{Description: agento.Set(name)}, o...))
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return swarms.Delete(ctx, swarm.ID, o...)
	})
}

func (t *target) changeKnowledge(ctx context.Context) {
	on, id := agento.ForAgent(t.agent), ""
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		in, err := t.client.Knowledge.Ingest(ctx, on, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: name}}}, o...)
		if err != nil {
			return err
		}
		if len(in.IDs) != 1 {
			return fmt.Errorf("Knowledge.Ingest returned %d IDs for one new chunk", len(in.IDs))
		}
		id = in.IDs[0]
		return nil
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return t.client.Knowledge.Delete(ctx, on, id, o...)
	})
}

func (t *target) changeSkill(ctx context.Context) {
	skills, skill := t.client.Skills, new(agento.Skill)
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) (err error) {
		params := agento.UploadSkillParams{Name: name, Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}}
		skill, err = skills.Upload(ctx, params, o...)
		return err
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return result(skills.Install(ctx, t.agent, agento.InstallSkillParams{SkillID: skill.ID}, o...))
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return skills.Uninstall(ctx, t.agent, skill.ID, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return skills.Delete(ctx, skill.ID, o...)
	})
}

func (t *target) changeRule(ctx context.Context) {
	on, rule := agento.ForAgent(t.agent), ""
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		rule = name + ".md"
		return t.client.Account.PutRule(ctx, on, rule, name, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return t.client.Account.DeleteRule(ctx, on, rule, o...)
	})
}

func (t *target) replaceDocuments(ctx context.Context) {
	on, account := agento.ForAgent(t.agent), t.client.Account
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		return account.SetSecrets(ctx, on, agento.Secrets{"anthropicApiKey": "sk-ant-test-" + name}, o...)
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return result(account.UpdateWorkflow(ctx, on, agento.UpdateDocumentParams{Content: name}, o...))
	})
}

func (t *target) createSession(ctx context.Context) {
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		return result(t.client.Chat.CreateSession(ctx, t.agent, agento.CreateSessionParams{Title: name}, o...))
	})
}

// edit increments the number in a document. Concurrent edits of a document conflict, so
// they are rare.
func (t *target) edit(ctx context.Context) {
	if rand.IntN(3) > 0 {
		return
	}
	switch t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		return result(t.client.Account.EditPersonality(ctx, agento.ForAgent(t.agent), func(old string) (string, error) {
			return strconv.Itoa(parseNumber(old) + 1), nil
		}, o...))
	}) {
	case succeeded:
		t.edits.Add(1)
	case unknown:
		t.unknownEdits.Add(1)
	}
}

// parseNumber returns the number in text. Otherwise it returns one that fails every check.
func parseNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1 << 30
	}
	return n
}
