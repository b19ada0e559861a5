// Chatwidget is a web page where visitors chat with an agent, and its backend. The API key
// stays on the server, and chathttp.Handler relays the answers.
//
//	go run ./examples/chatwidget
//
// It shows streaming into a page of plain JavaScript with a stop button, one session per
// visitor that a reload continues, visitors identified by a signed cookie, a check of the
// Origin, a content security policy, and a shutdown that finishes answers. The page keeps
// the conversation in sessionStorage.
//
// Without AGENTO_API_KEY, the agent is a fake of package agentotest. With a key, -agent or
// AGENTO_AGENT_ID names the agent. It must be in shared mode, because it answers many
// visitors. The key needs the scope chat.
//
// CHATWIDGET_SECRET, at least 32 random bytes in hex, keeps conversations valid after a
// restart and across replicas. A visitor who deletes the cookie is a new visitor: on the
// internet, require a sign-in or limit each address.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chatwidget:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("chatwidget", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address of the page")
	agent := flags.String("agent", os.Getenv("AGENTO_AGENT_ID"), "ID of the agent")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	client, done, err := demo.Connect(out, func(s *agentotest.Server) {
		guide := s.AddAgent(agentotest.AgentSeed{Name: "Guide", SharedMode: true})
		*agent = cmp.Or(*agent, guide)
	}, agentotest.WithReply(reply), agentotest.WithReplyGap(60*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	if *agent == "" {
		return errors.New("no agent: set -agent or AGENTO_AGENT_ID")
	}
	secret, err := secretFrom(os.Getenv("CHATWIDGET_SECRET"))
	if err != nil {
		return err
	}
	if err := check(ctx, client, *agent); err != nil {
		return err
	}
	site, err := newSite(client, *agent, secret)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The page is at http://%s (Ctrl-C to stop)\n", listener.Addr())
	return site.serve(ctx, listener, out)
}

// check calls the service once, so that a wrong key or agent is reported at startup instead
// of to the first visitor.
func check(ctx context.Context, client *agento.Client, agent string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	_, err := client.Chat.Sessions(ctx, agent, &agento.ListParams{Limit: 1})
	switch {
	case errors.Is(err, agento.ErrUnauthorized):
		return fmt.Errorf("service rejects AGENTO_API_KEY: %w", err)
	case errors.Is(err, agento.ErrForbidden):
		return fmt.Errorf("AGENTO_API_KEY needs the scope chat: %w", err)
	case errors.Is(err, agento.ErrNotFound):
		return fmt.Errorf("no agent %q in the account of AGENTO_API_KEY: %w", agent, err)
	case errors.Is(err, agento.ErrNoRoute): // the path for listing sessions is inferred from the title
		return nil
	case err != nil:
		return fmt.Errorf("cannot use the service: %w", err)
	}
	return nil
}

// secretFrom decodes the secret, or creates one for this run of the program.
func secretFrom(text string) ([]byte, error) {
	if text == "" {
		secret := make([]byte, 32)
		_, err := rand.Read(secret)
		return secret, err
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) < 32 {
		return nil, errors.New("CHATWIDGET_SECRET is not at least 32 bytes in hex") // omit err, which may quote the secret
	}
	return secret, nil
}

// reply returns the fake agent's answer.
func reply(turn agentotest.Turn) []string {
	return strings.SplitAfter(fmt.Sprintf("You wrote: “%s”\n\nI am a fake agent, so no model has read that. "+
		"With AGENTO_API_KEY and AGENTO_AGENT_ID set, your own agent answers instead.\n\n"+
		"This is message %d of our session. Reload the page, and we continue from here.", turn.Message, turn.Number), " ")
}
