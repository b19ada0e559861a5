package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"

	agento "github.com/remsyshq/agento-go"
)

// deed is one thing that a worker does: a call, or some that belong together.
type deed func(w *worker)

// deeds are all there are, each as often as it stands here.
var deeds = []deed{
	read, read, read, read, lists, lists,
	agentLife, agentLife, swarmLife, knowledge, knowledge, skillLife, documents, documents, edit, sessions,
	chat, chat, chat, chat, ask,
}

func pick(random *rand.Rand) deed { return deeds[random.IntN(len(deeds))] }

// result leaves only the error of a call, and sees that there is an answer beside
// none.
func result[T any](answer *T, err error) error {
	if err == nil && answer == nil {
		return fmt.Errorf("neither an answer nor an error")
	}
	return err
}

func read(w *worker) {
	c := w.client
	calls := []struct {
		name string
		f    callFunc
	}{
		{"Account.Get", func(ctx context.Context, _ string, o ...agento.Option) error { return result(c.Account.Get(ctx, o...)) }},
		{"Agents.List", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Agents.List(ctx, &agento.ListParams{Limit: 20}, o...))
		}},
		{"Agents.Get", func(ctx context.Context, _ string, o ...agento.Option) error {
			a, err := c.Agents.Get(ctx, w.Chat, o...)
			if err == nil && a.ID != w.Chat {
				w.tally.wrong("Agents.Get gave another agent: %s", a.ID)
			}
			return err
		}},
		{"Agents.Status", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Agents.Status(ctx, w.Chat, o...))
		}},
		{"Account.Personality", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Account.Personality(ctx, agento.ForAgent(w.Edited), o...))
		}},
		{"Chat.History", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Chat.History(ctx, w.Chat, &agento.HistoryParams{Limit: 20}, o...))
		}},
		{"Logs.Recent", func(ctx context.Context, _ string, o ...agento.Option) error {
			_, err := c.Logs.Recent(ctx, w.Logs[0], &agento.LogsParams{Limit: 50}, o...)
			return err
		}},
		{"Skills.Browse", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Skills.Browse(ctx, nil, o...))
		}},
		{"Swarms.List", func(ctx context.Context, _ string, o ...agento.Option) error {
			return result(c.Swarms.List(ctx, &agento.ListParams{Limit: 20}, o...))
		}},
	}
	one := calls[w.random.IntN(len(calls))]
	w.call(readID, one.name, one.f)
}

// lists reads a list whose rows are known to its end.
func lists(w *worker) {
	limit := 10 + w.random.IntN(60)
	if w.random.IntN(2) == 0 {
		w.call(readID, "Knowledge.All", func(ctx context.Context, _ string, o ...agento.Option) error {
			rows := w.client.Knowledge.All(ctx, agento.ForAgent(w.Fixed), &agento.KnowledgeListParams{Limit: limit}, o...)
			return wholeList(w, rows, func(c agento.Chunk) string { return c.ID })
		})
		return
	}
	w.call(readID, "Chat.AllSessions", func(ctx context.Context, _ string, o ...agento.Option) error {
		rows := w.client.Chat.AllSessions(ctx, w.Fixed, &agento.ListParams{Limit: limit}, o...)
		return wholeList(w, rows, func(s agento.Session) string { return s.ID })
	})
}

func wholeList[T any](w *worker, rows iter.Seq2[T, error], id func(T) string) error {
	seen := map[string]int{}
	for row, err := range rows {
		if err != nil {
			return err
		}
		seen[id(row)]++
	}
	for row, n := range seen {
		if n > 1 {
			w.tally.wrong("row %s of a list came %d times", row, n)
		}
	}
	if len(seen) != fixedRows {
		w.tally.wrong("a list of %d rows gave %d, and no error", fixedRows, len(seen))
	}
	return nil
}

// agentLife makes an agent, changes it and deletes it, as long as it is told that
// all went well.
func agentLife(w *worker) {
	var id string
	agents := w.client.Agents
	steps := []struct {
		name string
		f    callFunc
	}{
		{"Agents.Create", func(ctx context.Context, call string, o ...agento.Option) error {
			a, err := agents.Create(ctx, agento.CreateAgentParams{Name: call, Secrets: agento.Secrets{"anthropicApiKey": "sk-ant-test"}}, o...)
			if err == nil {
				id = a.ID
			}
			return err
		}},
		{"Agents.Update", func(ctx context.Context, call string, o ...agento.Option) error {
			return result(agents.Update(ctx, id, agento.UpdateAgentParams{Description: agento.Set(call)}, o...))
		}},
		{"Agents.Stop", func(ctx context.Context, _ string, o ...agento.Option) error { return agents.Stop(ctx, id, o...) }},
		{"Agents.Start", func(ctx context.Context, _ string, o ...agento.Option) error { return agents.Start(ctx, id, o...) }},
		{"Agents.Restart", func(ctx context.Context, _ string, o ...agento.Option) error { return agents.Restart(ctx, id, o...) }},
		{"Agents.Delete", func(ctx context.Context, _ string, o ...agento.Option) error { return agents.Delete(ctx, id, o...) }},
	}
	for _, step := range steps {
		if w.call(writeID, step.name, step.f) != success {
			return
		}
	}
}

