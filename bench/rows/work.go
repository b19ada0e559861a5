package rows

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/wire"
)

func status(ctx context.Context, c clients.Client) error {
	state, err := c.Status(ctx, wire.AgentID)
	if err == nil && state != "running" {
		err = fmt.Errorf("the state is %q", state)
	}
	return err
}

func get(ctx context.Context, c clients.Client) error {
	name, err := c.Get(ctx, wire.AgentID)
	if err == nil && name == "" {
		err = errors.New("the agent has no name")
	}
	return err
}

// counted says that a way did not see all that there is.
func counted(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%d came of %d", got, want)
	}
	return err
}

func listOf(n int) func(context.Context, clients.Client) error {
	return func(ctx context.Context, c clients.Client) error {
		got, err := c.List(ctx)
		return counted(got, n, err)
	}
}

func iterate(n int) func(context.Context, clients.Client) error {
	return func(ctx context.Context, c clients.Client) error {
		got, err := c.All(ctx)
		return counted(got, n, err)
	}
}

func create(soul string) func(context.Context, clients.Client) error {
	return func(ctx context.Context, c clients.Client) error {
		id, err := c.Create(ctx, "Support Bot", soul)
		if err == nil && id == "" {
			err = errors.New("the agent has no id")
		}
		return err
	}
}

func ingestOf(chunks []string) func(context.Context, clients.Client) error {
	return func(ctx context.Context, c clients.Client) error {
		got, err := c.Ingest(ctx, wire.AgentID, chunks)
		return counted(got, len(chunks), err)
	}
}

// chat reads an answer of so many events, the last one included.
func chat(message string, events int) func(context.Context, clients.Client) error {
	return func(ctx context.Context, c clients.Client) error {
		got := 0
		err := c.Chat(ctx, wire.AgentID, message, func(string, string) { got++ })
		return counted(got, events, err)
	}
}

// repeatTogether has n goroutines do the same at once, ops times each.
func repeatTogether(do func(context.Context, clients.Client) error, n int) func(context.Context, clients.Client, int) (measured, error) {
	return func(ctx context.Context, c clients.Client, ops int) (measured, error) {
		failures := make([]error, n)
		var all sync.WaitGroup
		begun := time.Now()
		for i := range n {
			all.Go(func() {
				for range ops {
					if failures[i] = do(ctx, c); failures[i] != nil {
						return
					}
				}
			})
		}
		all.Wait()
		took := time.Since(begun)
		return measured{wall: took}, errors.Join(failures...)
	}
}

// firstToken adds up the times to the first event.
func firstToken(ctx context.Context, c clients.Client, ops int) (measured, error) {
	var sum time.Duration
	for range ops {
		begun := time.Now()
		first := true
		err := c.Chat(ctx, wire.AgentID, wire.First, func(string, string) {
			if first {
				sum += time.Since(begun)
				first = false
			}
		})
		if err != nil {
			return measured{}, err
		}
	}
	return measured{value: float64(sum.Nanoseconds())}, nil
}

// idle opens streams that say nothing after their first event, and tells what
// the process holds for them.
func idle(n int) func(context.Context, clients.Client, int) (measured, error) {
	return func(ctx context.Context, c clients.Client, _ int) (measured, error) {
		ctx, cancel := context.WithCancel(ctx)
		before := inUse()
		opened := make(chan error, n)
		var all sync.WaitGroup
		for range n {
			all.Go(func() { openIdle(ctx, c, opened) })
		}
		var failure error
		for range n {
			failure = errors.Join(failure, <-opened)
		}
		held := float64(inUse()) - float64(before)
		cancel()
		all.Wait()
		return measured{value: held}, failure
	}
}

// openIdle reports once: when the first event is there, or the stream failed
// before it.
func openIdle(ctx context.Context, c clients.Client, opened chan<- error) {
	open := false
	err := c.Chat(ctx, wire.AgentID, wire.Idle, func(string, string) {
		open = true
		opened <- nil
	})
	if !open {
		opened <- err
	}
}

// inUse is the memory that the process holds for its heap and its stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
