package agento_test

import (
	"context"
	"fmt"
	"testing/fstest"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
)

func ExampleSkillsService_Deploy() {
	server := agentotest.NewServer()
	defer server.Close()
	agents := []string{
		server.AddAgent(agentotest.AgentSeed{Name: "One"}),
		server.AddAgent(agentotest.AgentSeed{Name: "Two"}),
	}
	client := server.Client()

	skill, err := agento.SkillFromFS(fstest.MapFS{ // or os.DirFS("skills/invoices")
		"SKILL.md":        {Data: []byte("---\nname: invoices\ndescription: Reads invoices\nversion: 1.0.0\n---\n# Invoices\n")},
		"scripts/read.py": {Data: []byte("print('reading')\n")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := client.Skills.Deploy(context.Background(), agento.DeployParams{Skill: skill, Agents: agents, BatchSize: 1})
	if report == nil {
		fmt.Println(err) // no agent was changed
		return
	}
	for i, r := range report.Results {
		fmt.Printf("agent %d: installed %t, restarted %t, error %v\n", i+1, r.Installed, r.Restarted, r.Err)
	}
	fmt.Println(server.Agent(agents[0]).Loaded.Skills)
	// Output:
	// agent 1: installed true, restarted true, error <nil>
	// agent 2: installed true, restarted true, error <nil>
	// map[invoices:1.0.0]
}

func ExampleSkillsService_Install() {
	server := agentotest.NewServer()
	defer server.Close()
	agent := server.AddAgent(agentotest.AgentSeed{})
	client := server.Client()
	ctx := context.Background()

	installed, err := client.Skills.Install(ctx, agent, agento.InstallSkillParams{
		GitHubURL: "https://github.com/octocat/order-status/tree/v2",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := client.Agents.Restart(ctx, agent); err != nil { // loads the skill
		fmt.Println(err)
		return
	}
	fmt.Println(installed.Name, installed.Source)
	// Output: order-status github
}

func ExampleSkillsService_AllMarketplace() {
	server := agentotest.NewServer()
	defer server.Close()
	client := server.Client()

	for skill, err := range client.Skills.AllMarketplace(context.Background(), &agento.BrowseParams{Query: "web"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(skill.Name, skill.Version)
	}
	// Output: web-search 1.2.0
}

func ExampleSkillFromFS() {
	skill, err := agento.SkillFromFS(fstest.MapFS{
		"SKILL.md": {Data: []byte("---\nname: invoices\ndescription: Reads invoices\n---\n# Invoices\n")},
		".env":     {Data: []byte("TOKEN=…\n")},
	})
	fmt.Println(len(skill.Files), err)
	// Output: 0 agento: skill file .env is hidden
}