func swarmLife(w *worker) {
	var id string
	swarms := w.client.Swarms
	if w.call(writeID, "Swarms.Create", func(ctx context.Context, call string, o ...agento.Option) error {
		s, err := swarms.Create(ctx, agento.CreateSwarmParams{Name: call}, o...)
		if err == nil {
			id = s.ID
		}
		return err
	}) != success {
		return
	}
	w.call(writeID, "Swarms.Update", func(ctx context.Context, call string, o ...agento.Option) error {
		return result(swarms.Update(ctx, id, agento.UpdateSwarmParams{Description: agento.Set(call)}, o...))
	})
	w.call(writeID, "Swarms.Delete", func(ctx context.Context, _ string, o ...agento.Option) error { return swarms.Delete(ctx, id, o...) })
}

func knowledge(w *worker) {
	var ids []string
	on := agento.ForAgent(w.Chat)
	if w.call(writeID, "Knowledge.Ingest", func(ctx context.Context, call string, o ...agento.Option) error {
		in, err := w.client.Knowledge.Ingest(ctx, on, agento.IngestParams{Chunks: []agento.ChunkParams{{Content: call}}}, o...)
		if err == nil {
			ids = in.IDs
		}
		return err
	}) != success {
		return
	}
	if len(ids) != 1 {
		w.tally.wrong("Knowledge.Ingest of one new chunk gave %d ids", len(ids))
		return
	}
	w.call(writeID, "Knowledge.Delete", func(ctx context.Context, _ string, o ...agento.Option) error {
		return w.client.Knowledge.Delete(ctx, on, ids[0], o...)
	})
}

func skillLife(w *worker) {
	var id string
	skills := w.client.Skills
	if w.call(writeID, "Skills.Upload", func(ctx context.Context, call string, o ...agento.Option) error {
		s, err := skills.Upload(ctx, agento.UploadSkillParams{Name: call, Version: "1.0.0", Files: map[string]string{"SKILL.md": "x"}}, o...)
		if err == nil {
			id = s.ID
		}
		return err
	}) != success {
		return
	}
	if w.call(writeID, "Skills.Install", func(ctx context.Context, _ string, o ...agento.Option) error {
		return result(skills.Install(ctx, w.Chat, agento.InstallSkillParams{SkillID: id}, o...))
	}) == success {
		w.call(writeID, "Skills.Uninstall", func(ctx context.Context, _ string, o ...agento.Option) error {
			return skills.Uninstall(ctx, w.Chat, id, o...)
		})
	}
	w.call(writeID, "Skills.Delete", func(ctx context.Context, _ string, o ...agento.Option) error { return skills.Delete(ctx, id, o...) })
}

// documents writes what is replaced as a whole, and a rule that comes and goes.
func documents(w *worker) {
	on, account := agento.ForAgent(w.Chat), w.client.Account
	switch w.random.IntN(3) {
	case 0:
		w.call(writeID, "Account.SetSecrets", func(ctx context.Context, call string, o ...agento.Option) error {
			return account.SetSecrets(ctx, on, agento.Secrets{"anthropicApiKey": "sk-ant-test-" + call}, o...)
		})
	case 1:
		w.call(writeID, "Account.UpdateWorkflow", func(ctx context.Context, call string, o ...agento.Option) error {
			return result(account.UpdateWorkflow(ctx, on, agento.UpdateDocumentParams{Content: call}, o...))
		})
	default:
		var name string
		if w.call(writeID, "Account.PutRule", func(ctx context.Context, call string, o ...agento.Option) error {
			name = call + ".md"
			return account.PutRule(ctx, on, name, call, o...)
		}) == success {
			w.call(writeID, "Account.DeleteRule", func(ctx context.Context, _ string, o ...agento.Option) error {
				return account.DeleteRule(ctx, on, name, o...)
			})
		}
	}
}

// edit adds one to the number that a document holds. The edits of a document wait
// for each other, so they are few.
func edit(w *worker) {
	if w.random.IntN(3) > 0 {
		return
	}
	w.call(editID, "Account.EditPersonality", func(ctx context.Context, _ string, o ...agento.Option) error {
		return result(w.client.Account.EditPersonality(ctx, agento.ForAgent(w.Edited), func(old string) (string, error) {
			return strconv.Itoa(counted(old) + 1), nil
		}, o...))
	})
}

// counted is the number that a document holds.
func counted(content string) int {
	n, err := strconv.Atoi(strings.TrimSpace(content))
	if err != nil {
		return -1 << 30 // never equal to anything
	}
	return n
}

func sessions(w *worker) {
	w.call(writeID, "Chat.CreateSession", func(ctx context.Context, call string, o ...agento.Option) error {
		return result(w.client.Chat.CreateSession(ctx, w.Chat, agento.CreateSessionParams{Title: call}, o...))
	})
}
