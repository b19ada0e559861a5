// Quickstart creates an agent, waits until it runs, sends it a message and prints the answer
// as it arrives. Then it prints the end of the agent's log and the remaining rate limit.
//
//	go run ./examples/quickstart
//
// Without AGENTO_API_KEY it uses the embedded test service of package agentotest. With a key
// it uses Agento, or the service at AGENTO_BASE_URL, and deletes the new agent (unless -keep
// is set), even after Ctrl-C or when its output is no longer read. The key needs the scopes
// agents:read, agents:write, chat and logs. A new agent on Agento needs the credential of a
// language model, from ANTHROPIC_API_KEY.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
	"github.com/remsyshq/agento-go/examples/internal/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			explain(terminal.Wrap(os.Stderr), err)
			stop()
			os.Exit(1)
		}
	}
}

const (
	name     = "Quickstart"
	creation = time.Minute // limit, including the wait for the rate limit
)

type options struct {
	message, agent string
	keep           bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.StringVar(&o.message, "message", "Hello! What can you do?", "message to the agent")
	flags.StringVar(&o.agent, "agent", "", "ID of an agent to use instead of a new one")
	flags.BoolVar(&o.keep, "keep", false, "keep the new agent")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	if o.agent == "" && onRealService() && os.Getenv("ANTHROPIC_API_KEY") == "" {
		return errors.New("a new agent needs ANTHROPIC_API_KEY: set it, or name an existing agent with -agent")
	}
	client, done, err := demo.Connect(out, nil,
		agentotest.WithStartDelay(500*time.Millisecond), agentotest.WithReplyGap(120*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	return converse(ctx, client, o, out)
}

func onRealService() bool {
	return os.Getenv("AGENTO_API_KEY") != "" && os.Getenv("AGENTO_BASE_URL") == ""
}

func converse(ctx context.Context, client *agento.Client, o options, out io.Writer) (err error) {
	out = terminal.Wrap(out)
	id := o.agent
	if id == "" {
		var remove func() error
		if id, remove, err = create(ctx, client, o.keep, out); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "Waiting for it to run …"); err != nil {
		return err
	}
	if _, err := client.Agents.WaitUntil(ctx, id, agento.StatusRunning); err != nil {
		return err
	}
	if err := ask(ctx, client, id, o.message, out); err != nil {
		return err
	}
	return showLogs(ctx, client, id, out)
}

func create(ctx context.Context, client *agento.Client, keep bool, out io.Writer) (string, func() error, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	// Ctrl-C waits for the response, which has the ID of the agent to remove.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), creation)
	defer cancel()
	agent, err := client.Agents.Create(whole, agento.CreateAgentParams{
		Name:   name,
		Region: "eu",
		Secrets: agento.Secrets{
			agento.AnthropicAPIKey: cmp.Or(os.Getenv("ANTHROPIC_API_KEY"), "made-up-for-the-test-service"),
		},
		SoulMD: "# SOUL.md\n\nYou are a friendly guide to Agento. Answer in three sentences.",
	})
	if errors.Is(err, agento.ErrOutcomeUnknown) {
		err = fmt.Errorf("an agent %q may have been created and was not removed; look for it in the account: %w", name, err)
	}
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintf(out, "Created agent %s (%s).\n", agent.ID, agent.Status)
	return agent.ID, func() error {
		if keep {
			fmt.Fprintf(out, "Kept agent %s.\n", agent.ID)
			return nil
		}
		// The context may have ended, so cleaning up has its own.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := client.Agents.Delete(ctx, agent.ID); err != nil {
			return fmt.Errorf("agent %s was not removed: %w", agent.ID, err)
		}
		fmt.Fprintf(out, "Removed agent %s.\n", agent.ID)
		return nil
	}, nil
}

func ask(ctx context.Context, client *agento.Client, id, message string, out io.Writer) error {
	if _, err := fmt.Fprintf(out, "\nYou:   %s\nAgent: ", message); err != nil {
		return err
	}
	defer fmt.Fprintln(out)
	stream, err := client.Chat.Send(ctx, id, agento.SendMessageParams{Message: message})
	if err != nil {
		return err
	}
	for event, err := range stream.All() {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprint(out, event.Content); err != nil {
			return err
		}
	}
	return nil
}

func showLogs(ctx context.Context, client *agento.Client, id string, out io.Writer) error {
	entries, err := client.Logs.Recent(ctx, id, &agento.LogsParams{Limit: 5})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nIts last log lines:")
	for _, entry := range entries {
		fmt.Fprintln(out, "  "+entry.Line)
	}
	if limit := client.RateLimit(); limit.Known {
		fmt.Fprintf(out, "\n%d of %d requests remain in this window.\n", limit.Remaining, limit.Limit)
	}
	return nil
}

// explain prints an error with the details that support needs.
func explain(out io.Writer, err error) {
	fmt.Fprintln(out, "quickstart:", err)
	var e *agento.Error
	if !errors.As(err, &e) {
		return
	}
	message := e.Message
	if cause := errors.Unwrap(e); message == "" && cause != nil {
		message = cause.Error()
	}
	fmt.Fprintf(out, "  code:       %s\n  message:    %s\n  request id: %s\n",
		cmp.Or(string(e.Code), "none"), cmp.Or(message, "none"), cmp.Or(e.RequestID, "none"))
}
