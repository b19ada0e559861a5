// Package documents_test declares the names that blocks of Go code in the documents use. The
// blocks are added when it is tested.
package documents_test

import (
	"os"

	"github.com/remsyshq/agento-go/internal/test/documents"
	"github.com/remsyshq/agento-go/redispacer/internal/redistest"
)

var setups = map[string]func(*documents.Service){"rate_limits_share_a_limit_through_redis": startRedis}

func startRedis(s *documents.Service) {
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		panic(err)
	}
	redis, err := redistest.Start(dir)
	if err != nil {
		panic(err)
	}
	os.Setenv("REDIS_ADDR", redis.Addr)
	s.After = func() {
		redis.Stop()
		_ = os.RemoveAll(dir)
	}
}
