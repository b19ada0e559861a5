// Chatwidget is a web page where visitors talk to an agent, with its backend: the
// API key stays on the server, and chathttp.Handler relays the answers.
//
//	go run ./examples/chatwidget
//
// It shows streaming into a page of plain JavaScript with a stop button, a
// session for each visitor that a reload continues, visitors known by a signed
// cookie, a check of the Origin, a content security policy, and a shutdown that
// finishes answers. What was said is kept by the page, in sessionStorage.
//
// Without AGENTO_API_KEY the agent is a double of package agentotest. With a key
// -agent or AGENTO_AGENT_ID names the agent, which must be in shared mode: it
// talks to strangers. The key needs the scope chat.
//
// CHATWIDGET_SECRET, 32 random bytes or more in hex, keeps conversations valid
// over a restart and on all replicas. Whoever drops his cookie is a new visitor:
// in public put a sign-in, or a limit for each address, before the page.
package main

import (
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

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/examples/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chatwidget:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("chatwidget", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address of the page")
	agent := flags.String("agent", os.Getenv("AGENTO_AGENT_ID"), "id of the agent that answers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	client, done, err := demo.Connect(out, func(s *agentotest.Server) {
		*agent = s.AddAgent(agentotest.AgentSeed{Name: "Guide", SharedMode: true})
	}, agentotest.WithReply(reply), agentotest.WithReplyGap(60*time.Millisecond))
	if err != nil {
		return err
	}
	defer done()
	if *agent == "" {
		return errors.New("which agent answers? Name it with -agent or AGENTO_AGENT_ID")
	}
	secret, err := secretFrom(os.Getenv("CHATWIDGET_SECRET"))
	if err != nil {
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
	fmt.Fprintf(out, "The page is at http://%s (Ctrl-C ends it)\n", listener.Addr())
	return site.serve(ctx, listener, out)
}

// secretFrom reads the secret, or makes one that lasts until the program ends.
func secretFrom(text string) ([]byte, error) {
	if text == "" {
		secret := make([]byte, 32)
		_, err := rand.Read(secret)
		return secret, err
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) < 32 {
		return nil, errors.New("CHATWIDGET_SECRET is not 32 bytes or more in hex") // err may repeat it
	}
	return secret, nil
}

// reply is what the test double answers.
func reply(turn agentotest.Turn) []string {
	return strings.SplitAfter(fmt.Sprintf("You wrote: “%s”\n\nI am a test double, so no model has read that. "+
		"With AGENTO_API_KEY and AGENTO_AGENT_ID set, an agent of yours answers in my place.\n\n"+
		"This is message %d of our session. Reload the page, and we go on where we were.", turn.Message, turn.Number), " ")
}
