package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

// What a run does with Redis: nothing, do without it, kill it and start it again
// 5 s later, or stop the process for 5 s. It fails after a third of the ideal time.
const (
	shared  = "shared"
	without = "without"
	killed  = "killed"
	paused  = "paused"
)

var cases = []string{shared, without, killed, paused}

const awayFor = 5 * time.Second

// plan is one run; a worker gets it as JSON.
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

// result is what came of a run.
type result struct {
	took     time.Duration
	limited  int // 429s
	failed   int
	alone    int // calls that began while their process paced alone
	trips    float64
	p50, p99 time.Duration // of one trip to Redis
	errors   []string
}

func (r *result) row(p *plan) string {
	return fmt.Sprintf("| %s | %.1f s | %.3f | %d | %d | %d | %.2f | %v | %v |", p.Case, r.took.Seconds(),
		r.took.Seconds()/p.ideal().Seconds(), r.limited, r.failed, r.alone, r.trips, r.p50, r.p99)
}

// run starts the service, Redis and the workers, and waits for these.
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
	r := p.add(reports)
	r.took = took
	for _, request := range service.Requests() {
		if request.Status == http.StatusTooManyRequests {
			r.limited++
		}
	}
	return r, nil
}

// fail does to Redis what the case says.
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

// workers runs the processes: this program again, told by its environment.
func (p *plan) workers(ctx context.Context) ([]report, error) {
	spec, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	type end struct {
		report report
		err    error
	}
	ends := make(chan end, p.Processes)
	for range p.Processes {
		go func() {
			var e end
			cmd := exec.CommandContext(ctx, self)
			cmd.Env = append(os.Environ(), workerEnv+"="+string(spec))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if e.err = err; err == nil {
				e.err = json.Unmarshal(out, &e.report)
			}
			ends <- e
		}()
	}
	var reports []report
	for range p.Processes {
		e := <-ends
		if e.err != nil && err == nil {
			err = e.err
		}
		reports = append(reports, e.report)
	}
	return reports, err
}

func (p *plan) add(reports []report) *result {
	var r result
	var trips []time.Duration
	for _, w := range reports {
		r.failed += len(w.Errors)
		r.errors = append(r.errors, w.Errors...)
		r.alone += w.Alone
		trips = append(trips, w.Trips...)
	}
	if len(trips) > 0 {
		slices.Sort(trips)
		r.trips = float64(len(trips)) / float64(p.Processes*p.Calls)
		r.p50 = trips[len(trips)/2].Round(time.Microsecond)
		r.p99 = trips[len(trips)*99/100].Round(time.Microsecond)
	}
	return &r
}
