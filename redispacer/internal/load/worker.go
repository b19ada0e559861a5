package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/remsyshq/agento-go"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
	"github.com/remsyshq/agento-go/redispacer"
)

// workerEnv names the variable that makes this program a worker, and holds the plan.
const workerEnv = "REDISPACER_LOAD"

// report is what a worker did.
type report struct {
	Errors []string
	Alone  int
	Trips  []time.Duration // to Redis
}

// work makes the calls of one process and prints the report.
func work(spec string) error {
	var p plan
	if err := json.Unmarshal([]byte(spec), &p); err != nil {
		return err
	}
	opts := []agento.Option{agento.WithBaseURL(p.Service)}
	var trips stopwatch
	var alone atomic.Bool
	if p.Case != without {
		logging.Disable()
		client := redis.NewClient(&redis.Options{Addr: p.Redis})
		defer client.Close()
		client.AddHook(&trips)
		pacer, err := redispacer.New(client, p.Key,
			redispacer.WithWindow(p.Window), redispacer.WithTimeout(p.Timeout),
			redispacer.WithNotify(func(c redispacer.Change) { alone.Store(c.Alone) }))
		if err != nil {
			return err
		}
		opts = append(opts, agento.WithPacer(pacer))
	}
	client, err := agento.New(p.Key, opts...)
	if err != nil {
		return err
	}
	r := p.call(client, &alone)
	r.Trips = trips.all()
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (p *plan) call(client *agento.Client, alone *atomic.Bool) report {
	var mu sync.Mutex
	var r report
	var all sync.WaitGroup
	calls := make(chan struct{}, p.Calls)
	for range p.Calls {
		calls <- struct{}{}
	}
	close(calls)
	for range p.Goroutines {
		all.Go(func() {
			for range calls {
				lone := alone.Load()
				_, err := client.Account.Get(context.Background())
				mu.Lock()
				if lone {
					r.Alone++
				}
				if err != nil {
					r.Errors = append(r.Errors, err.Error())
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return r
}

// stopwatch takes the time of each command to Redis.
type stopwatch struct {
	mu    sync.Mutex
	trips []time.Duration
}

func (s *stopwatch) all() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trips
}

func (s *stopwatch) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (s *stopwatch) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		begun := time.Now()
		err := next(ctx, cmd)
		s.mu.Lock()
		s.trips = append(s.trips, time.Since(begun))
		s.mu.Unlock()
		return err
	}
}

func (s *stopwatch) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
