// Chat is a conversation with an agent in the terminal. It prints the answer as it arrives
// and keeps the session.
//
//	go run ./examples/chat
//
// During an answer, Ctrl-C stops the answer. At the prompt it ends the program, like /quit
// and the end of the input. -session continues a session and first shows its messages.
//
// Without AGENTO_API_KEY, the agent is a fake of package agentotest. With a key, -agent or
// AGENTO_AGENT_ID names the agent. The key needs the scope chat.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
	wrap "github.com/remsyshq/agento-go/examples/internal/terminal"
)

func main() {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	err := run(context.Background(), os.Args[1:], terminal{os.Stdin, os.Stdout, interrupts})
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(wrap.Wrap(os.Stderr), "chat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, user terminal) error {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	agent := flags.String("agent", os.Getenv("AGENTO_AGENT_ID"), "ID of the agent")
	session := flags.String("session", "", "ID of a session to continue")
	if err := demo.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	embedded := false
	client, done, err := demo.Connect(user.out, func(s *agentotest.Server) {
		guide := s.AddAgent(agentotest.AgentSeed{Name: "Guide"})
		*agent, embedded = cmp.Or(*agent, guide), true
	}, agentotest.WithReplyGap(120*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	if *agent == "" {
		return errors.New("no agent: set -agent or AGENTO_AGENT_ID")
	}
	c := conversation{client: client, agent: *agent, session: *session, terminal: user}
	if stopped, err := c.interruptible(ctx, c.begin); stopped || err != nil {
		return err
	}
	fmt.Fprintln(user.out, "Ctrl-C stops an answer, /quit ends the conversation.")
	err = c.talk(ctx)
	if !embedded { // its sessions end with this program
		fmt.Fprintf(user.out, "To continue: -agent %s -session %s\n", printable(c.agent), printable(c.session))
	}
	return err
}
