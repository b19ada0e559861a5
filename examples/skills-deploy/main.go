// Skills-deploy deploys a skill to many agents, from a directory with a SKILL.md. It uploads
// the skill, installs it where it is missing, and restarts the running agents that have not
// loaded it, a few at a time. It is made for CI: a second run changes only what is missing,
// and the exit status is 1 if any agent failed.
//
//	go run ./examples/skills-deploy
//	go run ./examples/skills-deploy -folder skills/invoices -dry-run <agent> <agent> …
//	go run ./examples/skills-deploy -folder skills/invoices -max-failures 1 -all
//
// Flags must precede the agent IDs.
//
// Without AGENTO_API_KEY it uses the embedded test service of package agentotest with a few
// agents, and without -folder a sample skill. The key needs the scopes skills, agents:read
// and agents:write; with -dry-run the first two suffice.
package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

//go:embed sample
var sample embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(terminal.Wrap(os.Stderr), "skills-deploy:", err)
		os.Exit(1)
	}
}

type options struct {
	folder, version string
	dry, all        bool
	deploy          agento.DeployParams
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("skills-deploy", flag.ContinueOnError)
	flags.StringVar(&o.folder, "folder", "", "folder of the skill, with SKILL.md (default: a sample)")
	flags.StringVar(&o.version, "version", "", "version of the skill, if SKILL.md has none")
	flags.BoolVar(&o.dry, "dry-run", false, "print the changes without making them")
	flags.BoolVar(&o.all, "all", false, "deploy to all agents of the account")
	flags.IntVar(&o.deploy.BatchSize, "batch", 0, "number of agents that restart at the same time (default 5)")
	flags.IntVar(&o.deploy.MaxFailures, "max-failures", 0, "stop after this many agents have failed (default: never)")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	o.deploy.Agents = flags.Args()
	if i := slices.IndexFunc(o.deploy.Agents, func(id string) bool { return strings.HasPrefix(id, "-") }); i >= 0 {
		// package flag would ignore -dry-run after the first ID
		return fmt.Errorf("%q is not an ID: flags must precede the IDs", o.deploy.Agents[i])
	}
	client, done, err := demo.Connect(out, func(s *agentotest.Server) {
		for n, status := range []string{"running", "running", "stopped", "running"} {
			s.AddAgent(agentotest.AgentSeed{Name: fmt.Sprintf("Shop %d", n+1), Status: status})
		}
		o.all = o.all || len(o.deploy.Agents) == 0
	}, agentotest.WithStartDelay(200*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	return o.run(ctx, client, out)
}

func (o options) run(ctx context.Context, client *agento.Client, out io.Writer) (err error) {
	if o.all == (len(o.deploy.Agents) > 0) {
		return errors.New("give either the IDs of agents or -all")
	}
	if o.deploy.Skill, err = readSkill(o.folder); err != nil {
		return err
	}
	if o.deploy.Skill.Version = cmp.Or(o.deploy.Skill.Version, o.version); o.version != "" && o.version != o.deploy.Skill.Version {
		return fmt.Errorf("SKILL.md has version %s, but -version is %s", o.deploy.Skill.Version, o.version)
	}
	if o.deploy.Skill.Version == "" {
		return errors.New("SKILL.md has no version; set -version")
	}
	if o.all {
		for agent, err := range client.Agents.All(ctx, nil) {
			if err != nil {
				return err
			}
			o.deploy.Agents = append(o.deploy.Agents, agent.ID)
		}
	}
	fmt.Fprintf(out, "%s %s, %d files, for %d agents\n", o.deploy.Skill.Name, o.deploy.Skill.Version, len(o.deploy.Skill.Files), len(o.deploy.Agents))
	if o.dry {
		return plan(ctx, client, o.deploy, out)
	}
	report, err := client.Skills.Deploy(ctx, o.deploy)
	if report != nil { // nil: no agent was changed
		summarize(report, out)
	}
	return err
}

func readSkill(folder string) (agento.UploadSkillParams, error) {
	if folder != "" {
		if _, err := os.ReadDir(folder); err != nil { // to return an error that names the folder
			return agento.UploadSkillParams{}, fmt.Errorf("-folder: %w", err)
		}
		skill, err := agento.SkillFromFS(os.DirFS(folder))
		if err != nil {
			err = fmt.Errorf("-folder %q: %w", folder, err)
		}
		return skill, err
	}
	files, err := fs.Sub(sample, "sample")
	if err != nil {
		return agento.UploadSkillParams{}, err
	}
	return agento.SkillFromFS(files)
}

// plan prints what a deployment would change. An installed skill may not be loaded yet.
func plan(ctx context.Context, client *agento.Client, p agento.DeployParams, out io.Writer) error {
	var failed []error
	for _, id := range p.Agents {
		agent, err := client.Agents.Get(ctx, id, agento.WithBulk(true))
		var skills []agento.InstalledSkill
		if err == nil {
			skills, err = client.Skills.Installed(ctx, id, agento.WithBulk(true))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("agent %s: %w", id, err))
			continue
		}
		i := slices.IndexFunc(skills, func(s agento.InstalledSkill) bool {
			return s.Name == p.Skill.Name && s.Source != agento.SourceGitHub && s.Source != agento.SourceMarketplace
		})
		switch {
		case i < 0:
			fmt.Fprintf(out, "  %s (%s): would be installed\n", id, agent.Status)
		case skills[i].Version != p.Skill.Version:
			fmt.Fprintf(out, "  %s (%s): would replace %s\n", id, agent.Status, skills[i].Version)
		default:
			fmt.Fprintf(out, "  %s (%s): already installed\n", id, agent.Status)
		}
	}
	return errors.Join(failed...)
}

func summarize(report *agento.DeployReport, out io.Writer) {
	count := make(map[string]int)
	for _, r := range report.Results {
		what, detail := "changed", "installed; it loads the skill when it is started"
		switch {
		case r.Err != nil:
			what, detail = "failed", fmt.Sprint("FAILED: ", r.Err)
		case r.AlreadyCurrent:
			what, detail = "current", "had it"
		case r.Restarted && r.Installed:
			detail = "installed and restarted"
		case r.Restarted:
			detail = "restarted"
		}
		count[what]++
		fmt.Fprintf(out, "  %s (%s): %s\n", r.AgentID, cmp.Or(r.Status, "unknown"), detail)
	}
	fmt.Fprintf(out, "%d changed, %d were current, %d failed\n", count["changed"], count["current"], count["failed"])
}
