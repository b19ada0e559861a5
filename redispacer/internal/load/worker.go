package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/remsyshq/agento-go"
	_ "github.com/remsyshq/agento-go/internal/test/exchange/recording"
	"github.com/remsyshq/agento-go/redispacer"
)

// workerEnv is the environment variable that makes this program a worker. Its value is the plan.
const workerEnv = "REDISPACER_LOAD"

// report is the result of a worker.
type report struct {
	Errors []string
	Alone  int // calls begun while the process paced alone
}

// work makes the calls of one process and prints the report.
func work(spec string) error {
	var p plan
	if err := json.Unmarshal([]byte(spec), &p); err != nil {
		return err
	}
	opts := []agento.Option{agento.WithBaseURL(p.Service)}
	var alone atomic.Bool
	if p.Case != without {
		logging.Disable()
		client := redis.NewClient(&redis.Options{Addr: p.Redis})
		defer client.Close()
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
	return json.NewEncoder(os.Stdout).Encode(p.call(client, &alone))
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
