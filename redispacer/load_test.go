package redispacer

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

const (
	replicas     = 4
	replicaCalls = 300
	goroutines   = 16 // of a replica
	loadLimit    = 60
	loadWindow   = 5 * time.Second
	idealTime    = (replicas*replicaCalls - 1) / loadLimit * loadWindow
	outageTime   = 5 * time.Second
)

// BenchmarkReplicas measures the benefit of sharing a rate limit, in real time. Replicas
// with one key, each with its own client and Pacer, call a service with a sliding window.
// After a third of the ideal time, Redis fails. All cases take about seven minutes:
//
//	go -C redispacer test -run '^$' -bench Replicas -benchtime 1x -timeout 20m
func BenchmarkReplicas(b *testing.B) {
	b.Run("without", func(b *testing.B) {
		for range b.N {
			load(b, func() []agento.Option { return nil })
		}
	})
	for name, outage := range map[string]struct {
		begin, end func(*redistest.Server) error
	}{
		"shared":  {func(*redistest.Server) error { return nil }, func(*redistest.Server) error { return nil }},
		"killed":  {func(s *redistest.Server) error { s.Stop(); return nil }, (*redistest.Server).Restart},
		"stopped": {(*redistest.Server).Pause, (*redistest.Server).Resume},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				server := startRedis(b)
				time.AfterFunc(idealTime/3, func() {
					assert.NoError(b, outage.begin(server))
					time.AfterFunc(outageTime, func() { assert.NoError(b, outage.end(server)) })
				})
				load(b, func() []agento.Option {
					pacer, err := New(connectTo(b, server), testKey, WithWindow(loadWindow), WithLogger(silent))
					require.NoError(b, err)
					return []agento.Option{agento.WithPacer(pacer)}
				})
			}
		})
	}
}

// load makes the calls of all replicas, whose clients have the options.
func load(b *testing.B, options func() []agento.Option) {
	service := agentotest.NewServer(agentotest.WithRateLimit(loadLimit, loadWindow))
	defer service.Close()
	var all sync.WaitGroup
	var failed atomic.Int64
	begun := time.Now()
	for range replicas {
		client := service.Client(options()...)
		var calls atomic.Int64
		for range goroutines {
			all.Go(func() {
				for calls.Add(1) <= replicaCalls {
					if _, err := client.Account.Get(b.Context()); err != nil {
						failed.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	limited := 0
	for _, request := range service.Requests() {
		if request.Status == http.StatusTooManyRequests {
			limited++
		}
	}
	b.ReportMetric(time.Since(begun).Seconds(), "s")
	b.ReportMetric(time.Since(begun).Seconds()/idealTime.Seconds(), "of-ideal")
	b.ReportMetric(float64(limited), "429s")
	b.ReportMetric(float64(failed.Load()), "failed")
}
