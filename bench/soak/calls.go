package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	agento "github.com/remsyshq/agento-go"
)

// work makes calls until ctx ends. It does not cancel running calls.
func (t *target) work(ctx context.Context) {
	for ; ctx.Err() == nil; time.Sleep(rand.N(time.Second)) {
		choose(t.read, t.read, t.read, t.changeAgent, t.changeSwarm, t.changeKnowledge, t.changeSkill,
			t.changeDocuments, t.edit, t.chat, t.chat, t.chat)(context.WithoutCancel(ctx))
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

// errorOf drops the result of a call.
func errorOf[T any](_ T, err error) error { return err }

func (t *target) read(ctx context.Context) {
	c := t.client
	t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		switch rand.IntN(9) {
		case 0:
			return errorOf(c.Account.Get(ctx, o...))
		case 1:
			return errorOf(c.Agents.List(ctx, &agento.ListParams{Limit: 20}, o...))
		case 2:
			return errorOf(c.Agents.Status(ctx, t.agent, o...))
		case 3:
			return errorOf(c.Account.Personality(ctx, agento.ForAgent(t.agent), o...))
		case 4:
			return errorOf(c.Chat.History(ctx, t.agent, &agento.HistoryParams{Limit: 20}, o...))
		case 5:
			return errorOf(c.Logs.Recent(ctx, t.fixed, &agento.LogsParams{Limit: 50}, o...))
		case 6:
			return errorOf(c.Skills.Browse(ctx, nil, o...))
		case 7:
			return errorOf(c.Agents.Get(ctx, t.agent, o...))
		}
		rows := 0
		for _, err := range c.Chat.AllSessions(ctx, t.fixed, &agento.ListParams{Limit: 10 + rand.IntN(60)}, o...) {
			if err != nil {
				return err
			}
			rows++
		}
		if rows != fixedRows {
			t.violated("a list has %d rows, want %d", rows, fixedRows)
		}
		return nil
	})
}

func (t *target) changeAgent(ctx context.Context) {
	agents, agent := t.client.Agents, new(agento.Agent)
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) (err error) {
		params := agento.CreateAgentParams{Name: name, Secrets: agento.Secrets{"anthropicApiKey": "sk-ant-test"}}
		agent, err = agents.Create(ctx, params, o...)
		return err
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return errorOf(agents.Update(ctx, agent.ID, agento.UpdateAgentParams{Description: agento.Set(name)}, o...))
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
		return errorOf(swarms.Update(ctx, swarm.ID, agento.UpdateSwarmParams{Description: agento.Set(name)}, o...))
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return swarms.Delete(ctx, swarm.ID, o...)
	})
}

func (t *target) changeKnowledge(ctx context.Context) {
	on, id := agento.ForAgent(t.agent), ""
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		in, err := t.client.Knowledge.Ingest(ctx, on, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: name}}}, o...)
		if err == nil {
			id = in.IDs[0]
		}
		return err
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
		return errorOf(skills.Install(ctx, t.agent, agento.InstallSkillParams{SkillID: skill.ID}, o...))
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return skills.Uninstall(ctx, t.agent, skill.ID, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return skills.Delete(ctx, skill.ID, o...)
	})
}

func (t *target) changeDocuments(ctx context.Context) {
	on, account, rule := agento.ForAgent(t.agent), t.client.Account, ""
	t.write(ctx, func(ctx context.Context, name string, o ...agento.Option) error {
		return account.SetSecrets(ctx, on, agento.Secrets{"anthropicApiKey": "sk-ant-test-" + name}, o...)
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return errorOf(account.UpdateWorkflow(ctx, on, agento.UpdateDocumentParams{Content: name}, o...))
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		return errorOf(t.client.Chat.CreateSession(ctx, t.agent, agento.CreateSessionParams{Title: name}, o...))
	}, func(ctx context.Context, name string, o ...agento.Option) error {
		rule = name + ".md"
		return account.PutRule(ctx, on, rule, name, o...)
	}, func(ctx context.Context, _ string, o ...agento.Option) error {
		return account.DeleteRule(ctx, on, rule, o...)
	})
}

// edit increments the number in a document. Concurrent edits of a document conflict, so
// they are rare.
func (t *target) edit(ctx context.Context) {
	if rand.IntN(3) > 0 {
		return
	}
	switch t.call(ctx, func(ctx context.Context, o ...agento.Option) error {
		return errorOf(t.client.Account.EditPersonality(ctx, agento.ForAgent(t.agent), func(old string) (string, error) {
			n, err := strconv.Atoi(old)
			return strconv.Itoa(n + 1), err
		}, o...))
	}) {
	case succeeded:
		t.edits.Add(1)
	case unknown:
		t.unknownEdits.Add(1)
	}
}
