package rows

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"github.com/remsyshq/agento-go/bench/clients"
	"github.com/remsyshq/agento-go/bench/wire"
)

// sampleLimit is how long one sample may take.
const sampleLimit = time.Minute

// Plan says how much is measured.
type Plan struct {
	Server string // URL of the service
	Pairs  int    // of samples, for each row and way
	Size   Size
	Only   *regexp.Regexp // of keys; nil: all
	Log    func(format string, args ...any)
}

// Chosen are the rows of a plan.
func (p Plan) Chosen() []Row {
	var chosen []Row
	for _, row := range All(p.Size) {
		if p.Only == nil || p.Only.MatchString(row.Key) {
			chosen = append(chosen, row)
		}
	}
	return chosen
}

// Run measures the rows of a plan.
func Run(ctx context.Context, p Plan) ([]Result, error) {
	var results []Result
	for _, row := range p.Chosen() {
		begun := time.Now()
		of, err := p.row(ctx, row)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row.Key, err)
		}
		results = append(results, of...)
		p.Log("%-16s %5.1fs", row.Key, time.Since(begun).Seconds())
	}
	return results, nil
}

// subject is one way, ready to be measured.
type subject struct {
	kind   clients.Kind
	client clients.Client
}

func (p Plan) row(ctx context.Context, row Row) ([]Result, error) {
	subjects, done, err := p.subjects(row)
	defer done()
	if err != nil {
		return nil, err
	}
	for _, s := range subjects { // connections, caches, and the proof that it works
		warm := row
		warm.ops = max(1, row.ops/10)
		if _, err := warm.sample(ctx, s); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(subjects))
	for i, s := range subjects {
		results[i] = Result{Row: row.Key, Kind: s.kind.Name}
	}
	for n := range row.pairs(p.Pairs) {
		for i := 1; i < len(subjects); i++ {
			pair, err := row.pair(ctx, subjects[0], subjects[i], (n+i)%2 == 1)
			if err != nil {
				return nil, err
			}
			results[i].Pairs = append(results[i].Pairs, pair)
			results[0].Pairs = append(results[0].Pairs, Pair{Raw: pair.Raw, Own: pair.Raw})
		}
	}
	return results, nil
}

// subjects makes the ways that can do a row, each with a connection pool of its
// own, the raw one first.
func (p Plan) subjects(row Row) (subjects []subject, done func(), err error) {
	var pools []*http.Transport
	done = func() {
		for _, pool := range pools {
			pool.CloseIdleConnections()
		}
	}
	for _, kind := range clients.Kinds {
		if row.Cannot[kind.Name] != "" {
			continue
		}
		base, client := "http://localhost", &http.Client{Transport: wire.NewMemory()}
		if !row.memory {
			pool := &http.Transport{MaxIdleConnsPerHost: 2 * Full.crowd}
			pools = append(pools, pool)
			base, client.Transport = p.Server, pool
		}
		if row.list > 0 {
			base += fmt.Sprintf("/rows-%d", row.list)
		}
		c, err := kind.New(base, client)
		if err != nil {
			return nil, done, fmt.Errorf("%s: %w", kind.Name, err)
		}
		subjects = append(subjects, subject{kind, c})
	}
	return subjects, done, nil
}

// pairs is how many pairs a row takes where n are asked for.
func (r Row) pairs(n int) int {
	n *= max(1, r.steps)
	if r.most > 0 {
		return min(n, r.most)
	}
	return n
}

// pair takes a sample of each of two ways, one right after the other.
func (r Row) pair(ctx context.Context, raw, own subject, rawLast bool) (pair Pair, err error) {
	if rawLast {
		if pair.Own, err = r.sample(ctx, own); err != nil {
			return pair, err
		}
	}
	if pair.Raw, err = r.sample(ctx, raw); err != nil || rawLast {
		return pair, err
	}
	pair.Own, err = r.sample(ctx, own)
	return pair, err
}

func (r Row) sample(ctx context.Context, s subject) (Sample, error) {
	if !r.endless {
		within, cancel := context.WithTimeout(ctx, sampleLimit)
		defer cancel()
		ctx = within
	}
	runtime.GC()
	allocs, cpu := mallocs(), cpuTime()
	m, err := r.measure(ctx, s.client, r.ops)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", s.kind.Name, err)
	}
	units := float64(r.ops * max(1, r.units))
	if m.value != 0 {
		return Sample{Value: m.value / units}, nil
	}
	return Sample{
		Value:  float64(m.wall.Nanoseconds()) / units,
		CPU:    float64((cpuTime() - cpu).Nanoseconds()) / units,
		Allocs: float64(mallocs()-allocs) / units,
	}, nil
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
