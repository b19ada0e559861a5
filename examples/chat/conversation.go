package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	agento "github.com/remsyshq/agento-go"
	wrap "github.com/remsyshq/agento-go/examples/internal/terminal"
)

type conversation struct {
	client         *agento.Client
	agent, session string
	terminal
}

// begin shows the history of the session, or creates a session.
func (c *conversation) begin(ctx context.Context) error {
	if c.session != "" {
		return c.showHistory(ctx)
	}
	session, err := c.client.Chat.CreateSession(ctx, c.agent, agento.CreateSessionParams{Title: "Terminal"})
	if err != nil {
		return err
	}
	c.session = session.ID
	return nil
}

// talk asks for messages and answers them until the user quits.
func (c *conversation) talk(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, failed := readLines(ctx, c.in)
	for {
		fmt.Fprint(c.out, "\nYou:   ")
		select {
		case <-c.interrupts:
			fmt.Fprintln(c.out)
			return nil
		case line, more := <-lines:
			switch {
			case !more:
				fmt.Fprintln(c.out)
				return <-failed
			case line == "/quit":
				return nil
			case line != "":
				c.ask(ctx, line)
			}
		}
	}
}

// ask prints the answer to a message, until it ends or the user stops it. A failure does not
// end the conversation.
func (c *conversation) ask(ctx context.Context, message string) {
	out := wrap.Wrap(c.out)
	fmt.Fprint(out, "Agent: ")
	stopped, err := c.interruptible(ctx, func(ctx context.Context) error { return c.print(ctx, out, message) })
	switch {
	case stopped:
		fmt.Fprint(out, " [stopped]")
	case err != nil:
		fmt.Fprintf(out, "\n[%s]", printable(err.Error()))
	}
	fmt.Fprintln(out)
}

// interruptible calls f with a context that an interrupt cancels.
func (c *conversation) interruptible(ctx context.Context, f func(context.Context) error) (stopped bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	select {
	case err := <-ended:
		return false, err
	case <-c.interrupts:
		stop()
		<-ended
		return true, nil
	}
}

func (c *conversation) print(ctx context.Context, out io.Writer, message string) error {
	stream, err := c.client.Chat.Send(ctx, c.agent, agento.SendMessageParams{Message: message, SessionID: c.session})
	if err != nil {
		return err
	}
	for event, err := range stream.All() {
		if err != nil {
			return err
		}
		fmt.Fprint(out, printable(event.Content))
	}
	return nil
}

func (c *conversation) showHistory(ctx context.Context) error {
	var said []agento.Message
	for message, err := range c.client.Chat.AllHistory(ctx, c.agent, &agento.HistoryParams{SessionID: c.session}) {
		if err != nil {
			return err
		}
		said = append(said, message)
	}
	// The order is not documented. If the list is not oldest first, it is assumed to be newest
	// first, as other lists are. This matters for messages with equal times.
	if n := len(said); n > 0 && !said[0].CreatedAt.Before(said[n-1].CreatedAt) {
		slices.Reverse(said)
	}
	slices.SortStableFunc(said, func(a, b agento.Message) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, message := range said {
		who := map[agento.Role]string{agento.RoleUser: "\nYou:   ", agento.RoleAssistant: "Agent: "}[message.Role]
		fmt.Fprintln(wrap.Wrap(c.out), cmp.Or(who, printable(string(message.Role))+": ")+printable(message.Content))
	}
	return nil
}
