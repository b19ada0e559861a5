package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

// The cases: Redis works; it is not used; it is killed after a third of the ideal time
// and restarted 5 s later; it is suspended for that time.
const (
	shared  = "shared"
	without = "without"
	killed  = "killed"
	paused  = "paused"
)

var cases = []string{shared, without, killed, paused}

const awayFor = 5 * time.Second

// plan describes one run. A worker gets it as JSON.
type plan struct {
	Case                         string
	Processes, Calls, Goroutines int
	Limit                        int
	Window, Timeout              time.Duration
	Service, Redis, Key          string
}

// ideal is the shortest time that the limit allows.
func (p *plan) ideal() time.Duration {
	return time.Duration((p.Processes*p.Calls-1)/p.Limit) * p.Window
}

type result struct {
	took    time.Duration
	limited int      // 429s
	errors  []string // of calls
	alone   int
}

func (r *result) row(p *plan) string {
	return fmt.Sprintf("| %s | %.1f s | %.3f | %d | %d | %d |", p.Case, r.took.Seconds(),
		r.took.Seconds()/p.ideal().Seconds(), r.limited, len(r.errors), r.alone)
}

// run starts the service, Redis and the workers, and waits for the workers.
func (p *plan) run(ctx context.Context) (*result, error) {
	dir, err := os.MkdirTemp("", "load")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	service := agentotest.NewServer(agentotest.WithRateLimit(p.Limit, p.Window))
	defer service.Close()
	p.Service, p.Key = service.URL, service.Key()
	redis, err := redistest.Start(dir)
	if err != nil {
		return nil, err
	}
	defer func() { redis.Stop() }()
	p.Redis = redis.Addr
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begun := time.Now()
	failing := make(chan error, 1)
	go func() { failing <- p.fail(ctx, redis) }()
	reports, err := p.workers(ctx)
	took := time.Since(begun)
	cancel()
	if failed := <-failing; err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	r := &result{took: took}
	for _, w := range reports {
		r.errors = append(r.errors, w.Errors...)
		r.alone += w.Alone
	}
	for _, request := range service.Requests() {
		if request.Status == http.StatusTooManyRequests {
			r.limited++
		}
	}
	return r, nil
}

// fail makes Redis fail, if the case requires it.
func (p *plan) fail(ctx context.Context, redis *redistest.Server) error {
	if p.Case != killed && p.Case != paused || !wait(ctx, p.ideal()/3) {
		return nil
	}
	if p.Case == killed {
		redis.Stop()
		wait(ctx, min(awayFor, p.ideal()/3))
		return redis.Restart()
	}
	if err := redis.Pause(); err != nil {
		return err
	}
	wait(ctx, min(awayFor, p.ideal()/3))
	return redis.Resume()
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// workers runs the processes: this program with the plan in its environment.
func (p *plan) workers(ctx context.Context) ([]report, error) {
	spec, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	outputs, reports := make([]bytes.Buffer, p.Processes), make([]report, p.Processes)
	var processes []*exec.Cmd
	for i := range outputs {
		cmd := exec.CommandContext(ctx, self)
		cmd.Env = append(os.Environ(), workerEnv+"="+string(spec))
		cmd.Stdout, cmd.Stderr = &outputs[i], os.Stderr
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		processes = append(processes, cmd)
	}
	for i, cmd := range processes {
		if err := cmd.Wait(); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(outputs[i].Bytes(), &reports[i]); err != nil {
			return nil, err
		}
	}
	return reports, nil
}
