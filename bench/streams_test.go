package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	agento "github.com/remsyshq/agento-go"
)

const crowdEvents = 20 // of each concurrent stream, after its first

// chatAll reads an answer on this goroutine.
func chatAll(ctx context.Context, client *agento.Client, message string, event func()) error {
	stream, err := client.Chat.Send(ctx, agentID, agento.SendMessageParams{Message: message})
	if err != nil {
		return err
	}
	for _, err := range stream.All() {
		if err != nil {
			return err
		}
		event()
	}
	return nil
}

// chatEvents reads an answer through a channel.
func chatEvents(ctx context.Context, client *agento.Client, message string, event func()) error {
	stream, err := client.Chat.Send(ctx, agentID, agento.SendMessageParams{Message: message})
	if err != nil {
		return err
	}
	defer stream.Close()
	for range stream.Events() {
		event()
	}
	return stream.Err()
}

// chat sends a message and calls event for each event of the answer.
type chat func(ctx context.Context, message string, event func()) error

func chats(b *testing.B) (raw, all, events chat) {
	b.Helper()
	url, pool := loopback(b)
	client := sdkClient(b, url, pool())
	raw = newRaw(url, pool()).chat
	all = func(ctx context.Context, message string, event func()) error {
		return chatAll(ctx, client, message, event)
	}
	events = func(ctx context.Context, message string, event func()) error {
		return chatEvents(ctx, client, message, event)
	}
	return raw, all, events
}

func BenchmarkStream(b *testing.B) {
	const events, pairs = 10_000, 80
	raw, all, channel := chats(b)
	read := func(send chat) sample {
		return timed(1, events, func(ctx context.Context) error {
			n := 0
			if err := send(ctx, fmt.Sprintf("events %d", events), func() { n++ }); err != nil {
				return err
			}
			return want(n, events+1)
		})
	}
	b.Run("All", func(b *testing.B) { compare(b, pairs, read(raw), read(all), "µs/event") })
	b.Run("Events", func(b *testing.B) { compare(b, pairs, read(raw), read(channel), "µs/event") })
}

func BenchmarkFirstToken(b *testing.B) {
	const ops, pairs = 10, 300
	raw, all, _ := chats(b)
	first := func(send chat) sample {
		return func(b *testing.B) float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			var sum time.Duration
			for range ops {
				n, start := 0, time.Now()
				err := send(ctx, "first", func() {
					if n++; n == 1 {
						sum += time.Since(start)
					}
				})
				if err == nil {
					err = want(n, 3)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			return float64(sum.Nanoseconds()) / 1e3 / ops
		}
	}
	b.Run("agento", func(b *testing.B) { compare(b, pairs, first(raw), first(all), "µs/chat") })
}

func BenchmarkConcurrentStreams(b *testing.B) {
	const streams, pairs = 1000, 15
	raw, all, _ := chats(b)
	together := func(send chat) sample {
		return timed(1, streams, func(ctx context.Context) error {
			failures := make(chan error, streams)
			for range streams {
				go func() {
					n := 0
					err := send(ctx, fmt.Sprintf("crowd %d", streams), func() { n++ })
					if err == nil {
						err = want(n, 1+crowdEvents+1)
					}
					failures <- err
				}()
			}
			for range streams {
				if err := <-failures; err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.Run("agento", func(b *testing.B) { compare(b, pairs, together(raw), together(all), "µs/stream") })
}

// BenchmarkIdleStream measures heap and stacks of an idle stream: a loop over All, compared
// with a response that a goroutine reads through bufio.
func BenchmarkIdleStream(b *testing.B) {
	url, pool := loopback(b)
	client, raw := sdkClient(b, url, pool()), newRaw(url, pool())
	loop := func(ctx context.Context, event func()) {
		_ = chatAll(ctx, client, "idle", event) // ends with the context
	}
	read := func(ctx context.Context, event func()) {
		resp, err := raw.send(ctx, http.MethodPost, "/v1/agents/"+agentID+"/chat/messages", `{"message":"idle"}`)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if len(line) > 1 {
				event()
			}
		}
	}
	b.Run("agento", func(b *testing.B) { compare(b, 10, idle(read), idle(loop), "KiB/stream") })
}

// idle returns a sample of the memory per open stream, after the stream has delivered one
// event.
func idle(open func(ctx context.Context, event func())) sample {
	const streams = 1000
	return func(b *testing.B) float64 {
		ctx, cancel := context.WithCancel(context.Background())
		before := inUse()
		var delivered, closed sync.WaitGroup
		delivered.Add(streams)
		for range streams {
			closed.Go(func() { open(ctx, delivered.Done) })
		}
		delivered.Wait()
		used := inUse() - before
		cancel()
		closed.Wait()
		return used / 1024 / streams
	}
}

// inUse returns the size of heap and stacks in bytes.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}
